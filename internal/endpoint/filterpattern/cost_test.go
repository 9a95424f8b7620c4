package filterpattern_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"
)

const slogEvent = `{"time":"2026-01-01T12:00:00.123456789Z","level":"INFO","msg":"request served","method":"GET","path":"/v1/orders/17","status":200,` +
	`"bytes":5120,"duration":12345678,"user":{"id":17,"name":"jane"},"request_id":"6f1c4a2e-9d3b-4c1a-8f7e-0123456789ab","ok":true}`

func TestNothingAllocated(t *testing.T) {
	for _, tt := range []struct{ pattern, message string }{
		{`request -ERROR "jane"`, slogEvent},
		{`?WARN ?ERROR`, slogEvent},
		{`%status\x22:[45]\d\d%`, slogEvent},
		{`{ $.level = "INFO" }`, slogEvent},
		{`{ $.level = "INFO" && $.status >= 200 }`, slogEvent},
		{`{ $.user.id = 17 || $.ok IS TRUE || $.none NOT EXISTS }`, slogEvent},
		{`{ $.* = j* && $.user.* = %^j% }`, slogEvent},
		{`{ $.path = "*orders*" && $.msg != %fail% }`, slogEvent},
		{`{ $.level = "INFO" }`, `{"msg":"a \"quoted\" one\n","level":"INFO"}`}, // escapes in a string that no selector refers to
		{`[ip, ..., status = 4*, size > 1000]`, apache},
		{`[w1=127.0.0.1, w2]`, apache},
		{`[w1=*frank*]`, apache},
	} {
		p := mustParse(t, tt.pattern)
		if n := fewestAllocs(func() { p.Match(tt.message) }); n != 0 {
			t.Errorf("%s: %v allocations", tt.pattern, n)
		}
	}
}

// fewestAllocs measures single runs, because package regexp takes its machines from a sync.Pool,
// which under the race detector drops one in four.
func fewestAllocs(f func()) float64 {
	fewest := testing.AllocsPerRun(1, f)
	for range 20 {
		fewest = min(fewest, testing.AllocsPerRun(1, f))
	}
	return fewest
}

// The nesting of a message costs one bit per level.
func TestDepthCostsLittle(t *testing.T) {
	const depth = 9990
	message := `{"a":` + strings.Repeat(`[{"b":`, depth/2) + "1" + strings.Repeat("}]", depth/2) + "}"
	p := mustParse(t, `{ $.a[0].b[0].b NOT EXISTS || $.a = 1 || $.z NOT EXISTS }`)
	if !p.Match(message) {
		t.Error("no match")
	}
	if n := testing.AllocsPerRun(10, func() { p.Match(message) }); n > 12 {
		t.Errorf("%v allocations", n)
	}
}

