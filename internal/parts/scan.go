package parts

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"slices"
	"strings"
)

// outline is what must be known of a JSON object to cut it: where its long values are. One
// pass finds them and checks the syntax.
type outline struct {
	text  []byte // valid UTF-8
	limit int    // of a part

	values   []value // the long ones, in the order of the text; the first is the object itself
	headers  []header
	members  int  // of the object
	reserved bool // one of them has the name that parts use
	repeated map[repeat]bool
	seed     maphash.Seed // of the hashes of keys
}

// value is a value of more bytes than least. The container of a value is one too.
type value struct {
	start, end int32 // in the text
	key        span  // with its quotes; empty for an element of an array
	index      int32 // in its container
	parent     int32 // in outline.values
	isString   bool
}

type span struct{ from, to int32 }

// header is a member that is in every part.
type header struct {
	key, value span
	message    bool // may be cut
	long       bool // must be cut
}

// repeat is a key that an object has more than once.
type repeat struct {
	object int32
	key    uint64 // hash
}

type verdict int

const (
	complete   verdict = iota // a JSON object
	incomplete                // the beginning of one
	invalid                   // anything else
	tooDeep                   // not looked at as a whole
)

const (
	space = " \t\r\n"
	// reserved is the name of the member that parts have.
	reserved = "oversize"
	// maxDepth is that of encoding/json, for which a deeper text is invalid.
	maxDepth = 10_000
	// maxRepeated bounds the keys that are remembered as repeated.
	maxRepeated = 4096
	// maxHeaders bounds the members in every part: a key may be there again and again.
	maxHeaders = 16
	// maxScalar is the length of the longest time or level.
	maxScalar = 80
)

// least is the length of the longest value that is never cut.
func (o *outline) least() int { return max(8, o.limit/4096) }

// messageBytes is how much of the message is in every part. A message of up to this length is never
// cut.
func (o *outline) messageBytes() int { return min(1024, o.limit/8) }

// scanner is a pass over the text. It needs no recursion.
type scanner struct {
	*outline
	i      int
	open   []frame
	hashes []uint64 // of the keys of the objects that are open
}

// frame is an object or array that is open.
type frame struct {
	value  int32 // in outline.values
	object bool
	count  int32 // values so far
	key    span  // the last one
	hashes int   // where its hashes begin
}

// scan makes the outline. It is also of use if the text is the beginning of an object.
func (o *outline) scan() verdict {
	o.seed = maphash.MakeSeed()
	s := &scanner{outline: o}
	if s.skip(); s.i == len(o.text) {
		return incomplete
	}
	if o.text[s.i] != '{' {
		return invalid
	}
	return s.run()
}

func (s *scanner) skip() {
	for s.i < len(s.text) && s.text[s.i] <= ' ' && strings.IndexByte(space, s.text[s.i]) >= 0 {
		s.i++
	}
}

// What may come next.
type next int

const (
	aValue   next = iota
	anything      // the first value or key, or the end
	aKey
	aColon
	aComma // or the end
)

func (s *scanner) run() verdict {
	state := aValue
	for {
		if s.skip(); s.i == len(s.text) {
			return incomplete
		}
		c := s.text[s.i]
		switch {
		case (state == anything || state == aComma) && (c == '}' || c == ']'):
			if s.open[len(s.open)-1].object != (c == '}') {
				return invalid
			}
			s.i++
			s.close()
			if len(s.open) == 0 {
				if s.skip(); s.i < len(s.text) {
					return invalid
				}
				return complete
			}
			state = aComma
		case state == aComma && c == ',':
			s.i++
			state = aValue
			if s.open[len(s.open)-1].object {
				state = aKey
			}
		case state == anything && s.open[len(s.open)-1].object, state == aKey:
			v := s.key()
			if v != complete {
				return v
			}
			state = aColon
		case state == aColon && c == ':':
			s.i++
			state = aValue
		case state == aColon, state == aComma:
			return invalid
		case c == '{' || c == '[':
			if len(s.open) == maxDepth {
				return tooDeep
			}
			s.push(c == '{')
			state = anything
		default:
			if v := s.scalar(c); v != complete {
				return v
			}
			state = aComma
		}
	}
}

// begin returns a value that begins here.
func (s *scanner) begin() value {
	v := value{start: int32(s.i), parent: -1}
	if len(s.open) > 0 {
		f := &s.open[len(s.open)-1]
		v.parent, v.key, v.index = f.value, f.key, f.count
		f.count++
	}
	return v
}

