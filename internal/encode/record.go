package encode

import (
	"log/slog"
	"slices"
	"strconv"
	"time"
)

// Options are those of slog.HandlerOptions that concern the text of a record.
type Options struct {
	AddSource   bool
	ReplaceAttr func(groups []string, a slog.Attr) slog.Attr
}

// Record turns records into text, byte for byte as slog's own handlers do. One
// belongs to each clone of a handler. It is never changed, so it is safe for
// concurrent use.
//
// There are two exceptions, where slog.JSONHandler (Go 1.26) writes invalid
// JSON: a time outside the years 0 to 9999 is written as it is, without an
// error in front of it; and a group that comes out empty, since ReplaceAttr
// removes its attributes or all of them are empty, leaves no trace, where slog
// loses the next comma. (slog.TextHandler gets both wrong in its own way.)
type Record struct {
	json      bool // the text of slog.JSONHandler, or else of slog.TextHandler
	opts      Options
	formatted []byte   // attributes of WithAttrs, formatted when it was called
	groups    []string // opened by WithGroup, outermost first
	opened    int      // how many of groups are open at the end of formatted
}

// JSON returns the encoder whose text equals that of slog.JSONHandler.
func JSON(opts Options) *Record { return &Record{json: true, opts: opts} }

// Text returns the encoder whose text equals that of slog.TextHandler.
func Text(opts Options) *Record { return &Record{opts: opts} }

// WithAttrs returns an encoder that adds the attributes to every record. They
// are formatted now, so a later change of what they point to does not show.
func (e *Record) WithAttrs(attrs []slog.Attr) *Record {
	if !slices.ContainsFunc(attrs, isNoEmptyGroup) {
		return e // it would open groups that nothing fills
	}
	s := state{e: e, buf: slices.Clip(e.formatted)}
	s.resume()
	s.openGroups(e.groups[e.opened:])
	if !s.attrs(attrs) {
		return e
	}
	clone := *e
	clone.formatted, clone.opened = s.buf, len(e.groups)
	return &clone
}

// WithGroup returns an encoder that puts what comes later into a group.
func (e *Record) WithGroup(name string) *Record {
	clone := *e
	clone.groups = append(slices.Clip(e.groups), name)
	return &clone
}

// Append appends the text of the record, without a newline at the end.
func (e *Record) Append(dst []byte, r slog.Record) []byte {
	s := state{e: e, buf: dst, builtin: true}
	if e.json {
		s.buf = append(s.buf, '{')
	}
	if !r.Time.IsZero() {
		s.attr(slog.Time(slog.TimeKey, r.Time))
	}
	if e.opts.ReplaceAttr == nil {
		s.key(slog.LevelKey)
		s.text(r.Level.String())
	} else {
		s.attr(slog.Any(slog.LevelKey, r.Level))
	}
	if e.opts.AddSource {
		source := r.Source()
		if source == nil {
			source = &slog.Source{}
		}
		s.attr(slog.Any(slog.SourceKey, source))
	}
	s.attr(slog.String(slog.MessageKey, r.Message))
	s.builtin = false
	return s.rest(r)
}

// AppendAttrs appends the attributes alone. It is for Text.
func (e *Record) AppendAttrs(dst []byte, r slog.Record) []byte {
	s := state{e: e, buf: dst}
	return s.rest(r)
}

// state is what is known in the middle of a record.
type state struct {
	e       *Record
	buf     []byte
	builtin bool     // in what time, level, source and message are shown as
	comma   bool     // the next attribute needs a separator before it
	groups  []string // open here; for ReplaceAttr and for the keys of Text
}

// resume sets the state to what it is behind the formatted attributes.
func (s *state) resume() {
	f := s.e.formatted
	s.comma = len(f) > 0 && !(s.e.json && f[len(f)-1] == '{')
	s.groups = slices.Clip(s.e.groups[:s.e.opened])
}

// rest appends the attributes, those of WithAttrs first, and ends the record.
func (s *state) rest(r slog.Record) []byte {
	e := s.e
	if len(e.formatted) > 0 {
		s.separate()
		s.buf = append(s.buf, e.formatted...)
		s.resume()
	}
	s.groups = slices.Clip(e.groups[:e.opened])
	open := e.opened
	if r.NumAttrs() > 0 {
		before := *s
		s.openGroups(e.groups[open:])
		some := false
		r.Attrs(func(a slog.Attr) bool {
			some = s.attr(a) || some
			return true
		})
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
	return s.buf
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
	s.groups = append(s.groups, name)
}

func (s *state) closeGroup() {
	if s.e.json {
		s.buf = append(s.buf, '}')
	}
	s.comma = true
	s.groups = s.groups[:len(s.groups)-1]
}

func isNoEmptyGroup(a slog.Attr) bool {
	return a.Value.Kind() != slog.KindGroup || len(a.Value.Group()) > 0
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
	a.Value = a.Value.Resolve()
	if replace := s.e.opts.ReplaceAttr; replace != nil && a.Value.Kind() != slog.KindGroup {
		groups := s.groups
		if s.builtin { // also what a built-in is turned into has none
			groups = nil
		}
		a = replace(groups, a)
		a.Value = a.Value.Resolve() // it may return a LogValuer
	}
	if a.Value.Kind() == slog.KindAny {
		switch v := a.Value.Any().(type) {
		case nil:
			if a.Key == "" {
				return false
			}
		case *slog.Source:
			if v == nil || *v == (slog.Source{}) {
				return false
			}
			a.Value = s.source(v)
		}
	}
	if a.Value.Kind() != slog.KindGroup {
		s.key(a.Key)
		s.value(a.Value)
		return true
	}
	return s.group(a.Key, a.Value.Group())
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
	s.separate()
	s.comma = true
	if s.e.json {
		s.text(name)
		s.buf = append(s.buf, ':')
		return
	}
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
		s.buf = append(s.buf, '"')
		s.buf = appendJSONString(s.buf, text)
		s.buf = append(s.buf, '"')
	case needsQuotes(text):
		s.buf = strconv.AppendQuote(s.buf, text)
	default:
		s.buf = append(s.buf, text...)
	}
}

func (s *state) time(t time.Time) {
	if s.e.json {
		s.buf = append(s.buf, '"')
		s.buf = t.AppendFormat(s.buf, time.RFC3339Nano)
		s.buf = append(s.buf, '"')
		return
	}
	s.buf = t.AppendFormat(s.buf, "2006-01-02T15:04:05.000Z07:00")
}
