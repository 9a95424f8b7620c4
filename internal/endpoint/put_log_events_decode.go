package endpoint

import (
	"unicode/utf16"
	"unicode/utf8"
)

// decodePut decodes the usual body of PutLogEvents much faster than encoding/json. ok is false for
// a body that is not exactly as the SDKs write it, in particular for one with an error;
// encoding/json decodes those. The result is the same as that of encoding/json, which a fuzz test
// checks. The body must be valid UTF-8.
func decodePut(body []byte) (op *putLogEvents, ok bool) {
	d := putDecoder{in: body, text: make([]byte, 0, len(body))}
	op = new(putLogEvents)
	if !d.take('{') {
		return nil, false
	}
	for more := true; more; more = d.take(',') {
		ok := false
		switch string(d.key()) {
		case "logGroupName":
			ok = d.name(&op.LogGroupName)
		case "logStreamName":
			ok = d.name(&op.LogStreamName)
		case "sequenceToken":
			_, ok = d.string()
		case "logEvents":
			ok = op.LogEvents == nil && d.events(op)
		}
		if !ok {
			return nil, false
		}
	}
	if !d.take('}') || d.next() != 0 || d.at != len(body) {
		return nil, false
	}
	// A single string for all messages needs one allocation instead of thousands.
	text := string(d.text)
	for i := range op.LogEvents {
		op.LogEvents[i].Message = text[d.messages[i].from:d.messages[i].to]
	}
	return op, true
}

// putDecoder reads JSON. Each method reads one element and returns false if it is absent, or not
// simple enough.
type putDecoder struct {
	in       []byte
	at       int    // position of the next byte
	text     []byte // strings read so far, unescaped
	messages []span // the messages, as positions in text
}

type span struct{ from, to int }

// next skips white space and returns the next byte; 0 at the end.
func (d *putDecoder) next() byte {
	for ; d.at < len(d.in); d.at++ {
		if c := d.in[d.at]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
	}
	return 0
}

// take skips white space and c. It returns false if another byte comes first.
func (d *putDecoder) take(c byte) bool {
	if d.next() != c {
		return false
	}
	d.at++
	return true
}

// key reads the name of a member and the colon after it; "" if there is none.
func (d *putDecoder) key() []byte {
	key, ok := d.string()
	if !ok || !d.take(':') {
		return nil
	}
	d.text = d.text[:key.from]
	return d.text[key.from:key.to]
}

func (d *putDecoder) events(op *putLogEvents) bool {
	if !d.take('[') {
		return false
	}
	for more := true; more; more = d.take(',') {
		var e inputEvent
		var message span
		var hasTime, hasMessage bool
		for more := d.take('{'); more; more = d.take(',') {
			ok := false
			switch key := d.key(); {
			case string(key) == "timestamp" && !hasTime:
				e.Timestamp, hasTime = d.number()
				ok = hasTime
			case string(key) == "message" && !hasMessage:
				message, hasMessage = d.string()
				ok = hasMessage
			}
			if !ok {
				return false
			}
		}
		if !hasTime || !hasMessage || !d.take('}') {
			return false
		}
		op.LogEvents = append(op.LogEvents, e)
		d.messages = append(d.messages, message)
	}
	return d.take(']')
}

// name reads a string that may occur once.
func (d *putDecoder) name(to **string) bool {
	name, ok := d.string()
	if !ok || *to != nil {
		return false
	}
	s := string(d.text[name.from:name.to])
	*to = &s
	return true
}

// number reads an integer of at most 18 digits.
func (d *putDecoder) number() (n int64, ok bool) {
	negative := d.take('-')
	first := d.at
	for ; d.at < len(d.in); d.at++ {
		c := d.in[d.at]
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int64(c-'0')
	}
	const most = 18 // always fits in an int64
	digits := d.at - first
	if digits == 0 || digits > most || digits > 1 && d.in[first] == '0' {
		return 0, false
	}
	if negative {
		n = -n
	}
	return n, true // a fraction or exponent fails later, where a comma must follow
}

// string reads a string into text, unescaped.
func (d *putDecoder) string() (where span, ok bool) {
	if !d.take('"') {
		return where, false
	}
	where.from = len(d.text)
	for {
		rest := d.in[d.at:]
		n := 0
		for n < len(rest) && plainByte[rest[n]] {
			n++
		}
		d.text = append(d.text, rest[:n]...)
		d.at += n
		if d.at == len(d.in) {
			return where, false
		}
		switch d.in[d.at] {
		case '"':
			d.at++
			where.to = len(d.text)
			return where, true
		case '\\':
			if !d.escape() {
				return where, false
			}
		default: // a control character
			return where, false
		}
	}
}

// plainByte says which bytes represent themselves in a JSON string.
var plainByte = func() (plain [256]bool) {
	for c := range plain {
		plain[c] = c >= 0x20 && c != '"' && c != '\\'
	}
	return plain
}()

// escape reads an escape sequence other than a surrogate.
func (d *putDecoder) escape() bool {
	if d.at+1 >= len(d.in) {
		return false
	}
	c := d.in[d.at+1]
	d.at += 2
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		if d.at+4 > len(d.in) {
			return false
		}
		var r rune
		for _, h := range d.in[d.at : d.at+4] {
			switch {
			case '0' <= h && h <= '9':
				h -= '0'
			case 'a' <= h && h <= 'f':
				h -= 'a' - 10
			case 'A' <= h && h <= 'F':
				h -= 'A' - 10
			default:
				return false
			}
			r = r<<4 | rune(h)
		}
		d.at += 4
		if utf16.IsSurrogate(r) {
			return false
		}
		d.text = utf8.AppendRune(d.text, r)
		return true
	default:
		return false
	}
	d.text = append(d.text, c)
	return true
}