// A message of eight times the size takes about eight times as long, whatever it contains.
// Quadratic work would take 64 times as long.
func TestLinear(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const size = 8 << 10
	long := strings.Repeat("a", 500)
	wide := `{"w0":0,"w1":0`
	manySelectors := "{"
	for i := range 60 {
		name := "w" + string(rune('0'+i%10)) + string(rune('0'+i/10))
		manySelectors += "$." + name + "=1||"
		wide += `,"` + name + `":0`
	}
	manySelectors += "$.*=2 }"
	repeat := strings.Repeat
	tests := []struct {
		name, pattern string
		message       func(n int) string // of about n bytes
	}{
		{"a term that almost fits", `"` + long + `b"`, func(n int) string { return repeat("a", n) }},
		{"many terms", repeat("ab ", 300), func(n int) string { return repeat("a", n) + "b" }},
		{"a wildcard that almost fits", `{ $.a = ` + repeat("*a", 200) + `*b }`, func(n int) string { return `{"a":"` + repeat("a", n) + `"}` }},
		{"a wildcard in a line", `[w=` + repeat("*aa*b", 100) + `]`, func(n int) string { return repeat("a", n) }},
		{"an expression that almost fits", `%[ab]{30}c%`, func(n int) string { return repeat("ab", n/2) }},
		{"an expression with many ways", `%a*a*a*a*b%`, func(n int) string { return repeat("a", n) }},
		{"quotes without end", `[..., a=x, b]`, func(n int) string { return repeat(`"a `, n/3) + `"` }},
		{"brackets without end", `[..., a=x, b]`, func(n int) string { return repeat(`[ `, n/2) }},
		{"brackets and quotes without end", `[a, ...]`, func(n int) string { return repeat(`[" `, n/3) }},
		{"many words", `[a, ..., b=x, c, d]`, func(n int) string { return repeat(`a `, n/2) }},
		{"many members", manySelectors, func(n int) string { return wide + repeat(`,"w9":0`, n/7) + "}" }},
		{"many members of a name", `{ $.a.b = 1 && $.a.* = 2 }`, func(n int) string { return `{"a":0` + repeat(`,"a":{"b":1}`, n/12) + "}" }},
		{"many elements", `{ $.a[*].b = 2 || $.a[99999999] = 1 }`, func(n int) string { return `{"a":[0` + repeat(`,{"b":1}`, n/8) + "]}" }},
		{"an unfinished object", `{ $.a.a.a.a NOT EXISTS }`, func(n int) string { return repeat(`{"a":`, min(n/5, 9000)) + repeat(" ", n) }},
		{"escapes", `{ $.a = "*z" }`, func(n int) string { return `{"a":"` + repeat(`\ud83d\u0061\n`, n/14) + `"}` }},
		{"escapes in names", `{ $.a = "*z" }`, func(n int) string { return `{"b":1` + repeat(`,"\u0062":1`, n/11) + "}" }},
		{"a long number", `{ $.a < 1 && $.a > 1 || $.a = 1 }`, func(n int) string { return `{"a":` + repeat("1", n/2) + "e" + repeat("1", n/2) + `}` }},
		{"long zeros", `{ $.a = 1 }`, func(n int) string { return `{"a":1.` + repeat("0", n) + `}` }},
		{"white space", `{ $.a = 1 }`, func(n int) string { return `{"a"` + repeat(" \n", n/2) + `:1}` }},
	}
	for _, tt := range tests {
		p := mustParse(t, tt.pattern)
		measure := func(message string) time.Duration {
			shortest := time.Hour
			for range 3 {
				start := cpuTime(t)
				p.Match(message)
				shortest = min(shortest, cpuTime(t)-start)
			}
			return max(shortest, 10*time.Microsecond)
		}
		once, often := measure(tt.message(size)), measure(tt.message(8*size))
		if often > 32*once {
			t.Errorf("%s: %v for %d bytes, %v for eight times as many", tt.name, once, size, often)
		}
		t.Logf("%-40s %8v, times 8: %8v", tt.name, once, often)
	}
}

// BenchmarkMatch applies patterns to a JSON event of slog of about 250 bytes, and to a line of a
// web server. For comparison, encoding/json validates the same event.
func BenchmarkMatch(b *testing.B) {
	b.Run("json.Valid", func(b *testing.B) {
		event := []byte(slogEvent)
		b.SetBytes(int64(len(event)))
		for b.Loop() {
			json.Valid(event)
		}
	})
	for _, bb := range []struct{ name, pattern, message string }{
		{"term", `"request served"`, slogEvent},
		{"JSON, one condition", `{ $.level = "INFO" }`, slogEvent},
		{"JSON, two conditions", `{ $.level = "INFO" && $.status >= 200 }`, slogEvent},
		{"JSON, nested", `{ $.user.id = 17 || $.ok IS FALSE }`, slogEvent},
		{"JSON, wildcard", `{ $.* = "jane" || $.user.* = "jane" }`, slogEvent},
		{"JSON, regex", `{ $.path = %^/v1/orders/\d+$% }`, slogEvent},
		{"JSON, missing text", `{ $.level = "ERROR" }`, slogEvent},
		{"JSON, missing number", `{ $.status = 500 }`, slogEvent},
		{"line", `[ip, ..., status = 4*, size > 1000]`, apache},
		{"regex", `%orders/[0-9]+%`, slogEvent},
	} {
		p := mustParse(b, bb.pattern)
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bb.message)))
			for b.Loop() {
				p.Match(bb.message)
			}
		})
	}
}
