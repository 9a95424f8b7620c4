package endpoint

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// TestFrame compares a frame with its bytes, put together by hand. The checksums
// are those of zlib.
func TestFrame(t *testing.T) {
	want := "00000019" + // the frame has 25 bytes
		"00000007" + // 7 of them are headers
		"96b6bf39" +
		"01" + "61" + "07" + "0002" + "6263" + // a: bc
		"7b7d" +
		"083b96d8"
	got := appendFrame([]byte("before"), []header{{"a", "bc"}}, []byte("{}"))
	if got := hex.EncodeToString(got[len("before"):]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// decodeFrames reads frames with the SDK's decoder.
func decodeFrames(t *testing.T, b []byte) (messages []eventstream.Message) {
	t.Helper()
	r, decoder := bytes.NewReader(b), eventstream.NewDecoder()
	for {
		m, err := decoder.Decode(r, nil)
		if errors.Is(err, io.EOF) && r.Len() == 0 {
			return messages
		}
		if err != nil {
			t.Fatalf("frame %d: %v", len(messages), err)
		}
		messages = append(messages, m)
	}
}

func TestFramesAreWhatTheSDKReads(t *testing.T) {
	b := appendEvent(nil, "initial-response", []byte("{}"))
	b = appendEvent(b, "sessionUpdate", bytes.Repeat([]byte("x"), 1<<20))
	b = append(b, exceptionFrame("SessionTimeoutException", "over <&>")...)
	b = appendFrame(b, nil, nil)
	got := decodeFrames(t, b)
	if len(got) != 4 {
		t.Fatalf("%d frames", len(got))
	}
	for i, want := range []map[string]string{
		{":message-type": "event", ":event-type": "initial-response", ":content-type": "application/json"},
		{":message-type": "event", ":event-type": "sessionUpdate", ":content-type": "application/json"},
		{":message-type": "exception", ":exception-type": "SessionTimeoutException", ":content-type": "application/json"},
		{},
	} {
		if len(got[i].Headers) != len(want) {
			t.Errorf("frame %d has the headers %v", i, got[i].Headers)
		}
		for name, value := range want {
			if h := got[i].Headers.Get(name); h == nil || h.String() != value {
				t.Errorf("frame %d: %s is %v, want %s", i, name, h, value)
			}
		}
	}
	if len(got[1].Payload) != 1<<20 || string(got[2].Payload) != `{"message":"over \u003c\u0026\u003e"}` || len(got[3].Payload) != 0 {
		t.Errorf("payloads of %d bytes, %s, %d bytes", len(got[1].Payload), got[2].Payload, len(got[3].Payload))
	}
}

// FuzzFrame: the SDK reads what was written, also after another frame.
func FuzzFrame(f *testing.F) {
	f.Add("", "", []byte(nil))
	f.Add(":event-type", "sessionUpdate", []byte(`{"sessionResults":[]}`))
	f.Add(strings.Repeat("n", 255), strings.Repeat("v", 32767), []byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, name, value string, payload []byte) {
		if name == "" || len(name) > 255 || len(value) > 32767 || len(payload) > 1<<20 {
			return // a header has a name, and neither grows beyond its length field
		}
		b := appendFrame(nil, []header{{"first", "1"}, {name, value}}, payload)
		for _, m := range decodeFrames(t, appendFrame(b, []header{{"first", "1"}, {name, value}}, payload)) {
			h := m.Headers.Get(name)
			if h == nil || !bytes.Equal(m.Payload, payload) || name != "first" && h.String() != value {
				t.Fatalf("got %v, payload %q", m.Headers, m.Payload)
			}
		}
	})
}
