package deliver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

var testHead = batch.Head("g", "s")

// newEvent returns an event.
func newEvent(at int64, level account.Level, message string) batch.Event {
	wire, size := new(batch.Encoder).AppendEvent(nil, at, []byte(message))
	return batch.Event{Time: at, Size: size, Level: level, Wire: wire}
}

type sentEvent struct {
	Timestamp int64
	Message   string
}

// sent decodes a body.
func sent(t *testing.T, body []byte) []sentEvent {
	t.Helper()
	var got struct{ LogEvents []sentEvent }
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("the body is not JSON: %v\n%.500q", err, body)
	}
	return got.LogEvents
}

// 2026-11-01T10:20:30.007Z and some weeks later.
const (
	wasAt = 1_793_528_430_007
	nowAt = 1_795_348_800_500
)

func TestRestampMarks(t *testing.T) {
	const at = "2026-11-01T10:20:30.007Z"
	const note = " [restamped from " + at + "]"
	const member = `,"restamped":"` + at + `"}`
	long := strings.Repeat("x", batch.MaxEventBytes-len(note))
	longObject := `{"a":"` + strings.Repeat("y", batch.MaxEventBytes-len(`{"a":""`)-len(member)) + `"}`
	rows := []struct{ name, message, want string }{
		{"text", "hello", "hello" + note},
		{"an object", `{"a":1}`, `{"a":1` + member},
		{"an object as slog writes it", `{"time":"x","msg":"a \"b\" \\ \u00e9","n":{"m":[1,2]}}`, `{"time":"x","msg":"a \"b\" \\ \u00e9","n":{"m":[1,2]}` + member},
		{"an object with space inside", `{ "a" : 1 }`, `{ "a" : 1 ` + member},
		{"an empty object", `{}`, `{}` + note},
		{"an empty object with space", `{ }`, `{ }` + note},
		{"trailing space", `{"a":1} `, `{"a":1} ` + note},
		{"trailing newline", "{\"a\":1}\n", "{\"a\":1}\n" + note},
		{"leading space", ` {"a":1}`, ` {"a":1}` + note},
		{"two objects", `{"a":1}{"b":2}`, `{"a":1}{"b":2}` + note},
		{"a truncated object", `{"a":1`, `{"a":1` + note},
		{"an extra brace", `{"a":1}}`, `{"a":1}}` + note},
		{"an array", `[1]`, `[1]` + note},
		{"a brace", `}`, `}` + note},
		{"two braces, no object", `{x}`, `{x}` + note},
		{"other alphabets and control characters", "é\x00\x1b日本\U0001f600\"\\/", "é\x00\x1b日本\U0001f600\"\\/" + note},
		{"invalid bytes", "a\xffb", "a\ufffdb" + note},
		{"the end of an event's wire form", `"}`, `"}` + note},
		{"the middle of an event's wire form", `,"message":"`, `,"message":"` + note},
		{"a message with just enough room", long, long + note},
		{"one byte too many: unchanged", long + "x", long + "x"},
		{"an object with just enough room", longObject, longObject[:len(longObject)-1] + member},
		{"one byte too many: unchanged object", `{"b` + longObject[2:], `{"b` + longObject[2:]},
		{"the largest message", strings.Repeat("z", batch.MaxEventBytes), strings.Repeat("z", batch.MaxEventBytes)},
	}
	for _, row := range rows {
		batches := restamp(testHead, []batch.Event{newEvent(wasAt, account.Warn, row.message)}, nowAt, false)
		if len(batches) != 1 {
			t.Errorf("%s: %d batches", row.name, len(batches))
			continue
		}
		b := batches[0]
		got := sent(t, b.Body(0, 1))
		if got[0] != (sentEvent{nowAt, row.want}) {
			t.Errorf("%s: got %.200q at %d, want %.200q", row.name, got[0].Message, got[0].Timestamp, row.want)
		}
		if e := b.Event(0); e.Time != nowAt || e.Size != len(row.want) || e.Level != account.Warn || b.Bytes() != len(row.want)+26 {
			t.Errorf("%s: time %d, size %d, level %v, %d bytes counted; want %d, %d, WARN", row.name, e.Time, e.Size, e.Level, b.Bytes(), int64(nowAt), len(row.want))
		}
		if b.Bytes() > batch.MaxBytes {
			t.Errorf("%s: the batch is too large", row.name)
		}
		if wasObject := json.Valid([]byte(row.message)) && row.message[0] == '{'; wasObject && strings.HasSuffix(row.want, member) && !json.Valid([]byte(got[0].Message)) {
			t.Errorf("%s: the mark breaks the object", row.name)
		}
	}
}

