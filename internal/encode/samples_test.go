package encode_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"os"
	"time"
)

// sample is a value to log, and what is special about it.
type sample struct {
	name  string
	value slog.Value
}

// oddTexts are strings that one of the two styles escapes, quotes or replaces,
// and their neighbours that it does not.
var oddTexts = []string{
	"", " ", "plain", "two words", "a=b", "=", `quo"te`, `back\slash`, "tab\there", "line\nfeed", "cr\r\n", "\v\f\b\a",
	"nul\x00", "\x01\x1f", "del\x7f", "<b>&amp;</b>", "\u2028", "a\u2029b", "\ufffd", "a\ufffdb", "\xff", "a\xffb", "\xc3", "\xe2\x82",
	"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "caf\u00e9", "\u65e5\u672c", "\U0001f600", "\u00a0", "\u0085", "\u200b", "\ufeff", "\u00ad",
	"'", "`", "dot.ted", "a,b", "{", "}", "[]", "\\u0041", "%d", "\U000e0001", "\U0010ffff", "trailing\\", "!ERROR:x", "true", "1",
}

// oddNumbers are those whose text is not obvious.
var oddNumbers = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, 1e-6, 9.99e-7, 1e20, 1e21, -1e21, 123456789.5, 1e300, 100, 1e6,
	math.MaxFloat64, math.SmallestNonzeroFloat64, math.MaxFloat32, math.NaN(), math.Inf(1), math.Inf(-1), 1 << 53, 1.0 / 3,
}

var oddInts = []int64{0, 1, -1, 9, 10, -10, math.MaxInt64, math.MinInt64, 1 << 53, 1e15, 1500, 1_500_000_000, 3_600_000_000_000}

// oddTimes are those within the years 0 to 9999; see TestYearOutOfRange.
var oddTimes = []time.Time{
	time.Date(2026, 11, 22, 12, 0, 0, 123_000_000, time.UTC),
	{},
	time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.UTC),
	time.Date(2026, 1, 2, 3, 4, 5, 100_000, time.FixedZone("", 5*3600+45*60)),
	time.Date(2026, 1, 2, 3, 4, 5, 120_000_000, time.FixedZone("odd", -3600-90)), // seconds in the offset
	time.Date(1883, 11, 18, 12, 0, 0, 1, time.FixedZone("LMT", 7*3600+52*60+58)),
	time.Date(0, 1, 1, 0, 0, 0, 999_999, time.UTC),
	time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
	time.Unix(0, 0).UTC(),
	time.Unix(-1, 999_500_000).UTC(),
	time.Now(), // with a monotonic reading, in the local zone
}

// textSamples puts a string everywhere a value can hold one.
func textSamples(s string) []sample {
	return []sample{
		{"string", slog.StringValue(s)},
		{"error", slog.AnyValue(errors.New(s))},
		{"wrapped error", slog.AnyValue(fmt.Errorf("open %s: %w", s, os.ErrNotExist))},
		{"error that is a json.Marshaler", slog.AnyValue(jsonError{s})},
		{"error that is a TextMarshaler", slog.AnyValue(textError{s})},
		{"bytes", slog.AnyValue([]byte(s))},
		{"named bytes", slog.AnyValue(namedBytes(s))},
		{"slice of named bytes", slog.AnyValue(toBytes(s))},
		{"raw JSON, often invalid", slog.AnyValue(json.RawMessage(s))},
		{"TextMarshaler", slog.AnyValue(textMarshaler{s, nil})},
		{"failing TextMarshaler", slog.AnyValue(textMarshaler{"lost", errors.New(s)})},
		{"panicking TextMarshaler", slog.AnyValue(panicText{s})},
		{"json.Marshaler", slog.AnyValue(jsonMarshaler{fmt.Sprintf("%q", s), nil})},
		{"failing json.Marshaler", slog.AnyValue(jsonMarshaler{"1", errors.New(s)})},
		{"panicking json.Marshaler", slog.AnyValue(panicJSON{s})},
		{"Stringer", slog.AnyValue(stringer{s})},
		{"panicking Stringer", slog.AnyValue(panicStringer{s})},
		{"panicking error", slog.AnyValue(panicError{s})},
		{"named string", slog.AnyValue(namedString(s))},
		{"pointer to string", slog.AnyValue(&s)},
		{"slice", slog.AnyValue([]string{s, "", s})},
		{"map", slog.AnyValue(map[string]any{s: s, "n": 1})},
		{"struct", slog.AnyValue(struct {
			Name  string `json:"name"`
			Inner any
			empty int
		}{s, []any{s, nil, 1.5}, 0})},
		{"source", slog.AnyValue(&slog.Source{Function: s, File: s, Line: 7})},
		{"source by value", slog.AnyValue(slog.Source{File: s})},
		{"attribute as value", slog.AnyValue(slog.String("key", s))},
		{"slice of attributes", slog.AnyValue([]slog.Attr{slog.String(s, s), slog.Int("n", 1)})},
		{"LogValuer", slog.AnyValue(valuer{slog.StringValue(s)})},
		{"LogValuer twice", slog.AnyValue(valuer{slog.AnyValue(valuer{slog.StringValue(s)})})},
		{"LogValuer that returns a group", slog.AnyValue(valuer{slog.GroupValue(slog.String(s, s), slog.Group(s, "k", s))})},
		{"panicking LogValuer", slog.AnyValue(panicValuer{s})},
		{"LogValuer that returns an error", slog.AnyValue(valuer{slog.AnyValue(errors.New(s))})},
		{"group", slog.GroupValue(slog.String(s, s), slog.String("k", s))},
		{"groups in groups", slog.GroupValue(slog.Group(s, slog.Group("inner", s, s), slog.Group("", "inline", s)))},
	}
}

