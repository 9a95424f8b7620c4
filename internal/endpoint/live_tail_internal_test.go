package endpoint

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// A session that is not read keeps a bounded number of bytes, and the SDK accepts the frame of an
// update.
func TestUnreadSessionIsBounded(t *testing.T) {
	tail := newSession(sessionStart{}, func(string) bool { return true })
	tail.groups = []string{"g"}
	// Control characters take the most space in JSON.
	large := strings.Repeat("\x01", maxEventBytes-eventOverhead)
	stream := strings.Repeat("\x01", 512)
	for second := range 15 {
		for i := range 40 {
			tail.offer(Arrival{"g", stream, 1, 1, []inputEvent{{Timestamp: 1, Message: large}, {Timestamp: 2, Message: large[:i*1000]}}})
		}
		if tail.bytes > maxUpdateBytes {
			t.Fatalf("second %d: %d bytes", second, tail.bytes)
		}
		tail.tick()
		if n := len(tail.updates); n > maxPendingUpdates {
			t.Fatalf("%d updates are pending", n)
		}
	}
	for _, u := range tail.updates {
		if !u.Metadata.Sampled || len(u.Results) == 0 {
			t.Errorf("an update of %d events, sampled %v", len(u.Results), u.Metadata.Sampled)
		}
	}
	const decoderLimit = 24 << 20 // of the payload; source: botocore, eventstream.py
	if frame, ok := tail.next(); !ok || len(frame) > decoderLimit || len(frame) < decoderLimit/2 {
		t.Errorf("a frame of %d bytes", len(frame))
	}
}

// The pattern decides which events are shown and counted.
func TestSessionSamplesMatches(t *testing.T) {
	tail := newSession(sessionStart{}, func(message string) bool { return strings.HasPrefix(message, "a") })
	tail.groups = []string{"g"}
	var events []inputEvent
	for i := range 600 {
		events = append(events, inputEvent{Timestamp: 1, Message: fmt.Sprint("b", i)}, inputEvent{Timestamp: 1, Message: fmt.Sprint("a", i)})
	}
	tail.offer(Arrival{"g", "s", 1, 1, events[:1000]})
	tail.tick()
	if u := tail.updates[0]; u.Metadata.Sampled || len(u.Results) != 500 || u.Results[499].Message != "a499" {
		t.Errorf("%d events, sampled %v", len(u.Results), u.Metadata.Sampled)
	}
	tail.offer(Arrival{"g", "s", 1, 1, events})
	tail.tick()
	if u := tail.updates[1]; !u.Metadata.Sampled || len(u.Results) != 500 {
		t.Errorf("%d events, sampled %v", len(u.Results), u.Metadata.Sampled)
	}
}

// BenchmarkSessions measures what open sessions cost PutLogEvents per event.
func BenchmarkSessions(b *testing.B) {
	events := make([]inputEvent, 1000)
	for i := range events {
		events[i] = inputEvent{Timestamp: time.Now().UnixMilli(), Message: fmt.Sprint("request ", i, " took 17 ms")}
	}
	for _, sessions := range []int{0, 1, maxSessions} {
		b.Run(fmt.Sprint(sessions), func(b *testing.B) {
			var a arrivals
			var open []*session
			for range sessions {
				t := newSession(sessionStart{}, func(string) bool { return true })
				t.groups = []string{"g"}
				open = append(open, t)
				a.subscribe(t.offer)
			}
			for i := 0; b.Loop(); i++ {
				a.publish(Arrival{"g", "s", 1, 1, events})
				if i%100 == 0 {
					for _, t := range open {
						t.tick()
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
		})
	}
}

// TestFrame compares a frame with its bytes, assembled by hand. The checksums are those of zlib.
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

func TestSDKDecodesFrames(t *testing.T) {
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

// FuzzFrame checks that the SDK decodes what was encoded, also after another frame.
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