func (s *scanner) push(object bool) {
	s.values = append(s.values, s.begin())
	s.open = append(s.open, frame{value: int32(len(s.values) - 1), object: object, hashes: len(s.hashes)})
	s.i++
}

func (s *scanner) close() {
	f := s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	v := &s.values[f.value]
	v.end = int32(s.i)
	switch {
	case len(s.open) == 0:
		s.members = int(f.count)
	case int(v.end-v.start) <= s.least():
		s.values = s.values[:f.value] // and so is all in it
		s.hashes = s.hashes[:f.hashes]
		return
	}
	keys := s.hashes[f.hashes:]
	slices.Sort(keys)
	for i := 1; i < len(keys); i++ {
		if keys[i] == keys[i-1] && len(s.repeated) < maxRepeated {
			if s.repeated == nil {
				s.repeated = make(map[repeat]bool)
			}
			s.repeated[repeat{f.value, keys[i]}] = true
		}
	}
	s.hashes = s.hashes[:f.hashes]
}

// key takes the key of a member.
func (s *scanner) key() verdict {
	start := s.i
	if s.text[start] != '"' {
		return invalid
	}
	if v := s.str(); v != complete {
		return v
	}
	f := &s.open[len(s.open)-1]
	f.key = span{int32(start), int32(s.i)}
	if len(s.hashes) < s.limit/4 { // with more keys the object cannot be in the first part
		s.hashes = append(s.hashes, s.hash(f.key))
	}
	if len(s.open) == 1 && s.is(f.key, reserved) {
		s.reserved = true
	}
	return complete
}

func (o *outline) hash(key span) uint64 {
	if inside := o.text[key.from+1 : key.to-1]; bytes.IndexByte(inside, '\\') < 0 {
		return maphash.Bytes(o.seed, inside)
	}
	return maphash.String(o.seed, o.name(key))
}

// name returns a key without escapes.
func (o *outline) name(key span) string {
	inside := o.text[key.from+1 : key.to-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return string(inside)
	}
	var name string
	_ = json.Unmarshal(o.text[key.from:key.to], &name) // it has been scanned, so it is a string
	return name
}

func (s *scanner) scalar(c byte) verdict {
	v := s.begin()
	v.isString = c == '"'
	var found verdict
	switch c {
	case '"':
		found = s.str()
	case 't':
		found = s.literal("true")
	case 'f':
		found = s.literal("false")
	case 'n':
		found = s.literal("null")
	default:
		found = s.number()
	}
	if found != complete {
		return found
	}
	v.end = int32(s.i)
	if len(s.open) == 1 && s.header(v) {
		return complete
	}
	length := int(v.end - v.start)
	if v.isString {
		length -= len(`""`)
	}
	if length > s.least() {
		s.values = append(s.values, v)
	}
	return complete
}

// is reports whether a key is that name, without escapes.
func (o *outline) is(key span, name string) bool {
	inside := o.text[key.from+1 : key.to-1]
	return string(inside) == name || bytes.IndexByte(inside, '\\') >= 0 && o.name(key) == name
}

// header reports whether a member of the object is in every part as a whole.
func (s *scanner) header(v value) bool {
	message, timeOrLevel := s.known(v.key)
	message = message && v.isString
	length := int(v.end - v.start)
	whole := length <= maxScalar
	if message {
		whole = length-len(`""`) <= s.messageBytes()
	}
	if !message && !(timeOrLevel && whole) {
		return false
	}
	if len(s.headers) < maxHeaders {
		s.headers = append(s.headers, header{v.key, span{v.start, v.end}, message, !whole})
	}
	return whole
}

// known reports whether a key is that of a message, or of a time or level: the names by which
// log/slog, zap, zerolog, logrus, hclog, the Elastic Common Schema and Google Cloud
// know them, in any case, with escapes or without.
func (o *outline) known(key span) (message, timeOrLevel bool) {
	const longest, escaped = len("@timestamp"), len(`\u0000`)
	name := o.text[key.from+1 : key.to-1]
	if len(name) <= longest*escaped && bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(o.name(key))
	}
	if len(name) > longest {
		return false, false
	}
	var lower [longest]byte
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	switch string(lower[:len(name)]) {
	case "msg", "message", "@message":
		return true, false
	case "time", "ts", "timestamp", "@timestamp", "level", "lvl", "severity", "@level", "log.level":
		return false, true
	}
	return false, false
}
