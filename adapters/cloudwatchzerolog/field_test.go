package cloudwatchzerolog

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// FuzzField compares field with encoding/json.
func FuzzField(f *testing.F) {
	for _, line := range []string{`{"time":"a"}`, `{"o":{"time":"b"},"time":"c"}`, `{"x":"\"time\":","time":"d\\"}`, `{"a":[{"time":1}],"time":2}`} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		_ = field([]byte(line), "time")
		var compact bytes.Buffer
		if strings.Contains(line, `\u`) || json.Compact(&compact, []byte(line)) != nil || compact.Bytes()[0] != '{' {
			return // field does not find names with escapes; other values must only not panic
		}
		got := field(compact.Bytes(), "time")
		var object map[string]json.RawMessage
		if err := json.Unmarshal(compact.Bytes(), &object); err != nil {
			return
		}
		want, found := object["time"]
		if found && (want[0] == '{' || want[0] == '[') {
			return // not a time
		}
		if found != (got != nil) || string(got) != string(want) {
			t.Errorf("%s: got %s, want %s", compact.String(), got, want)
		}
	})
}
