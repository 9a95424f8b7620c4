package encode

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strconv"
	"sync"
)

// value appends a value of a kind of its own, which is not a group.
func (s *state) value(v slog.Value, kind slog.Kind) {
	switch kind {
	case slog.KindString:
		s.text(v.String())
	case slog.KindInt64:
		s.buf = strconv.AppendInt(s.buf, v.Int64(), 10)
	case slog.KindUint64:
		s.buf = strconv.AppendUint(s.buf, v.Uint64(), 10)
	case slog.KindBool:
		s.buf = strconv.AppendBool(s.buf, v.Bool())
	case slog.KindTime:
		s.time(v.Time())
	case slog.KindDuration:
		if s.e.json {
			s.buf = strconv.AppendInt(s.buf, int64(v.Duration()), 10)
		} else {
			s.buf = append(s.buf, v.Duration().String()...)
		}
	case slog.KindFloat64:
		if s.e.json {
			s.float(v.Float64())
		} else {
			s.buf = strconv.AppendFloat(s.buf, v.Float64(), 'g', -1, 64)
		}
	}
}

// float appends a number as encoding/json writes it: with an exponent only
// where it is very large or very small, and then a short one.
func (s *state) float(f float64) {
	size := math.Abs(f)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		s.trouble(&json.UnsupportedValueError{Str: strconv.FormatFloat(f, 'g', -1, 64)})
	case size != 0 && (size < 1e-6 || size >= 1e21):
		s.buf = strconv.AppendFloat(s.buf, f, 'e', -1, 64)
		if n := len(s.buf); s.buf[n-4] == 'e' && s.buf[n-2] == '0' { // e-07
			s.buf[n-2] = s.buf[n-1]
			s.buf = s.buf[:n-1]
		}
	default:
		s.buf = strconv.AppendFloat(s.buf, f, 'f', -1, 64)
	}
}

// anyValue appends any other value. Trouble with it is written in its place: a
// logger must not take the program down.
func (s *state) anyValue(v slog.Value) {
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
	if s.e.json {
		err = s.anyJSON(v.Any())
	} else {
		err = s.anyText(v.Any())
	}
	if err != nil {
		s.trouble(err)
	}
}

func (s *state) trouble(err error) { s.text(fmt.Sprintf("!ERROR:%v", err)) }

func (s *state) anyJSON(v any) error {
	switch v := v.(type) {
	case json.Marshaler: // it may be an error as well
	case error:
		s.text(v.Error())
		return nil
	case []byte:
		if v != nil {
			s.base64(v)
			return nil
		}
	}
	m := marshalers.Get().(*marshaler)
	m.state = *s
	if err := m.enc.Encode(v); err != nil {
		return err // the encoder may be left in any state
	}
	*s = m.state
	m.put()
	return nil
}

// base64 appends bytes as encoding/json does.
func (s *state) base64(b []byte) {
	s.buf = append(s.buf, `\"`...)
	s.extra += 2
	for len(b) > 0 {
		n := min(piece/3*3, len(b)) // whole groups of four characters
		s.buf = base64.StdEncoding.AppendEncode(s.buf, b[:n])
		b = b[n:]
		s.check()
	}
	s.buf = append(s.buf, `\"`...)
}

// marshaler writes what encoding/json and fmt make of a value into a record, piece
// by piece: nothing of it is copied as a whole. Both write it at once, when it is
// complete. It holds the state while they do, for they would move it to the heap.
type marshaler struct {
	state
	enc *json.Encoder // leaves < > and & as they are
}

var marshalers = sync.Pool{New: func() any {
	m := &marshaler{}
	m.enc = json.NewEncoder(m)
	m.enc.SetEscapeHTML(false)
	return m
}}

func (m *marshaler) put() {
	m.state = state{}
	marshalers.Put(m)
}

// Write never fails.
func (m *marshaler) Write(text []byte) (int, error) {
	if m.e.json {
		m.jsonValue(bytes.TrimSuffix(text, []byte("\n")))
	} else {
		quoted(&m.state, text, needsQuotes(text))
	}
	return len(text), nil
}

func (s *state) anyText(v any) error {
	if m, ok := v.(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			return err
		}
		quoted(s, text, needsQuotes(text))
		return nil
	}
	if t := reflect.TypeOf(v); t != nil && t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		quoted(s, reflect.ValueOf(v).Bytes(), true)
		return nil
	}
	m := marshalers.Get().(*marshaler)
	m.state = *s
	fmt.Fprintf(m, "%+v", v)
	*s = m.state
	m.put()
	return nil
}

// sourceAttrs returns what JSON shows of a source location.
func sourceAttrs(src *slog.Source) (attrs []slog.Attr) {
	if src.Function != "" {
		attrs = append(attrs, slog.String("function", src.Function))
	}
	if src.File != "" {
		attrs = append(attrs, slog.String("file", src.File))
	}
	if src.Line != 0 {
		attrs = append(attrs, slog.Int("line", src.Line))
	}
	return attrs
}

// location returns what Text shows of it.
func location(src *slog.Source) string { return fmt.Sprintf("%s:%d", src.File, src.Line) }
