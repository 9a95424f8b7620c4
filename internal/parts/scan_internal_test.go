package parts

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

var scanned = []string{
	`{}`, ` {"a" : [ ] , "b":{}, "c":[1,-0.5e+10,0,1E3,2e-1] } `,
	`{"time":"2026-11-30T12:00:00Z","level":"ERROR","msg":"m","a":{"b":[true,false,null,"\u00e9\"\\\/\b\f\n\r\t"]}}`,
	`{"\u006fversize":1,"a":"` + strings.Repeat("x", 100) + `","é":[[[[{"a":[{}]}]]]]}`,
}

func scanOf(text string) verdict {
	o := &outline{text: []byte(text), limit: 256}
	return o.scan()
}

// TestScanOfABeginning: it is neither taken for complete nor for invalid.
func TestScanOfABeginning(t *testing.T) {
	for _, text := range scanned {
		text = strings.TrimRight(text, " ")
		for n := range len(text) {
			if v := scanOf(text[:n]); v != incomplete {
				t.Errorf("%q: %v", text[:n], v)
			}
		}
	}
}

// FuzzScan: what is a JSON object is what encoding/json says is one.
func FuzzScan(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, text := range append(scanned, `[]`, `1`, `{"a":01}`, `{"a":1.}`, `{"a":1e}`, `{"a":-}`, `{"a":tru}`, `{"a":nul}`, `{"a":1}}`, `{"a" 1}`, `{,}`, `{"a":1,}`, `[1,]`, `{"a":"\x"}`, `{"a":"\u00g0"}`, "{\"a\":\"\n\"}", `{"a":[1}`, `{"a":{"b":1]}`, `{a:1}`, "{\v}", `{"a":"`+"\x7f"+`"}`) {
		f.Add(text)
		for range 20 { // one byte is another
			b := []byte(text)
			b[random.IntN(len(b))] = `{}[],:"\ 01e.-tu`[random.IntN(16)]
			f.Add(string(b))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := json.Valid([]byte(text)) && strings.HasPrefix(strings.TrimLeft(text, space), "{")
		if v := scanOf(text); v != tooDeep && (v == complete) != want {
			t.Errorf("%q: %v, want complete: %t", text, v, want)
		}
	})
}

// TestHeaderIsBounded: however many members are called like one, they leave room.
func TestHeaderIsBounded(t *testing.T) {
	for _, limit := range []int{256, 1000, 1 << 20} {
		for _, member := range []string{`"time":"2026-11-30T12:00:00Z",`, `"msg":"` + strings.Repeat("m", 5000) + `",`, `"level":` + strings.Repeat("1", 60) + `,`} {
			o := &outline{text: []byte(`{` + strings.Repeat(member, min(100_000, 8<<20/len(member))) + `"a":1}`), limit: limit}
			if v := o.scan(); v != complete {
				t.Fatal(v)
			}
			header := string(o.appendHeader(nil))
			if len(header) > limit/2+1 || len(header) < 60 || !json.Valid([]byte(header+`"a":1}`)) {
				t.Errorf("at most %d: %d bytes: %.300s", limit, len(header), header)
			}
		}
	}
}
