package encode

import (
	"log/slog"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Options are those of slog.HandlerOptions that concern the text of a record.
type Options struct {
	AddSource   bool
	ReplaceAttr func(groups []string, a slog.Attr) slog.Attr
}

// JSON turns records into the text of slog.JSONHandler, byte for byte. One
// belongs to each clone of a handler. It is never changed, so it is safe for
// concurrent use.
//
// There are exceptions. In two cases slog.JSONHandler (Go 1.26) writes invalid
// JSON: a time outside the years 0 to 9999 is written as it is, without an
// error in front of it; and a group that comes out empty, since ReplaceAttr
// removes its attributes or all of them are empty, leaves no trace, where slog
// loses the next comma. (slog.TextHandler gets both wrong in its own way.) Where
// more than 1,000 groups are in each other an error takes the place of the next one,
// so that a value that holds itself does not exhaust the stack. And like every message, the text has U+FFFD for invalid bytes, which slog takes
// over from a json.Marshaler.
type JSON struct{ record }

// NewJSON returns an encoder without attributes.
func NewJSON(opts Options) *JSON {
	return &JSON{record{json: true, opts: opts, clock: &clock{}}}
}

// WithAttrs returns an encoder that adds the attributes to every record. They
// are formatted now, so a later change of what they point to does not show.
func (e *JSON) WithAttrs(attrs []slog.Attr) *JSON { return &JSON{e.withAttrs(attrs)} }

// WithGroup returns an encoder that puts what comes later into a group.
func (e *JSON) WithGroup(name string) *JSON { return &JSON{e.withGroup(name)} }

// AppendWire appends the wire form of the record's text, without a newline at
// the end, and returns with it the number of bytes the service counts for it. A
// text beyond the limit is given to over instead.
func (e *JSON) AppendWire(dst []byte, r *slog.Record, limit *Limit) (wire []byte, size int, over Sink) {
	wire, extra, over := e.append(dst, r, limit)
	return wire, len(wire) - len(dst) - extra, over
}

// Text turns records into the text of slog.TextHandler, byte for byte. It is
// like JSON otherwise, exceptions included.
type Text struct{ record }

// NewText returns an encoder without attributes.
func NewText(opts Options) *Text { return &Text{record{opts: opts}} }

// WithAttrs is that of JSON.
func (e *Text) WithAttrs(attrs []slog.Attr) *Text { return &Text{e.withAttrs(attrs)} }

// WithGroup is that of JSON.
func (e *Text) WithGroup(name string) *Text { return &Text{e.withGroup(name)} }

// Append appends the record's text, without a newline at the end. A text of more
// bytes than the limit is given to over instead.
func (e *Text) Append(dst []byte, r *slog.Record, limit *Limit) (text []byte, over Sink) {
	text, _, over = e.append(dst, r, limit)
	return text, over
}

// record is what JSON and Text have in common.
type record struct {
	json      bool // write JSON, in wire form; or else text, as it is
	opts      Options
	clock     *clock   // for JSON, shared by all clones
	formatted []byte   // attributes of WithAttrs, formatted when it was called
	extra     int      // in formatted; see state
	groups    []string // opened by WithGroup, outermost first
	opened    int      // how many of groups are open at the end of formatted
}

func (e *record) withAttrs(attrs []slog.Attr) record {
	if !slices.ContainsFunc(attrs, isNoEmptyGroup) {
		return *e // it would open groups that nothing fills
	}
	s := state{e: e, buf: slices.Clip(e.formatted), extra: e.extra, written: e.opened, room: math.MaxInt}
	s.setGroups(e.groups)
	s.resume()
	s.attrs(attrs)
	s.release()
	clone := *e
	clone.formatted, clone.extra, clone.opened = s.buf, s.extra, s.written
	return clone
}

func isNoEmptyGroup(a slog.Attr) bool {
	return a.Value.Kind() != slog.KindGroup || len(a.Value.Group()) > 0
}

func (e *record) withGroup(name string) record {
	clone := *e
	clone.groups = append(slices.Clip(e.groups), name)
	return clone
}

// append returns also by how many bytes the wire form is longer than the text.
func (e *record) append(dst []byte, r *slog.Record, limit *Limit) (wire []byte, extra int, over Sink) {
	s := state{e: e, buf: dst, start: len(dst), limit: limit, room: limit.room(len(dst)), at: r.Time, level: r.Level, builtin: true}
	switch {
	case e.opts.ReplaceAttr == nil && e.json:
		s.jsonBuiltins(r)
	case e.opts.ReplaceAttr == nil:
		s.textBuiltins(r)
	default:
		s.builtins(r)
	}
	s.builtin = false
	s.rest(r)
	if s.pooled != nil {
		s.release()
	}
	over = s.end()
	return s.buf, s.extra, over
}

// jsonBuiltins appends time, level, source and message: what builtins does when
// nothing is replaced.
func (s *state) jsonBuiltins(r *slog.Record) {
	buf := append(s.buf, '{')
	if !r.Time.IsZero() {
		buf = append(buf, `\"time\":\"`...)
		buf = s.e.clock.append(buf, r.Time)
		buf = append(buf, `\",`...)
		s.extra += 4
	}
	buf = append(buf, `\"level\":\"`...)
	buf = append(buf, r.Level.String()...)
	s.buf = append(buf, `\"`...)
	s.extra += 4
	s.comma = true
	if s.e.opts.AddSource {
		s.builtinSource(r)
	}
	s.buf = append(s.buf, `,\"msg\":`...)
	s.extra += 2
	s.jsonText(r.Message)
}

// textBuiltins is jsonBuiltins for text.
func (s *state) textBuiltins(r *slog.Record) {
	if !r.Time.IsZero() {
		s.key(slog.TimeKey)
		s.time(r.Time)
	}
	s.key(slog.LevelKey)
	s.text(r.Level.String())
	if s.e.opts.AddSource {
		s.builtinSource(r)
	}
	s.key(slog.MessageKey)
	s.text(r.Message)
}

// builtins appends time, level, source and message through ReplaceAttr.
func (s *state) builtins(r *slog.Record) {
	if s.e.json {
		s.buf = append(s.buf, '{')
	}
	if !r.Time.IsZero() {
		s.attr(slog.Time(slog.TimeKey, r.Time))
	}
	s.attr(slog.Any(slog.LevelKey, r.Level))
	if s.e.opts.AddSource {
		s.builtinSource(r)
	}
	s.attr(slog.String(slog.MessageKey, r.Message))
}

func (s *state) builtinSource(r *slog.Record) {
	source := r.Source()
	if source == nil {
		source = &slog.Source{}
	}
	s.attr(slog.Any(slog.SourceKey, source))
}

// state is what is known in the middle of a record.
type state struct {
	e       *record
	buf     []byte
	extra   int  // bytes by which the wire form is longer than the JSON
	builtin bool // in what time, level, source and message are shown as
	comma   bool // the next attribute needs a separator before it

	groups  []string  // open here, outermost first
	written int       // how many of them have begun: one without attributes leaves no trace
	pooled  *[]string // the memory of groups, if it is not that of the record
	depth   int       // of groups in groups, those without a name included

	limit *Limit
	start int // where the record begins in buf
	room  int // as long as buf is no longer than that, the text is within the limit
	sink  Sink
	at    time.Time  // of the record
	level slog.Level // of the record
}

// maxDepth bounds groups in groups: a LogValue that returns a group with itself in
// it must not take the program down.
const maxDepth = 1000

var groupLists = sync.Pool{New: func() any { return new([]string) }}

// release gives pooled memory back.
func (s *state) release() {
	if s.pooled != nil {
		clear(s.groups)
		*s.pooled = s.groups[:0]
		groupLists.Put(s.pooled)
		s.groups, s.pooled = nil, nil
	}
}

// resume sets comma to what it is behind the formatted attributes.
func (s *state) resume() {
	f := s.e.formatted
	s.comma = len(f) > 0 && !(s.e.json && f[len(f)-1] == '{')
}

// rest appends the attributes, those of WithAttrs first, and ends the record.
func (s *state) rest(r *slog.Record) {
	e := s.e
	if len(e.formatted) > 0 {
		s.separate()
		s.formatted()
		s.resume()
	}
	if len(e.groups) > 0 || e.opts.ReplaceAttr != nil || s.groups != nil {
		s.setGroups(e.groups)
		s.written = e.opened
	}
	asIs := e.json && e.opts.ReplaceAttr == nil
	if asIs && s.written == len(s.groups) { // most records
		r.Attrs(func(a slog.Attr) bool {
			s.jsonAttr(a)
			s.check()
			return true
		})
	} else {
		r.Attrs(func(a slog.Attr) bool {
			if asIs && s.written == len(s.groups) {
				s.jsonAttr(a)
			} else {
				s.attr(a)
			}
			s.check()
			return true
		})
	}
	if e.json {
		for range s.written + 1 {
			s.buf = append(s.buf, '}')
		}
	}
}

// formatted appends the attributes of WithAttrs.
func (s *state) formatted() {
	f := s.e.formatted
	if s.limit == nil || len(f)-s.e.extra <= s.limit.Bytes {
		s.buf = append(s.buf, f...)
		s.extra += s.e.extra
		s.check()
		return
	}
	s.open()
	for len(f) > 0 {
		n := min(piece, len(f))
		if s.e.json {
			n = cutWire(f, n)
		}
		s.buf = append(s.buf, f[:n]...)
		s.spill()
		f = f[n:]
	}
}

// setGroups sets the groups that are open. ReplaceAttr gets a copy of its own: the
// names belong to all clones.
func (s *state) setGroups(names []string) {
	s.release()
	s.groups = slices.Clip(names)
	if s.e.opts.ReplaceAttr != nil {
		s.ownGroups()
	}
}

func (s *state) ownGroups() {
	if s.pooled == nil {
		s.pooled = groupLists.Get().(*[]string)
		s.groups = append((*s.pooled)[:0], s.groups...)
	}
}

func (s *state) separate() {
	if !s.comma {
		return
	}
	if s.e.json {
		s.buf = append(s.buf, ',')
	} else {
		s.buf = append(s.buf, ' ')
	}
}

// beginGroups begins the groups that are open: there is something in them. Only
// JSON shows that.
func (s *state) beginGroups() {
	if !s.e.json {
		s.written = len(s.groups)
		return
	}
	for ; s.written < len(s.groups); s.written++ {
		s.jsonKey(s.groups[s.written])
		s.buf = append(s.buf, '{')
		s.comma = false
		s.check()
	}
}

// closeGroup closes the innermost group.
func (s *state) closeGroup() {
	last := len(s.groups) - 1
	if s.written > last {
		if s.e.json {
			s.buf = append(s.buf, '}')
		}
		s.comma = true
		s.written = last
	}
	s.groups[last] = "" // the pool must not keep it
	s.groups = s.groups[:last]
}

func (s *state) attrs(attrs []slog.Attr) {
	for _, a := range attrs {
		s.attr(a)
		s.check()
	}
}

// attr appends the attribute unless it is empty.
func (s *state) attr(a slog.Attr) {
	kind := a.Value.Kind()
	if kind == slog.KindLogValuer {
		a.Value = a.Value.Resolve()
		kind = a.Value.Kind()
	}
	if s.e.opts.ReplaceAttr != nil && kind != slog.KindGroup {
		a = s.replace(a)
		kind = a.Value.Kind()
	}
	switch kind {
	case slog.KindGroup:
		s.group(a.Key, a.Value.Group())
	case slog.KindAny:
		s.any(a)
	default:
		s.key(a.Key)
		s.value(a.Value, kind)
	}
}

func (s *state) replace(a slog.Attr) slog.Attr {
	groups := s.groups
	if s.builtin { // also what a built-in is turned into has none
		groups = nil
	}
	a = s.e.opts.ReplaceAttr(groups, a)
	a.Value = a.Value.Resolve() // it may return a LogValuer
	return a
}

// any is attr for values that are not of a kind of their own.
func (s *state) any(a slog.Attr) {
	switch v := a.Value.Any().(type) {
	case nil:
		if a.Key == "" {
			return
		}
	case *slog.Source:
		if v == nil || *v == (slog.Source{}) {
			return
		}
		if s.e.json {
			s.group(a.Key, sourceAttrs(v))
			return
		}
		a.Value = slog.StringValue(location(v))
	}
	s.key(a.Key)
	s.anyValue(a.Value)
}

// group appends a group. As in slog, one without attributes of its own appends
// nothing, but the groups around it are written.
func (s *state) group(name string, attrs []slog.Attr) {
	if len(attrs) == 0 {
		s.beginGroups()
		return
	}
	if s.depth == maxDepth {
		s.key(name)
		s.text("!ERROR:groups in groups, more than " + strconv.Itoa(maxDepth))
		return
	}
	s.depth++
	if name == "" { // inlined
		s.attrs(attrs)
	} else {
		s.ownGroups()
		s.groups = append(s.groups, name)
		s.attrs(attrs)
		s.closeGroup()
	}
	s.depth--
}

// key appends the separator, the key and what follows it.
func (s *state) key(name string) {
	s.beginGroups()
	if s.e.json {
		s.jsonKey(name)
		return
	}
	s.separate()
	s.comma = true
	quote := needsQuotes(name)
	for _, group := range s.groups {
		quote = quote || group != "" && needsQuotes(group)
	}
	if quote {
		s.buf = append(s.buf, '"')
	}
	for _, group := range s.groups {
		plain(s, group, quote)
		s.buf = append(s.buf, '.')
	}
	plain(s, name, quote)
	if quote {
		s.buf = append(s.buf, '"')
	}
	s.buf = append(s.buf, '=')
}

// text appends a string in the quotes that the style needs.
func (s *state) text(text string) {
	if s.e.json {
		s.jsonText(text)
		return
	}
	quoted(s, text, needsQuotes(text))
}

func (s *state) time(t time.Time) {
	if s.e.json {
		s.buf = append(s.buf, `\"`...)
		s.buf = s.e.clock.append(s.buf, t)
		s.buf = append(s.buf, `\"`...)
		s.extra += 2
		return
	}
	s.buf = t.AppendFormat(s.buf, "2006-01-02T15:04:05.000Z07:00")
}