func numberSamples(n int64, x float64) []sample {
	return []sample{
		{"int64", slog.Int64Value(n)},
		{"uint64", slog.Uint64Value(uint64(n))},
		{"float64", slog.Float64Value(x)},
		{"float32", slog.AnyValue(float32(x))},
		{"named float", slog.AnyValue(namedFloat(x))},
		{"complex", slog.AnyValue(complex(x, x))},
		{"floats", slog.AnyValue([]float64{x, 1})},
		{"bool", slog.BoolValue(n > 0)},
		{"duration", slog.DurationValue(time.Duration(n))},
		{"named int", slog.AnyValue(namedInt(n))},
		{"pointer to int", slog.AnyValue(&n)},
		{"level", slog.AnyValue(slog.Level(n % 1000))},
		{"time", slog.TimeValue(time.Unix(0, n).UTC())},
		{"time with an offset", slog.TimeValue(time.Unix(0, n).In(time.FixedZone("", int(n%50_000))))},
		{"pointer to time", slog.AnyValue(pointer(time.Unix(0, n).UTC()))},
	}
}

// oddSamples are the values that are neither text nor number.
func oddSamples() []sample {
	var (
		nilError *pointerError
		nilText  *pointerText
		nilJSON  *pointerJSON
		nilTime  *time.Time
		nilMap   map[string]int
		nilFunc  func()
	)
	list := []sample{
		{"nil", slog.AnyValue(nil)},
		{"zero value", slog.Value{}},
		{"nil error pointer whose method expects it not", slog.AnyValue(nilError)},
		{"error pointer that panics though it is not nil", slog.AnyValue(&panicError{"boom"})},
		{"error pointer", slog.AnyValue(&pointerError{"e"})},
		{"nil TextMarshaler", slog.AnyValue(nilText)},
		{"nil json.Marshaler", slog.AnyValue(nilJSON)},
		{"nil pointer to time", slog.AnyValue(nilTime)},
		{"nil map", slog.AnyValue(nilMap)},
		{"nil bytes", slog.AnyValue([]byte(nil))},
		{"nil slice of strings", slog.AnyValue([]string(nil))},
		{"nil func", slog.AnyValue(nilFunc)},
		{"channel, not for JSON", slog.AnyValue((chan int)(nil))},
		{"map with struct keys, not for JSON", slog.AnyValue(map[struct{ A int }]int{{1}: 2})},
		{"json.Marshaler of several lines", slog.AnyValue(jsonMarshaler{"{\n  \"a\": [1,\n 2],\t\"<\": \"\u2028\"\n}\n", nil})},
		{"json.Marshaler of invalid JSON", slog.AnyValue(jsonMarshaler{"{", nil})},
		{"json.Marshaler of nothing", slog.AnyValue(jsonMarshaler{"", nil})},
		{"json.Marshaler that panics with an error", slog.AnyValue(panicJSON{errors.New("boom")})},
		{"json.Marshaler that panics with a number", slog.AnyValue(panicJSON{42})},
		{"json.Marshaler that panics inside a slice", slog.AnyValue([]any{1, panicJSON{"boom"}})},
		{"json.Number", slog.AnyValue(json.Number("1e400"))},
		{"endless LogValuer", slog.AnyValue(endlessValuer{})},
		{"LogValuer that returns nil", slog.AnyValue(valuer{slog.AnyValue(nil)})},
		{"LogValuer that returns an empty group", slog.AnyValue(valuer{slog.GroupValue()})},
		{"nil LogValuer pointer", slog.AnyValue((*pointerValuer)(nil))},
		{"empty group", slog.GroupValue()},
		{"group of an empty attribute", slog.GroupValue(slog.Attr{}, slog.Int("n", 1))},
		{"group of empty attributes alone", slog.GroupValue(slog.Attr{}, slog.Attr{})},
		{"group of groups that come out empty", slog.GroupValue(slog.Group("a", slog.Attr{}), slog.Group("b", "source", (*slog.Source)(nil)))},
		{"group with a LogValuer that returns an empty group", slog.GroupValue(slog.Any("v", valuer{slog.GroupValue()}))},
		{"group with such a LogValuer, and more", slog.GroupValue(slog.Any("v", valuer{slog.GroupValue()}), slog.Int("n", 1))},
		{"group with duplicate keys", slog.GroupValue(slog.Int("k", 1), slog.Int("k", 2), slog.Group("k", "k", 3), slog.Group("k", "k", 4))},
		{"group in an inline group in a group", slog.GroupValue(slog.Group("", slog.Group("deep", slog.Group("", "k", 1)), slog.Int("k", 2)))},
		{"group with empty keys", slog.GroupValue(slog.Int("", 1), slog.String("", ""), slog.Any("", nil))},
		{"group with a panicking LogValuer", slog.GroupValue(slog.Any("p", panicValuer{"boom"}), slog.Int("n", 1))},
		{"nil source", slog.AnyValue((*slog.Source)(nil))},
		{"empty source", slog.AnyValue(&slog.Source{})},
		{"source of a line alone", slog.AnyValue(&slog.Source{Line: 3})},
		{"source of a function alone", slog.AnyValue(&slog.Source{Function: "f"})},
		{"LogValuer that returns a source", slog.AnyValue(valuer{slog.AnyValue(&slog.Source{File: "f.go", Line: 1})})},
		{"address", slog.AnyValue(netip.MustParseAddr("127.0.0.1"))},
		{"level with an offset", slog.AnyValue(slog.LevelWarn + 3)},
		{"level variable", slog.AnyValue(new(slog.LevelVar))},
		{"pointer to pointer", slog.AnyValue(pointer(new(int)))},
	}
	for _, t := range oddTimes {
		list = append(list, sample{"time " + t.String(), slog.TimeValue(t)})
	}
	return list
}

