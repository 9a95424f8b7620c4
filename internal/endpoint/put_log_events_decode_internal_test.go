package endpoint

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// putBodies are bodies of PutLogEvents. fast means that decodePut decodes the body.
var putBodies = []struct {
	body string
	fast bool
}{
	{`{"logEvents":[{"message":"m","timestamp":1}],"logGroupName":"g","logStreamName":"s"}`, true},
	{`{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":0,"message":""},{"message":"two","timestamp":1790000000000}]}`, true},
	{" {\n\t\"logGroupName\" : \"g\" , \"logEvents\" : [ { \"timestamp\" : -5 , \"message\" : \"x\" } ]\r\n} ", true},
	{`{"logEvents":[{"message":"\"\\\/\b\f\n\r\t\u0000\u003c\u00e9\u20ACü€😀","timestamp":1}]}`, true},
	{`{"sequenceToken":"49\u0020","logEvents":[{"message":"m","timestamp":999999999999999999}]}`, true},
	{`{"logGroupName":""}`, true},

	{`{"logEvents":[{"message":"\ud83d\ude00 \ud800","timestamp":1}]}`, false}, // surrogates
	{`{"logEvents":[{"message":"m","timestamp":1.0}]}`, false},
	{`{"logEvents":[{"message":"m","timestamp":1e3}]}`, false},
	{`{"logEvents":[{"message":"m","timestamp":01}]}`, false},
	{`{"logEvents":[{"message":"m","timestamp":9223372036854775807}]}`, false},
	{`{"logEvents":[{"message":"m","timestamp":9223372036854775808}]}`, false},
	{`{"logEvents":[{"message":"m","timestamp":-}]}`, false},
	{`{"logEvents":[{"message":"m","timestamp":null}]}`, false},
	{`{"logEvents":[{"message":null,"timestamp":1}]}`, false},
	{`{"logEvents":[{"message":"m"}]}`, false},
	{`{"logEvents":[{"timestamp":1}]}`, false},
	{`{"logEvents":[{"message":"a","message":"b","timestamp":1}]}`, false},
	{`{"logEvents":[{"message":"a","timestamp":1},]}`, false},
	{`{"logEvents":[{"message":"a","timestamp":1}],"logEvents":[{"message":"b","timestamp":2}]}`, false},
	{`{"logEvents":[],"logGroupName":"g"}`, false},
	{`{"logEvents":null,"logGroupName":"g"}`, false},
	{`{"logGroupName":null}`, false},
	{`{"logGroupName":"a","logGroupName":"b"}`, false},
	{`{"LOGGROUPNAME":"g"}`, false},
	{`{"logGroupName":"g","entity":{"keyAttributes":{"Type":"Service"}}}`, false},
	{`{"logGroupName":"g","unknown":[1,{"a":2}]}`, false},
	{`{}`, false},
	{`{"logGroupName":"g"} x`, false},
	{`{"logGroupName":"g"`, false},
	{`{"logGroupName":"g\u12"}`, false},
	{`{"logGroupName":"g\x"}`, false},
	{"{\"logGroupName\":\"g\n\"}", false},
	{`{"logGroupName":"g\`, false},
	{`[{"logGroupName":"g"}]`, false},
	{`{"sequenceToken":5}`, false},
	{`}`, false},
	{`{"logEvents":]}`, false},
	{`{"logEvents":[}]}`, false},
	{``, false},
}

func TestDecodePut(t *testing.T) {
	for _, test := range putBodies {
		if got := compareDecoders(t, []byte(test.body)); got != test.fast {
			t.Errorf("%s: decoded fast: %v, want %v", test.body, got, test.fast)
		}
	}
}

func FuzzDecodePut(f *testing.F) {
	for _, test := range putBodies {
		f.Add([]byte(test.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if utf8.Valid(body) {
			compareDecoders(t, body)
		}
	})
}

// compareDecoders reports whether decodePut decodes a body. If so, the result must be that of
// encoding/json.
func compareDecoders(t *testing.T, body []byte) bool {
	t.Helper()
	got, ok := decodePut(body)
	if !ok {
		return false
	}
	want := new(putLogEvents)
	if err := json.Unmarshal(body, want); err != nil {
		t.Fatalf("decodes %q, which has an error: %v", body, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("decodes %q to %+v, want %+v", body, got, want)
	}
	return true
}

func BenchmarkDecodePut(b *testing.B) {
	event := fmt.Sprintf(`{"message":%q,"timestamp":1790000000000}`, `{"time":"2026-11-22T12:00:00Z","level":"INFO","msg":"`+strings.Repeat("m", 190)+`"}`)
	body := []byte(`{"logEvents":[` + strings.Repeat(event+",", 3499) + event + `],"logGroupName":"g","logStreamName":"s"}`)
	for name, decode := range map[string]func() bool{
		"ours": func() bool { _, ok := decodePut(body); return ok },
		"json": func() bool { return json.Unmarshal(body, new(putLogEvents)) == nil },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if !decode() {
					b.Fatal("not decoded")
				}
			}
		})
	}
}
