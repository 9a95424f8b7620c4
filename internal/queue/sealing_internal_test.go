package queue

import (
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// TestCopyStopsAtABatchThatIsBeingSealed: it does not wait for that, under the lock,
// and does not visit what comes behind, since a store takes events in order.
func TestCopyStopsAtABatchThatIsBeingSealed(t *testing.T) {
	q := New(Config{Head: batch.Head("g", "s"), MaxBytes: 4 << 10, Interval: time.Second})
	var encoder batch.Encoder
	for at := range int64(3) { // days apart, so each has a batch of its own
		e := batch.Event{Time: at * 48 * time.Hour.Milliseconds()}
		e.Wire, e.Size = encoder.AppendEvent(nil, e.Time, []byte("text"))
		if err := q.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	want := func(after uint64, positions []uint64, reached uint64) {
		t.Helper()
		var got []uint64
		r := q.Copy(after, func(position uint64, _ batch.Event) bool {
			got = append(got, position)
			return true
		})
		if !slices.Equal(got, positions) || r != reached {
			t.Errorf("after %d: visited %v and reached %d, want %v and %d", after, got, r, positions, reached)
		}
	}
	q.items[1].sealing.Lock()
	want(0, []uint64{1}, 1)
	want(1, nil, 1)
	want(2, []uint64{3}, 3)
	q.items[1].sealing.Unlock()
	want(0, []uint64{1, 2, 3}, 3)
}
