package parts_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/parts"
)

const header = `"time":"2026-11-30T12:00:00Z","level":"ERROR","msg":"import failed"`

// TestParts shows what the parts look like.
func TestParts(t *testing.T) {
	xs := func(n int) string { return strings.Repeat("x", n) }
	const of2 = `"oversize":{"id":"3f2a9c10","part":%d,"of":2`
	tests := []struct {
		rule, text string
		want       []string
	}{
		{
			"the longest value is cut, and the other part has its rest",
			`{` + header + `,"req":{"status":500,"body":"` + xs(350) + `"}}`,
			[]string{
				`{` + header + `,"req":{"status":500,"body":"` + xs(251) + `"},` + fmt.Sprintf(of2, 1) + `}}`,
				`{` + header + `,` + fmt.Sprintf(of2, 2) + `,"rest":{"/req/body":"` + xs(99) + `"}}}`,
			},
		},
		{
			"no escape is cut",
			`{` + header + `,"a":"` + strings.Repeat(`\ud83d\ude00`, 30) + `"}`,
			[]string{
				`{` + header + `,"a":"` + strings.Repeat(`\ud83d\ude00`, 22) + `",` + fmt.Sprintf(of2, 1) + `}}`,
				`{` + header + `,` + fmt.Sprintf(of2, 2) + `,"rest":{"/a":"` + strings.Repeat(`\ud83d\ude00`, 8) + `"}}}`,
			},
		},
		{
			"what is no string is cut as JSON text",
			`{` + header + `,"req":{"status":500},"a":[` + strings.Repeat(`"b",`, 80) + `1]}`,
			[]string{
				`{` + header + `,"req":{"status":500},"a":"[` + strings.Repeat(`\"b\",`, 42) + `",` + fmt.Sprintf(of2, 1) + `}}`,
				`{` + header + `,` + fmt.Sprintf(of2, 2) + `,"json":{"/a":"` + strings.Repeat(`\"b\",`, 38) + `1]"}}}`,
			},
		},
		{
			"the message itself, which does not fit: each part has its beginning",
			`{"level":"ERROR","message":"` + xs(450) + `"}`,
			[]string{
				`{"level":"ERROR","message":"` + xs(321) + `",` + fmt.Sprintf(of2, 1) + `}}`,
				`{"level":"ERROR","message":"` + xs(50) + `",` + fmt.Sprintf(of2, 2) + `,"rest":{"/message":"` + xs(129) + `"}}}`,
			},
		},
		{
			"a key with escapes is the same key",
			`{"\u006cevel":"ERROR","m\u0073g":"m","body":"` + xs(450) + `"}`,
			[]string{
				`{"\u006cevel":"ERROR","m\u0073g":"m","body":"` + xs(304) + `",` + fmt.Sprintf(of2, 1) + `}}`,
				`{"\u006cevel":"ERROR","m\u0073g":"m",` + fmt.Sprintf(of2, 2) + `,"rest":{"/body":"` + xs(146) + `"}}}`,
			},
		},
		{
			"where pointers are ambiguous there is the text",
			`{` + header + `,"a":"` + xs(350) + `","a":1}`,
			[]string{
				`{` + header + `,` + fmt.Sprintf(of2, 1) + `,"text":"{\"time\":\"2026-11-30T12:00:00Z\",\"level\":\"ERROR\",\"msg\":\"import failed\",\"a\":\"` + xs(183) + `"}}`,
				`{` + header + `,` + fmt.Sprintf(of2, 2) + `,"text":"` + xs(167) + `\",\"a\":1}"}}`,
			},
		},
	}
	for _, tt := range tests {
		const limit = 400
		got := split(tt.text, limit, 1000)
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.rule, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
		if err := check(tt.text, limit, got); err != nil {
			t.Errorf("%s: %v", tt.rule, err)
		}
	}
}

