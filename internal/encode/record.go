package encode

import (
	"log/slog"
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
// loses the next comma. (slog.TextHandler gets both wrong in its own way.) And
// like every message, the text has U+FFFD for invalid bytes, which slog takes
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
// the end, and returns with it the number of bytes the service counts for it.
func (e *JSON) AppendWire(dst []byte, r *slog.Record) (wire []byte, size int) {
	wire, extra := e.append(dst, r)
	return wire, len(wire) - len(dst) - extra
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

// Append appends the record's text, without a newline at the end.
func (e *Text) Append(dst []byte, r *slog.Record) []byte {
	text, _ := e.append(dst, r)
	return text
}

// AppendAttrs appends the attributes alone.
func (e *Text) AppendAttrs(dst []byte, r *slog.Record) []byte {
	s := state{e: &e.record, buf: dst}
	s.rest(r)
	return s.buf
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
	s := state{e: e, buf: slices.Clip(e.formatted), extra: e.extra, groups: slices.Clip(e.groups[:e.opened])}
	s.resume()
	s.openGroups(e.groups[e.opened:])
	if !s.attrs(attrs) {
		return *e
	}
	clone := *e
	clone.formatted, clone.extra, clone.opened = s.buf, s.extra, len(e.groups)
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
func (e *record) append(dst []byte, r *slog.Record) (wire []byte, extra int) {
	s := state{e: e, buf: dst, builtin: true}
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
	return s.buf, s.extra
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
	extra   int      // bytes by which the wire form is longer than the JSON
	builtin bool     // in what time, level, source and message are shown as
	comma   bool     // the next attribute needs a separator before it
	groups  []string // open here, if they are tracked
}

// tracksGroups reports whether the names of open groups are needed: in the keys
// of Text, and for ReplaceAttr.
func (s *state) tracksGroups() bool { return !s.e.json || s.e.opts.ReplaceAttr != nil }

var groupLists = sync.Pool{New: func() any { return new([]string) }}

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
		s.buf = append(s.buf, e.formatted...)
		s.extra += e.extra
		s.resume()
	}
	var pooled *[]string
	if s.tracksGroups() {
		pooled = groupLists.Get().(*[]string)
		s.groups = append((*pooled)[:0], e.groups[:e.opened]...)
	}
	open := e.opened
	if r.NumAttrs() > 0 {
		before := *s
		s.openGroups(e.groups[open:])
		some := false
		if e.json && e.opts.ReplaceAttr == nil {
			r.Attrs(func(a slog.Attr) bool {
				some = s.jsonAttr(a) || some
				return true
			})
		} else {
			r.Attrs(func(a slog.Attr) bool {
				some = s.attr(a) || some
				return true
			})
		}
		if some {
			open = len(e.groups)
		} else { // groups without attributes are left out
			s.restore(before)
		}
	}
	if e.json {
		for range open + 1 {
			s.buf = append(s.buf, '}')
		}
	}
	if pooled != nil {
		*pooled = s.groups
		groupLists.Put(pooled)
	}
}

// restore takes back what was appended since before.
func (s *state) restore(before state) {
	before.buf = s.buf[:len(before.buf)]
	*s = before
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

func (s *state) openGroups(names []string) {
	for _, name := range names {
		s.openGroup(name)
	}
}

func (s *state) openGroup(name string) {
	if s.e.json {
		s.key(name)
		s.buf = append(s.buf, '{')
		s.comma = false
	}
	if s.tracksGroups() {
		s.groups = append(s.groups, name)
	}
}

func (s *state) closeGroup() {
	if s.e.json {
		s.buf = append(s.buf, '}')
	}
	s.comma = true
	if s.tracksGroups() {
		s.groups = s.groups[:len(s.groups)-1]
	}
}

// attrs reports whether anything was appended.
func (s *state) attrs(attrs []slog.Attr) bool {
	some := false
	for _, a := range attrs {
		some = s.attr(a) || some
	}
	return some
}

// attr appends the attribute unless it is empty, and reports whether it did. As
// in slog, a group without attributes of its own appends nothing but counts.
func (s *state) attr(a slog.Attr) bool {
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
		return s.group(a.Key, a.Value.Group())
	case slog.KindAny:
		return s.any(a)
	default:
		s.key(a.Key)
		s.value(a.Value, kind)
		return true
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
func (s *state) any(a slog.Attr) bool {
	switch v := a.Value.Any().(type) {
	case nil:
		if a.Key == "" {
			return false
		}
	case *slog.Source:
		if v == nil || *v == (slog.Source{}) {
			return false
		}
		if s.e.json {
			return s.group(a.Key, sourceAttrs(v))
		}
		a.Value = slog.StringValue(location(v))
	}
	s.key(a.Key)
	s.anyValue(a.Value)
	return true
}

func (s *state) group(name string, attrs []slog.Attr) bool {
	if len(attrs) == 0 {
		return true
	}
	if name == "" { // inlined
		return s.attrs(attrs)
	}
	before := *s
	s.openGroup(name)
	if !s.attrs(attrs) {
		s.restore(before)
		return false
	}
	s.closeGroup()
	return true
}

// key appends the separator, the key and what follows it.
func (s *state) key(name string) {
	if s.e.json {
		s.jsonKey(name)
		return
	}
	s.separate()
	s.comma = true
	start := len(s.buf)
	quote := needsQuotes(name)
	for _, group := range s.groups {
		s.buf = append(s.buf, group...)
		s.buf = append(s.buf, '.')
		quote = quote || group != "" && needsQuotes(group)
	}
	s.buf = append(s.buf, name...)
	if quote {
		plain := string(s.buf[start:])
		s.buf = strconv.AppendQuote(s.buf[:start], plain)
	}
	s.buf = append(s.buf, '=')
}

// text appends a string in the quotes that the style needs.
func (s *state) text(text string) {
	switch {
	case s.e.json:
		s.jsonText(text)
	case needsQuotes(text):
		s.buf = strconv.AppendQuote(s.buf, text)
	default:
		s.buf = append(s.buf, text...)
	}
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
