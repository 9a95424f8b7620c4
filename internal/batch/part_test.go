package batch_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// TestParts checks every part of batches that came in order or not: the body has
// exactly these events, and the sums are theirs.
func TestParts(t *testing.T) {
	const base = 1_763_812_800_000
	rows := map[string][]int64{
		"one event":    {base},
		"in order":     {base, base + 1, base + 1, base + 5, base + 5, base + 9},
		"out of order": {base + 5, base, base + 5, base + 9, base, base + 1, base + 9},
	}
	for name, times := range rows {
		t.Run(name, func(t *testing.T) {
			b := batch.New(head, 0, 0)
			var all []modelEvent
			for i, at := range times {
				m := modelEvent{logEvent{at, fmt.Sprintf("{\"n\":%d} \\ é", i)}, account.Level(i % int(account.Levels))}
				e := event(at, m.Message)
				e.Level = m.level
				b.Add(e)
				all = append(all, m)
			}
			slices.SortStableFunc(all, func(a, b modelEvent) int { return int(a.Timestamp - b.Timestamp) })
			whole := b.Seal()
			for from := range all {
				for to := from + 1; to <= len(all); to++ {
					checkPart(t, b, all, from, to)
				}
			}
			if &b.Body(0, b.Len())[0] != &whole[0] {
				t.Error("the body of all events is a copy")
			}
			for oldest := int64(base - 1); oldest <= base+10; oldest++ {
				for newest := oldest - 2; newest <= base+10; newest++ {
					checkWithin(t, b, all, oldest, newest)
				}
			}
			for i, m := range all {
				e := b.Event(i)
				if e.Time != m.Timestamp || e.Size != len(m.Message) || e.Level != m.level || !bytes.Equal(e.Wire, event(m.Timestamp, m.Message).Wire) {
					t.Errorf("event %d is %+v %s, want %+v", i, e, e.Wire, m)
				}
			}
		})
	}
}

type modelEvent struct {
	logEvent
	level account.Level
}

func checkPart(t *testing.T, b *batch.Batch, all []modelEvent, from, to int) {
	t.Helper()
	before := bytes.Clone(b.Body(0, b.Len()))
	var events []logEvent
	var loss account.Loss
	counted := 0
	for _, m := range all[from:to] {
		events = append(events, m.logEvent)
		counted += len(m.Message) + 26
		loss.Add(m.Timestamp, len(m.Message), m.level)
	}
	if got := decode(t, b.Body(from, to)); !slices.Equal(got, events) {
		t.Errorf("the body of [%d, %d) has %v, want %v", from, to, got, events)
	}
	if got := b.Counted(from, to); got != counted {
		t.Errorf("[%d, %d) counts %d bytes, want %d", from, to, got, counted)
	}
	if got := b.Loss(from, to); got != loss {
		t.Errorf("the loss of [%d, %d) is %+v, want %+v", from, to, got, loss)
	}
	if got := b.Loss(from, from); got != (account.Loss{}) || b.Counted(from, from) != 0 {
		t.Errorf("nothing makes %+v", got)
	}
	if !bytes.Equal(b.Body(0, b.Len()), before) {
		t.Error("the body of a part has changed that of the batch")
	}
}

func checkWithin(t *testing.T, b *batch.Batch, all []modelEvent, oldest, newest int64) {
	t.Helper()
	from, to := b.Within(oldest, newest)
	if from < 0 || to < from || to > len(all) {
		t.Fatalf("from %d to %d: [%d, %d) of %d", oldest, newest, from, to, len(all))
	}
	for i, m := range all {
		if in := m.Timestamp >= oldest && m.Timestamp <= newest; in != (i >= from && i < to) {
			t.Errorf("from %d to %d: [%d, %d), but event %d has time %d", oldest, newest, from, to, i, m.Timestamp)
		}
	}
}

// TestPartsOfALargeBatch are where its places are large numbers.
func TestPartsOfALargeBatch(t *testing.T) {
	b := batch.New(head, 0, 0)
	var all []modelEvent
	for i := range batch.MaxEvents {
		m := modelEvent{logEvent{int64(rand.IntN(1000)), fmt.Sprintf("%070d", i)}, account.None}
		b.Add(event(m.Timestamp, m.Message))
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b modelEvent) int { return int(a.Timestamp - b.Timestamp) })
	b.Seal()
	for _, part := range [][2]int{{0, 10_000}, {0, 5_000}, {5_000, 10_000}, {0, 1}, {9_999, 10_000}, {1, 9_999}} {
		checkPart(t, b, all, part[0], part[1])
	}
}

func TestAlmostFull(t *testing.T) {
	tests := []struct {
		rule string
		have []batch.Event
		want bool
	}{
		{"empty", nil, false},
		{"15/16 of the bytes", []batch.Event{sized(0, 983_040-26)}, false},
		{"a byte more", []batch.Event{sized(0, 983_040-25)}, true},
		{"15/16 of the events", many(9_375), false},
		{"an event more", many(9_376), true},
	}
	for _, tt := range tests {
		b := batch.New(head, 0, 0)
		for _, e := range tt.have {
			b.Add(e)
		}
		if got := b.AlmostFull(); got != tt.want {
			t.Errorf("%s: almost full %v", tt.rule, got)
		}
	}
}

func TestMessage(t *testing.T) {
	var encoder batch.Encoder
	for _, text := range []string{"", "plain", `"quoted"`, `,"message":"`, `"}`, "\\", "tab\t", "\xff", `{"message":"x"}`, `\"}`} {
		for _, at := range []int64{0, 999, 1_763_812_800_123} {
			wire, _ := encoder.AppendEvent(nil, at, []byte(text))
			got := batch.Message(wire)
			again := encoder.AppendEnd(append(encoder.AppendStart(nil, at), got...))
			if !bytes.Equal(again, wire) {
				t.Errorf("%q: the message is %s of %s", text, got, wire)
			}
		}
	}
}

// TestOldestAndNewest are right whatever the order.
func TestOldestAndNewest(t *testing.T) {
	const day = int64(24 * time.Hour / time.Millisecond)
	for _, times := range [][]int64{{0}, {5, 5}, {1, 2, 3}, {3, 2, 1}, {2, 3, 1}, {day, 0}} {
		b := batch.New(head, 0, 0)
		for _, at := range times {
			b.Add(sized(at, 1))
		}
		if b.Oldest() != slices.Min(times) || b.Newest() != slices.Max(times) {
			t.Errorf("%v: from %d to %d", times, b.Oldest(), b.Newest())
		}
	}
}
