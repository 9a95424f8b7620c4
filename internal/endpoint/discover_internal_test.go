package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// FuzzDiscover compares discover with another implementation, for messages in which each name
// occurs once.
func FuzzDiscover(f *testing.F) {
	for _, seed := range []string{"", "x", "{", `{"a":{"b":[1,true,null,{"c":"x"}]},"@d":1e400,"":{}}`, `[1]`, `{"a":1}{}`, `{"é\u0000":"\ud800"}`, strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, message string) {
		if got := discover(message); len(got) > maxDiscovered {
			t.Fatalf("%d fields", len(got))
		}
		d := json.NewDecoder(strings.NewReader(message))
		d.UseNumber()
		var v map[string]any
		if !json.Valid([]byte(message)) || d.Decode(&v) != nil || v == nil {
			if got := discover(message); len(got) > 0 {
				t.Fatalf("%q has %v", message, got)
			}
			return
		}
		var once bytes.Buffer
		if err := json.NewEncoder(&once).Encode(v); err != nil {
			t.Fatal(err)
		}
		want := make(map[string]string)
		clash := false
		var walk func(path []string, v any)
		walk = func(path []string, v any) {
			switch v := v.(type) {
			case map[string]any:
				for k, member := range v {
					walk(append(path[:len(path):len(path)], k), member)
				}
			case []any:
				for i, member := range v {
					walk(append(path[:len(path):len(path)], fmt.Sprint(i)), member)
				}
			case nil:
			default:
				name := strings.Join(path, ".")
				if strings.HasPrefix(name, "@") {
					name = "@" + name
				}
				_, there := want[name]
				clash = clash || there
				want[name] = fmt.Sprint(v)
			}
		}
		walk(nil, v)
		if clash || len(want) > maxDiscovered {
			return // "a.b" may also be the field b of a
		}
		if got := discover(once.String()); !maps.Equal(got, want) {
			t.Fatalf("%q: got %v, want %v", once.String(), got, want)
		}
	})
}
