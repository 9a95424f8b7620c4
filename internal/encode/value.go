package encode

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// value appends a value that is neither a group nor unresolved. Trouble with it
// is written in its place: a logger must not take the program down.
func (s *state) value(v slog.Value) {
	defer func() {
		trouble := recover()
		if trouble == nil {
			return
		}
		// A method of a nil pointer that does not expect it, most likely.
		if rv := reflect.ValueOf(v.Any()); rv.Kind() == reflect.Pointer && rv.IsNil() {
			s.text("<nil>")
			return
		}
		s.text(fmt.Sprintf("!PANIC: %v", trouble))
	}()
	var err error
	switch v.Kind() {
	case slog.KindString:
		s.text(v.String())
	case slog.KindTime:
		s.time(v.Time())
	case slog.KindInt64:
		s.buf = strconv.AppendInt(s.buf, v.Int64(), 10)
	case slog.KindUint64:
		s.buf = strconv.AppendUint(s.buf, v.Uint64(), 10)
	case slog.KindBool:
		s.buf = strconv.AppendBool(s.buf, v.Bool())
	case slog.KindFloat64:
		if s.e.json {
			err = s.marshal(v.Float64())
		} else {
			s.buf = strconv.AppendFloat(s.buf, v.Float64(), 'g', -1, 64)
		}
	case slog.KindDuration:
		if s.e.json {
			s.buf = strconv.AppendInt(s.buf, int64(v.Duration()), 10)
		} else {
			s.buf = append(s.buf, v.Duration().String()...)
		}
	default:
		if s.e.json {
			err = s.anyJSON(v.Any())
		} else {
			err = s.anyText(v.Any())
		}
	}
	if err != nil {
		s.text(fmt.Sprintf("!ERROR:%v", err))
	}
}

func (s *state) anyJSON(v any) error {
	if err, ok := v.(error); ok {
		if _, ok := v.(json.Marshaler); !ok {
			s.text(err.Error())
			return nil
		}
	}
	return s.marshal(v)
}

// marshal appends what encoding/json makes of the value, with < > and & as they
// are.
func (s *state) marshal(v any) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	s.buf = append(s.buf, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
	return nil
}

func (s *state) anyText(v any) error {
	if m, ok := v.(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			return err
		}
		s.text(string(text))
		return nil
	}
	if t := reflect.TypeOf(v); t != nil && t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		s.buf = strconv.AppendQuote(s.buf, string(reflect.ValueOf(v).Bytes()))
		return nil
	}
	s.text(fmt.Sprintf("%+v", v))
	return nil
}

// source returns the value a source location is shown as.
func (s *state) source(src *slog.Source) slog.Value {
	if !s.e.json {
		return slog.StringValue(location(src))
	}
	var attrs []slog.Attr
	if src.Function != "" {
		attrs = append(attrs, slog.String("function", src.Function))
	}
	if src.File != "" {
		attrs = append(attrs, slog.String("file", src.File))
	}
	if src.Line != 0 {
		attrs = append(attrs, slog.Int("line", src.Line))
	}
	return slog.GroupValue(attrs...)
}

func location(src *slog.Source) string { return fmt.Sprintf("%s:%d", src.File, src.Line) }

// appendJSONString appends the inside of a JSON string as slog escapes it: like
// encoding/json without HTML escaping. U+2028 and U+2029 are escaped, since
// they would end a line of JavaScript, and so are invalid bytes.
func appendJSONString(dst []byte, text string) []byte {
	start := 0 // first byte not yet copied
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				dst = append(dst, text[start:i]...)
				dst = appendEscape(dst, c)
				start = i + 1
			}
			i++
			continue
		}
		r, width := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && width == 1:
			dst = append(dst, text[start:i]...)
			dst = append(dst, `\ufffd`...)
			start = i + width
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, text[start:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hex[r&0xf])
			start = i + width
		}
		i += width
	}
	return append(dst, text[start:]...)
}

// needsQuotes reports whether slog.TextHandler puts the text in quotes.
func needsQuotes(text string) bool {
	if text == "" {
		return true
	}
	for _, r := range text { // an invalid byte comes as utf8.RuneError
		switch {
		case r <= ' ' || r == '"' || r == '=':
			return true
		case r >= utf8.RuneSelf && (r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r)):
			return true
		}
	}
	return false
}