type (
	namedString string
	namedBytes  []byte
	namedByte   byte
	namedInt    int64
	namedFloat  float64

	stringer      struct{ text string }
	jsonError     struct{ text string }
	textError     struct{ text string }
	panicError    struct{ with any }
	panicStringer struct{ with any }
	panicText     struct{ with any }
	panicJSON     struct{ with any }
	panicValuer   struct{ with any }
	endlessValuer struct{}
	valuer        struct{ value slog.Value }

	textMarshaler struct {
		text string
		err  error
	}
	jsonMarshaler struct {
		text string
		err  error
	}

	// The methods of these do not expect a nil pointer.
	pointerError  struct{ text string }
	pointerText   struct{ text string }
	pointerJSON   struct{ text string }
	pointerValuer struct{ text string }
)

func pointer[T any](v T) *T { return &v }

func toBytes(s string) (list []namedByte) {
	for _, b := range []byte(s) {
		list = append(list, namedByte(b))
	}
	return list
}

func (s stringer) String() string { return s.text }
func (e jsonError) Error() string { return "error " + e.text }
func (e jsonError) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"error": e.text})
}
func (e textError) Error() string                    { return "error " + e.text }
func (e textError) MarshalText() ([]byte, error)     { return []byte("text " + e.text), nil }
func (p panicError) Error() string                   { panic(p.with) }
func (p panicStringer) String() string               { panic(p.with) }
func (p panicText) MarshalText() ([]byte, error)     { panic(p.with) }
func (p panicJSON) MarshalJSON() ([]byte, error)     { panic(p.with) }
func (p panicValuer) LogValue() slog.Value           { panic(p.with) }
func (v endlessValuer) LogValue() slog.Value         { return slog.AnyValue(v) }
func (v valuer) LogValue() slog.Value                { return v.value }
func (m textMarshaler) MarshalText() ([]byte, error) { return []byte(m.text), m.err }
func (m jsonMarshaler) MarshalJSON() ([]byte, error) { return []byte(m.text), m.err }
func (e *pointerError) Error() string                { return e.text }
func (m *pointerText) MarshalText() ([]byte, error)  { return []byte(m.text), nil }
func (m *pointerJSON) MarshalJSON() ([]byte, error)  { return []byte(m.text), nil }
func (v *pointerValuer) LogValue() slog.Value        { return slog.StringValue(v.text) }
