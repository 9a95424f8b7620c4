package pipeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// The values of a program that give their text when they are asked for it.
type (
	valuer    string
	stringer  string
	texter    string
	marshaler string
)

func (v valuer) LogValue() slog.Value             { return slog.StringValue(string(v)) }
func (v stringer) String() string                 { return string(v) }
func (v texter) MarshalText() ([]byte, error)     { return []byte(v), nil }
func (v marshaler) MarshalJSON() ([]byte, error)  { return json.Marshal(string(v)) }
func (v marshaler) Format(s fmt.State, verb rune) { io.WriteString(s, string(v)) }

// places puts a text into each place of a record. handler may add to the handler, the
// rest to the record.
var places = []struct {
	name    string
	handler func(slog.Handler, string) slog.Handler
	record  func(string) (message string, attrs []slog.Attr)
}{
	{"the message", nil, func(text string) (string, []slog.Attr) { return text, nil }},
	{"a string", nil, func(text string) (string, []slog.Attr) {
		return "m", []slog.Attr{slog.String("a", text), slog.Int("n", 1)}
	}},
	{"a key", nil, func(text string) (string, []slog.Attr) {
		return "m", []slog.Attr{slog.Int(text, 1), slog.String("b", "c")}
	}},
	{"the name of a group", nil, func(text string) (string, []slog.Attr) {
		return "m", []slog.Attr{slog.Group("g", slog.Group(text, "a", 1, "b", 2)), slog.Int("n", 1)}
	}},
	{"a LogValuer in a group", nil, func(text string) (string, []slog.Attr) {
		return "m", []slog.Attr{slog.Group("g", "a", valuer(text), "n", 1)}
	}},
	{"an error", nil, func(text string) (string, []slog.Attr) { return "m", []slog.Attr{slog.Any("a", errors.New(text))} }},
	{"a Stringer", nil, func(text string) (string, []slog.Attr) { return "m", []slog.Attr{slog.Any("a", stringer(text))} }},
	{"a TextMarshaler", nil, func(text string) (string, []slog.Attr) { return "m", []slog.Attr{slog.Any("a", texter(text))} }},
	{"a json.Marshaler", nil, func(text string) (string, []slog.Attr) { return "m", []slog.Attr{slog.Any("a", marshaler(text))} }},
	{"bytes", nil, func(text string) (string, []slog.Attr) { return "m", []slog.Attr{slog.Any("a", []byte(text))} }},
	{"a map", nil, func(text string) (string, []slog.Attr) {
		return "m", []slog.Attr{slog.Any("a", map[string]any{"k": []string{text, text}})}
	}},
	{"many attributes", nil, func(text string) (message string, attrs []slog.Attr) {
		for i := 0; i+9 < len(text); i += 10 {
			attrs = append(attrs, slog.Group("g", slog.String(text[i:i+3], text[i+3:i+10])), slog.Float64("f", 0.5))
		}
		return "m", attrs
	}},
	{"WithAttrs", func(h slog.Handler, text string) slog.Handler {
		return h.WithAttrs([]slog.Attr{slog.String("a", text), slog.Int("b", 1)})
	}, func(string) (string, []slog.Attr) { return "m", []slog.Attr{slog.Int("n", 1)} }},
	{"WithGroup", func(h slog.Handler, text string) slog.Handler { return h.WithGroup(text).WithGroup("g") },
		func(string) (string, []slog.Attr) { return "m", []slog.Attr{slog.Int("n", 1)} }},
}

// pieces makes a text of n bytes or a little more, of all kinds of characters.
func pieces(random *rand.Rand, n int) string {
	kinds := []string{"plain text, ", `a "quote" and \ `, "\n\t\x00\x1b\x7f", "äöü€", "😀", "\xff", "\xe2\x82", "\xe2\xe2\x82\xac", "\u2028", "\u00ad", "{=}"}
	var b strings.Builder
	for b.Len() < n {
		kind := kinds[random.IntN(len(kinds))]
		b.WriteString(strings.Repeat(kind, 1+random.IntN(min(n, 20_000))/len(kind)))
	}
	return b.String()
}

// clean is what the service gets of a text: U+FFFD for each invalid byte.
func clean(text string) string { return string([]rune(text)) }

