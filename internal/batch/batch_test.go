package batch_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

var head = batch.Head("g", "s")

func TestHeadAndEventOnTheWire(t *testing.T) {
	b := batch.New(batch.Head(`a"\b`, "stream\n\xff"), 0, 0)
	b.Add(event(1763812800123, "say \"hi\"\n"))
	b.Add(event(1763812800124, "\xff"))
	const want = `{"logGroupName":"a\"\\b","logStreamName":"stream\n` + "\ufffd" + `","logEvents":[` +
		`{"timestamp":1763812800123,"message":"say \"hi\"\n"},` +
		`{"timestamp":1763812800124,"message":"` + "\ufffd" + `"}]}`
	if got := string(b.Seal()); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestFits(t *testing.T) {
	const day = int64(24 * time.Hour / time.Millisecond)
	full := batch.MaxBytes - 2*batch.EventOverhead // the messages of two events that fill a batch
	tests := []struct {
		rule string
		have []batch.Event
		add  batch.Event
		want bool
	}{
		{"an empty batch takes any event", nil, sized(0, batch.MaxBytes*2), true},
		{"1,048,576 bytes fit, the overhead of both events included", []batch.Event{sized(0, full-1)}, sized(0, 1), true},
		{"one more does not", []batch.Event{sized(0, full-1)}, sized(0, 2), false},
		{"what counts is the message, not the wire", []batch.Event{{Size: 1, Wire: make([]byte, batch.MaxBytes)}}, sized(0, 1), true},
		{"10,000 events fit", many(9_999), sized(0, 1), true},
		{"10,001 do not", many(10_000), sized(0, 1), false},
		{"24 hours fit", []batch.Event{sized(0, 1)}, sized(day, 1), true},
		{"a millisecond more does not", []batch.Event{sized(0, 1)}, sized(day+1, 1), false},
		{"24 hours back fit", []batch.Event{sized(day, 1)}, sized(0, 1), true},
		{"a millisecond more does not", []batch.Event{sized(day+1, 1)}, sized(0, 1), false},
		{"the span is that of all events, not to the last one", []batch.Event{sized(0, 1), sized(day, 1), sized(5, 1)}, sized(day+1, 1), false},
		{"between the oldest and the newest there is room", []batch.Event{sized(0, 1), sized(day, 1)}, sized(day/2, 1), true},
	}
	for _, tt := range tests {
		b := batch.New(head, 0, 0)
		for _, e := range tt.have {
			b.Add(e)
		}
		if got := b.Fits(tt.add); got != tt.want {
			t.Errorf("%s: Fits = %v with %d events of %d bytes", tt.rule, got, b.Len(), b.Bytes())
		}
	}
}

// TestLargestMessage: the largest event fills a batch alone, to the byte.
func TestLargestMessage(t *testing.T) {
	b := batch.New(head, 0, 0)
	b.Add(event(0, strings.Repeat("x", batch.MaxEventBytes)))
	if b.Bytes() != 1_048_576 {
		t.Errorf("it counts %d bytes, want 1,048,576", b.Bytes())
	}
	if b.Fits(sized(0, 0)) {
		t.Error("there is room for another one")
	}
}

func TestSealPutsEventsInOrder(t *testing.T) {
	tests := []struct {
		rule  string
		times []int64
		want  []int // by when they came in
	}{
		{"no event", nil, nil},
		{"in order already", []int64{1, 2, 3}, []int{0, 1, 2}},
		{"backwards", []int64{3, 2, 1}, []int{2, 1, 0}},
		{"the same time: as they came in", []int64{5, 5, 5}, []int{0, 1, 2}},
		{"the same time, out of order", []int64{5, 1, 5, 1, 5}, []int{1, 3, 0, 2, 4}},
		{"only the last one is early", []int64{1, 2, 3, 0}, []int{3, 0, 1, 2}},
		{"between two others", []int64{1, 3, 2}, []int{0, 2, 1}},
		{"in order again behind one that was not", []int64{2, 1, 3}, []int{1, 0, 2}},
	}
	for _, tt := range tests {
		b := batch.New(head, 0, 0)
		for i, at := range tt.times {
			b.Add(event(at, fmt.Sprint(i)))
		}
		var want []logEvent
		for _, i := range tt.want {
			want = append(want, logEvent{tt.times[i], fmt.Sprint(i)})
		}
		if got := decode(t, b.Seal()); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", tt.rule, got, want)
		}
	}
}

// TestAddCopies: an event may be changed once it was added.
func TestAddCopies(t *testing.T) {
	b := batch.New(head, 0, 0)
	e := event(1, "kept")
	b.Add(e)
	copy(e.Wire, "overwritten")
	if got := decode(t, b.Seal()); got[0].Message != "kept" {
		t.Errorf("got %v", got)
	}
}

