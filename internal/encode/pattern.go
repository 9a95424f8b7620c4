package encode

import (
	"fmt"
	"log/slog"
)

// defaultLayout is what {time} is written with: RFC 3339 to the millisecond.
const defaultLayout = "2006-01-02T15:04:05.000Z07:00"

// Template is a parsed pattern.
type Template struct {
	parts      []part
	attrs      bool // there is an {attrs}
	withSource bool // there is a {source}
}

// part is a placeholder, or text that stands for itself.
type part struct {
	field string // "", time, level, message, source or attrs
	text  string // the text itself, or the layout of time
}

// ParseTemplate parses a pattern such as "{time} : {level} - {message}".
func ParseTemplate(pattern string) (*Template, error) {
	t := &Template{}
	err := Walk(pattern, func(text string) {
		t.parts = append(t.parts, part{text: text})
	}, func(name, argument string) error {
		switch name {
		case "time":
			if argument == "" {
				argument = defaultLayout
			}
		case "level", "message", "source", "attrs":
			if argument != "" {
				return fmt.Errorf("placeholder {%s} takes no argument", name)
			}
		default:
			return fmt.Errorf("unknown placeholder {%s}; there are {time}, {time:layout}, {level}, {message}, {source} and {attrs}", name)
		}
		t.attrs = t.attrs || name == "attrs"
		t.withSource = t.withSource || name == "source"
		t.parts = append(t.parts, part{field: name, text: argument})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(t.parts) == 0 {
		return nil, fmt.Errorf("empty pattern")
	}
	return t, nil
}

// Pattern turns records into text by a template. Like JSON it is never
// changed.
type Pattern struct {
	template *Template
	opts     Options
	attrs    *Text // for the attributes alone
}

// NewPattern returns the encoder of a template.
func NewPattern(t *Template, opts Options) *Pattern {
	return &Pattern{template: t, opts: opts, attrs: NewText(opts)}
}

// WithAttrs returns an encoder that adds the attributes to every record.
func (p *Pattern) WithAttrs(attrs []slog.Attr) *Pattern {
	return &Pattern{p.template, p.opts, p.attrs.WithAttrs(attrs)}
}

// WithGroup returns an encoder that puts what comes later into a group.
func (p *Pattern) WithGroup(name string) *Pattern {
	return &Pattern{p.template, p.opts, p.attrs.WithGroup(name)}
}

// Append appends the text of the record. Attributes that the template does not
// place follow at the end. A text of more bytes than the limit is given to over
// instead.
func (p *Pattern) Append(dst []byte, r *slog.Record, limit *Limit) (text []byte, over Sink) {
	s := state{e: &p.attrs.record, buf: dst, start: len(dst), limit: limit, room: limit.room(len(dst)), at: r.Time, level: r.Level}
	for _, part := range p.template.parts {
		switch part.field {
		case "":
			plain(&s, part.text, false)
		case "time":
			p.time(&s, r, part.text)
		case "level":
			if p.opts.ReplaceAttr == nil {
				s.buf = append(s.buf, r.Level.String()...)
			} else {
				plain(&s, p.replace(slog.Any(slog.LevelKey, r.Level)).String(), false)
			}
		case "message":
			plain(&s, p.replace(slog.String(slog.MessageKey, r.Message)).String(), false)
		case "source":
			p.source(&s, r)
		case "attrs":
			s.comma = false
			s.rest(r)
		}
	}
	if p.opts.AddSource && !p.template.withSource && r.PC != 0 {
		s.setGroups(nil)
		s.comma, s.builtin = true, true
		s.attr(slog.Any(slog.SourceKey, r.Source()))
		s.builtin = false
	}
	if !p.template.attrs {
		s.comma = true
		s.rest(r)
	}
	s.release()
	over = s.end()
	return s.buf, over
}

// replace passes a built-in attribute through ReplaceAttr.
func (p *Pattern) replace(a slog.Attr) slog.Value {
	if p.opts.ReplaceAttr != nil {
		a = p.opts.ReplaceAttr(nil, a)
		if a.Equal(slog.Attr{}) {
			return slog.StringValue("")
		}
	}
	return a.Value.Resolve()
}

func (p *Pattern) time(s *state, r *slog.Record, layout string) {
	if r.Time.IsZero() {
		return
	}
	v := p.replace(slog.Time(slog.TimeKey, r.Time))
	if v.Kind() != slog.KindTime {
		plain(s, v.String(), false)
		return
	}
	s.buf = v.Time().AppendFormat(s.buf, layout)
}

func (p *Pattern) source(s *state, r *slog.Record) {
	src := r.Source()
	if src == nil {
		return
	}
	v := p.replace(slog.Any(slog.SourceKey, src))
	if src, ok := v.Any().(*slog.Source); ok && src != nil {
		plain(s, location(src), false)
		return
	}
	plain(s, v.String(), false)
}