// TestOversizeWhateverTheRecord: a reader puts the parts together again, whatever the record
// and however its text comes, and what is lost is counted.
func TestOversizeWhateverTheRecord(t *testing.T) {
	replace := func(_ []string, a slog.Attr) slog.Attr { return a }
	text := func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }
	formats := []struct {
		name    string
		format  cloudwatch.Format
		replace func([]string, slog.Attr) slog.Attr
		slog    func(io.Writer, *slog.HandlerOptions) slog.Handler
	}{
		{"JSON", cloudwatch.JSON, nil, func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) }},
		{"JSON, ReplaceAttr", cloudwatch.JSON, replace, func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) }},
		{"Text", cloudwatch.Text, nil, text},
		{"Text, ReplaceAttr", cloudwatch.Text, replace, text},
		{"Using", cloudwatch.Using(text), nil, text},
		{"Using, in small writes", cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler {
			return slog.NewTextHandler(dribble{w}, o)
		}), nil, text},
		{"Pattern", cloudwatch.Pattern("{message}{attrs}"), nil, nil},
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for _, f := range formats {
		for _, policy := range []cloudwatch.Oversize{cloudwatch.Split, cloudwatch.Truncate, cloudwatch.Drop} {
			t.Run(fmt.Sprint(f.name, ", ", policy), func(t *testing.T) {
				testkit.Bubble(t, func(t *testing.T) {
					var lost int64
					var reported atomic.Int64
					t.Cleanup(func() { // after the end of the fixture
						if got := reported.Load(); got != lost {
							t.Errorf("seed %d: %d bytes are reported as lost, want %d", seed, got, lost)
						}
					})
					most := []int{2000, 70_000}[random.IntN(2)]
					fx := testkit.New(t, cloudwatch.Options{
						LogStream: testkit.Stream, MaxEventBytes: most, Oversize: policy, Format: f.format, ReplaceAttr: f.replace,
						OnError: func(err error) {
							var loss *cloudwatch.LossError
							if errors.As(err, &loss) {
								reported.Add(loss.Bytes)
							}
						},
					})
					for _, place := range places {
						for _, size := range []int{most - 100 - random.IntN(100), 100_000} {
							long := pieces(random, size)
							message, attrs := place.record(long)
							record := slog.NewRecord(time.Now(), slog.LevelInfo, message, 0)
							record.AddAttrs(attrs...)
							h := slog.Handler(fx.Handler)
							var whole string
							if f.slog != nil {
								whole = slogText(t, f.slog, f.replace, place.handler, long, record)
							} else {
								record.Time = time.Time{}
								whole = slogText(t, text, dropBuiltins, place.handler, long, record)
								whole = message + whole
								record.Time = time.Now()
							}
							if place.handler != nil {
								h = place.handler(h, long)
							}
							whole = clean(whole)
							var wantErr error
							if len(whole) > most && policy == cloudwatch.Drop {
								wantErr = cloudwatch.ErrOversize
								lost += int64(len(whole))
							}
							before := len(fx.Server.Events(testkit.Group, testkit.Stream))
							if err := h.Handle(t.Context(), record); !errors.Is(err, wantErr) {
								t.Errorf("Handle returned %v, want %v", err, wantErr)
							}
							fx.FlushWithin(time.Minute)
							got := fx.Server.Messages(testkit.Group, testkit.Stream)[before:]
							got = slices.DeleteFunc(got, func(text string) bool { return strings.Contains(text, `"msg":"log events lost"`) })
							if err := testkit.CheckParts(whole, most, policy, got); err != nil {
								t.Fatalf("%s of %d bytes, at most %d, seed %d: %d events: %v", place.name, size, most, seed, len(got), err)
							}
						}
					}
				})
			})
		}
	}
}

// dribble writes a few bytes at a time, wherever that cuts a character.
type dribble struct{ io.Writer }

func (t dribble) Write(text []byte) (int, error) {
	for n := 0; n < len(text); n += 777 {
		if _, err := t.Writer.Write(text[n:min(n+777, len(text))]); err != nil {
			return n, err
		}
	}
	return len(text), nil
}

func dropBuiltins(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return a
}

// slogText is what a handler of package slog makes of a record.
func slogText(t *testing.T, make func(io.Writer, *slog.HandlerOptions) slog.Handler, replace func([]string, slog.Attr) slog.Attr,
	with func(slog.Handler, string) slog.Handler, long string, r slog.Record,
) string {
	var out bytes.Buffer
	h := make(&out, &slog.HandlerOptions{ReplaceAttr: replace})
	if with != nil {
		h = with(h, long)
	}
	if err := h.Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(out.String(), "\n")
}