func FuzzRestamp(f *testing.F) {
	for _, seed := range []string{"", "x", "{}", `{"a":"\\"}`, "{\"a\":1}\n", "\xff}", `{"\u007d":"}"}`} {
		f.Add(seed, int64(wasAt))
	}
	f.Fuzz(func(t *testing.T, message string, at int64) {
		at = max(at%1e14, -at%1e14, 0) // a valid timestamp
		before := newEvent(at, account.None, message)
		b := restamp(testHead, []batch.Event{before}, nowAt, false)[0]
		got := sent(t, b.Body(0, 1))[0]
		mark := fmt.Sprintf("restamped from %s]", time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z07:00"))
		text := sent(t, append(append(bytes.Clone(testHead), before.Wire...), "]}"...))[0].Message
		var object map[string]any
		switch {
		case len(got.Message) != b.Event(0).Size:
			t.Errorf("size %d of %q", b.Event(0).Size, got.Message)
		case strings.HasPrefix(got.Message, text) && strings.HasSuffix(got.Message, mark):
		case json.Unmarshal([]byte(got.Message), &object) != nil || object["restamped"] == nil:
			t.Errorf("%q became %q", text, got.Message)
		}
	})
}

// TestRestampSplitsBatches that exceed the limits of a request because of the marks.
func TestRestampSplitsBatches(t *testing.T) {
	rows := []struct {
		name      string
		n, length int // events, and length of each message
		want      int // batches
	}{
		{"few", 10, 10, 1},
		{"as many as a request holds", 10_000, 30, 1},
		{"a full batch of short messages", 10_000, 78, 2},
		{"two large messages", 2, batch.MaxEventBytes / 2, 2},
		{"one", 1, batch.MaxEventBytes, 1},
	}
	for _, row := range rows {
		var events []batch.Event
		for i := range row.n {
			e := newEvent(wasAt+int64(i), account.Level(i%int(account.Levels)), fmt.Sprintf("%0*d", row.length, i))
			events = append(events, e)
		}
		batches := restamp(testHead, events, nowAt, false)
		if len(batches) != row.want {
			t.Errorf("%s: %d batches, want %d", row.name, len(batches), row.want)
		}
		i := 0
		for _, b := range batches {
			if b.Bytes() > batch.MaxBytes || b.Len() > batch.MaxEvents || b.Oldest() != nowAt || b.Newest() != nowAt {
				t.Errorf("%s: a batch of %d events, %d bytes, from %d to %d", row.name, b.Len(), b.Bytes(), b.Oldest(), b.Newest())
			}
			for k, got := range sent(t, b.Body(0, b.Len())) {
				if !strings.HasPrefix(got.Message, fmt.Sprintf("%0*d", row.length, i)) || got.Timestamp != nowAt {
					t.Fatalf("%s: event %d is %.100q at %d", row.name, i, got.Message, got.Timestamp)
				}
				if e := b.Event(k); e.Size != len(got.Message) || e.Level != events[i].Level {
					t.Fatalf("%s: event %d has size %d, level %v; want %d, %v", row.name, i, e.Size, e.Level, len(got.Message), events[i].Level)
				}
				i++
			}
		}
		if i != row.n {
			t.Errorf("%s: %d of %d events", row.name, i, row.n)
		}
	}
}

func TestServiceClock(t *testing.T) {
	now := time.UnixMilli(nowAt)
	const day = 24 * time.Hour
	rows := []struct {
		name  string
		date  time.Duration // of the response, relative to now
		ahead time.Duration // then
	}{
		{"the same", 0, 0},
		{"seconds: below minSkew", -59 * time.Second, 0},
		{"almost a minute", 59 * time.Second, 0},
		{"a minute", time.Minute, time.Minute},
		{"ahead", 3 * time.Hour, 3 * time.Hour},
		{"behind", -30 * day, -30 * day},
	}
	for _, row := range rows {
		var c serviceClock
		if c.fresh(now) {
			t.Errorf("%s: fresh before the first answer", row.name)
		}
		c.learn(now.Add(row.date), now)
		if !c.fresh(now) || !c.fresh(now.Add(freshFor-1)) || c.fresh(now.Add(freshFor)) {
			t.Errorf("%s: not fresh for exactly %v", row.name, freshFor)
		}
		oldest, newest, at := c.window(now)
		want := now.Add(row.ahead)
		if oldest != want.Add(-14*day).UnixMilli() || newest != want.Add(2*time.Hour).UnixMilli() || at != want.UnixMilli() {
			t.Errorf("%s: from %d to %d at %d, want it around %d", row.name, oldest, newest, at, want.UnixMilli())
		}
	}
	c := serviceClock{}
	c.learn(now.Add(time.Hour), now)
	c.learn(now, now) // the clock was corrected
	if _, _, at := c.window(now); at != nowAt {
		t.Errorf("the last answer was ignored")
	}
	if c.doubted = true; c.fresh(now) {
		t.Error("fresh although the last answer had another time")
	}
}