// TestRandomBatches fills batches as the queue does, in the memory of the
// one before it.
func TestRandomBatches(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	b := batch.New(head, 0, 0)
	for range 50 {
		if checkRandomBatch(t, r, b); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// checkRandomBatch fills the batch, which may have been used before.
func checkRandomBatch(t *testing.T, r *rand.Rand, b *batch.Batch) {
	b.Reset()
	var m model
	held := 0
	spread := []int64{1, 10, 1000, 100_000_000}[r.IntN(4)] // in ms; the last one is more than a day
	long := []int{3, 100, 10_000}[r.IntN(3)]
	for range r.IntN(120) {
		message := randomMessage(r, long)
		e := event(1_763_812_800_000+r.Int64N(spread), message)
		longer := m.with(logEvent{e.Time, clean(message)})
		fits := len(m.events) == 0 || longer.withinLimits()
		if b.Fits(e) != fits {
			t.Errorf("Fits = %v, want %v, at %d events of %d bytes", !fits, fits, b.Len(), b.Bytes())
		}
		if !fits {
			continue // a later one may fit
		}
		b.Add(e)
		m = longer
		held += e.Held()
	}
	want := m.events
	check := func(when string) {
		if b.Len() != len(want) || b.Bytes() != m.size || b.Held() != held {
			t.Errorf("%s: Len %d, Bytes %d, Held %d; want %d, %d, %d", when, b.Len(), b.Bytes(), b.Held(), len(want), m.size, held)
		}
	}
	check("before Seal")
	slices.SortStableFunc(want, func(x, y logEvent) int { return int(x.Timestamp - y.Timestamp) })
	body := b.Seal()
	if got := decode(t, body); !slices.Equal(got, want) {
		t.Errorf("the body has other events, or in another order")
	}
	check("after Seal")
	if extra := len(body) - len(head) - len("]}"); extra > held {
		t.Errorf("%d bytes of events in the body, but only %d are held", extra, held)
	}
}

// model counts in its own way.
type model struct {
	events         []logEvent
	size           int
	oldest, newest int64
}

func (m model) with(e logEvent) model {
	if len(m.events) == 0 {
		m.oldest, m.newest = e.Timestamp, e.Timestamp
	}
	m.events = append(m.events, e)
	m.size += len(e.Message) + 26
	m.oldest, m.newest = min(m.oldest, e.Timestamp), max(m.newest, e.Timestamp)
	return m
}

func (m model) withinLimits() bool {
	return len(m.events) <= 10_000 && m.size <= 1_048_576 && m.newest-m.oldest <= 86_400_000
}

func FuzzAppendEvent(f *testing.F) {
	for _, message := range []string{"", "plain", "\"\\\n\x00", "\xff\xfe", "\xed\xa0\x80", "\u2028\ufffd\U0001f600", `{"a":"b"}`} {
		f.Add(int64(1763812800123), message)
	}
	f.Fuzz(func(t *testing.T, at int64, message string) {
		b := batch.New(head, 0, 0)
		b.Add(event(at, message))
		got := decode(t, b.Seal())
		if want := []logEvent{{at, clean(message)}}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

type logEvent struct {
	Timestamp int64
	Message   string
}

func event(at int64, message string) batch.Event {
	wire, size := new(batch.Encoder).AppendEvent(nil, at, []byte(message))
	return batch.Event{Time: at, Size: size, Wire: wire}
}

// sized is an event of which only time and size matter.
func sized(at int64, size int) batch.Event { return batch.Event{Time: at, Size: size} }

func many(n int) []batch.Event { return slices.Repeat([]batch.Event{sized(0, 1)}, n) }

// decode reads a body strictly.
func decode(t *testing.T, body []byte) []logEvent {
	t.Helper()
	var got struct {
		LogGroupName  string     `json:"logGroupName"`
		LogStreamName string     `json:"logStreamName"`
		LogEvents     []logEvent `json:"logEvents"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil || dec.More() {
		t.Fatalf("the body is not JSON: %v\n%.1000q", err, body)
	}
	if got.LogGroupName != "g" || got.LogStreamName != "s" {
		t.Errorf("it goes to %s/%s", got.LogGroupName, got.LogStreamName)
	}
	return got.LogEvents
}

// clean replaces each invalid byte by U+FFFD.
func clean(message string) string { return string([]rune(message)) }

// randomMessage has up to n pieces, each a few bytes long.
func randomMessage(r *rand.Rand, n int) string {
	pieces := []string{"a", "word ", "\"", "\\", "\n", "\x00", "\u00e9", "\u65e5", "\U0001f600", "\xff", "\xe2\x80", "{\"k\":1}"}
	return strings.Repeat(pieces[r.IntN(len(pieces))], r.IntN(n)) + pieces[r.IntN(len(pieces))]
}

// TestEncoderRemembersTheSecond: events of other seconds are not mixed up, and
// small times are still numbers.
func TestEncoderRemembersTheSecond(t *testing.T) {
	var enc batch.Encoder
	for _, at := range []int64{0, 7, 999, 1000, 1001, 1_763_812_800_000, 1_763_812_800_007, 1_763_812_800_999, 1_763_812_801_000, 1000, 5} {
		wire, size := enc.AppendEvent([]byte("x"), at, []byte("m"))
		want := fmt.Sprintf(`x{"timestamp":%d,"message":"m"}`, at)
		if string(wire) != want || size != 1 {
			t.Errorf("got %s of size %d, want %s", wire, size, want)
		}
	}
}