// TestTruncated shows what a first part alone looks like.
func TestTruncated(t *testing.T) {
	long := strings.Repeat("x", 300)
	tests := []struct{ text, want string }{
		{`{"level":"ERROR","a":"` + long + `"}`, `{"level":"ERROR","a":"` + long[:204] + `","oversize":{"left_out":96}}`},
		{long, long[:225] + " [truncated, 75 bytes left out]"},
		{`{"level":"ERROR","` + long + `":1}`, `{"level":"ERROR","oversize":{"left_out":139,"text":"{\"level\":\"ERROR\",\"` + long[:165] + `"}}`},
	}
	for _, tt := range tests {
		if got := truncate(tt.text, 256, 7); len(got) != 1 || got[0] != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// TestEachPartMatchesFilters: level and time are in each part as they were, and a message of
// ordinary length too, whichever logger has written them.
func TestEachPartMatchesFilters(t *testing.T) {
	body := strings.Repeat(`line of a body\n`, 20_000)
	headers := []string{
		`"time":"2026-11-30T12:00:00.123456789+07:00","level":"ERROR","msg":"import failed"`,
		`"level":"error","ts":1764504000.1234567,"caller":"a.go:1","msg":"import failed"`,
		`"level":50,"timestamp":1764504000123,"message":"import failed"`,
		`"@timestamp":"2026-11-30T12:00:00Z","log.level":"error","message":"import failed"`,
		`"@level":"error","@message":"import failed","@timestamp":"2026-11-30T12:00:00Z"`,
		`"severity":"ERROR","message":"import failed"`,
	}
	for _, header := range headers {
		for _, text := range []string{
			`{` + header + `,"body":"` + body + `"}`,
			`{"body":"` + body + `",` + header + `}`, // as zerolog does
			`{"body":[` + strings.Repeat("1,", 100_000) + `1],` + header + `}`,
			`{` + header + `,"body":"` + body + `","body":1}`,
			`{` + header + `,"` + body + `":1}`,
			`{` + header + `,"body":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
		} {
			var want map[string]any
			json.Unmarshal([]byte(`{`+header+`}`), &want)
			delete(want, "caller")
			list := split(text, 8192, 1<<20)
			if err := check(text, 8192, list); err != nil {
				if !strings.Contains(text, "[[[") {
					t.Error(err)
				}
			}
			for i, part := range list {
				var got map[string]any
				if err := json.Unmarshal([]byte(part), &got); err != nil {
					t.Fatalf("%.200s: %v", part, err)
				}
				for name, value := range want {
					if got[name] != value {
						t.Fatalf("part %d of %.100s: %s is %v, want %v", i+1, text, name, got[name], value)
					}
				}
			}
		}
	}
}

// TestOnlyWhatIsLongIsCut: the first part has every key, and each short value as it was.
func TestOnlyWhatIsLongIsCut(t *testing.T) {
	numbers := "[" + strings.Repeat("1,", 500_000) + "1]"
	long := strings.Repeat("x", 700_000)
	tests := []struct{ rule, text, want string }{
		{"in groups", `{"a":{"b":{"c":"` + long + `","d":[1,2],"e":"f"},"g":"` + long + `"},"h":true}`, `{"a":{"b":{"d":[1,2],"e":"f"}},"h":true}`},
		{"in arrays", `{"a":["x","` + long + `",{"b":"` + long + `","c":null}],"d":1}`, `{"d":1}`},
		{"an array of numbers beside others", `{"req":{"status":500,"n":` + numbers + `,"user":"u"},"text":"` + long + `"}`, `{"req":{"status":500,"user":"u"}}`},
		{"two such arrays", `{"req":{"status":500,"n":` + numbers + `,"m":` + numbers + `},"a":[1,2,3]}`, `{"req":{"status":500},"a":[1,2,3]}`},
		{"a huge number", `{"n":` + strings.Repeat("9", 2<<20) + `,"b":1}`, `{"b":1}`},
		{"keys that are there twice elsewhere", `{"a":1,"a":2,"b":"` + long + long + `"}`, `{"a":2}`},
		{"odd keys", `{"a/b~c":{"\u002f\u007e":"` + long + long + `","":1}}`, `{"a/b~c":{"":1}}`},
	}
	for _, tt := range tests {
		list := split(tt.text, 1_048_550, 1<<20)
		if err := check(tt.text, 1_048_550, list); err != nil {
			t.Errorf("%s: %v", tt.rule, err)
		}
		var first, want map[string]any
		json.Unmarshal([]byte(list[0]), &first)
		json.Unmarshal([]byte(tt.want), &want)
		if !contains(first, want) {
			t.Errorf("%s: the first part is %.200s…, want %s in it", tt.rule, list[0], tt.want)
		}
		if len(list[0]) < 1_048_550-100 {
			t.Errorf("%s: the first part has only %d bytes", tt.rule, len(list[0]))
		}
	}
}

func contains(v, want any) bool {
	w, ok := want.(map[string]any)
	if !ok {
		return reflect.DeepEqual(v, want)
	}
	m, ok := v.(map[string]any)
	for key := range w {
		if !contains(m[key], w[key]) {
			return false
		}
	}
	return ok
}

// TestBeyondTheWindow: what is too large to be held has the text in its parts.
func TestBeyondTheWindow(t *testing.T) {
	const limit = 4096
	for _, n := range []int{parts.Window(limit) - 100, parts.Window(limit) + 100, 3 * parts.Window(limit)} {
		for _, form := range []string{`{` + header + `,"a":"%s"}`, `{` + header + `,"a":"%s`, `{` + header + `,a "%s"`, "%s"} {
			text := fmt.Sprintf(form, strings.Repeat("€\\n", n/5))
			for _, size := range []int{777, len(text)} {
				if err := check(text, limit, split(text, limit, size)); err != nil {
					t.Errorf("%.20s, %d bytes: %v", form, n, err)
				}
				if err := checkTruncated(text, limit, truncate(text, limit, size)); err != nil {
					t.Errorf("%.20s, %d bytes, truncated: %v", form, n, err)
				}
			}
		}
	}
}

// TestTimeIsLinear: a message that is eight times as long takes about eight times as long,
// whatever its shape.
func TestTimeIsLinear(t *testing.T) {
	shapes := map[string]func(n int) string{
		"a string": func(n int) string { return `{"a":"` + strings.Repeat("x", n) + `"}` },
		"escapes":  func(n int) string { return `{"a":"` + strings.Repeat(`\\`, n/2) + `"}` },
		"numbers":  func(n int) string { return `{"a":[` + strings.Repeat("1,", n/2) + `1]}` },
		"keys":     func(n int) string { return `{` + strings.Repeat(`"k":1,`, n/6) + `"k":1}` },
		"strings":  func(n int) string { return `{"a":[` + strings.Repeat(`"0123456789",`, n/13) + `1]}` },
		"groups": func(n int) string {
			return `{"a":` + strings.Repeat(`{"a":`, 5000) + `"` + strings.Repeat("x", n) + `"` + strings.Repeat("}", 5001)
		},
		"strings in depth": func(n int) string {
			return `{"a":` + strings.Repeat(`{"a":`, 3000) + `["` + strings.Repeat(strings.Repeat("x", 60)+`","`, n/63) + `"]` + strings.Repeat("}", 3001)
		},
		"space": func(n int) string { return `{"a":` + strings.Repeat(" ", n) + `1}` },
		"text":  func(n int) string { return strings.Repeat("x", n) },
	}
	for name, shape := range shapes {
		took := func(n int) time.Duration {
			text := shape(n)
			best := time.Hour
			for range 3 {
				start := time.Now()
				split(text, 1<<16, 1<<20)
				best = min(best, time.Since(start))
			}
			return best
		}
		small, large := took(1<<18), took(1<<21)
		if large > 40*small+50*time.Millisecond {
			t.Errorf("%s: 256 KiB take %v, 2 MiB %v", name, small, large)
		}
		t.Logf("%s: 256 KiB take %v, 2 MiB %v", name, small, large)
	}
}
