package batch_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
)

// TestArrived visits batches whose events came in every order of some times, before
// and after Seal, from every event on and up to every event.
func TestArrived(t *testing.T) {
	b := batch.New(head, 0, 0) // used again and again, as the queue does
	for _, times := range [][]int64{{}, {1}, {1, 1}, {1, 2}, {1, 1, 2, 3, 3}} {
		for order := range permutations(times) {
			for _, seal := range []bool{false, true} {
				b.Reset()
				var came []batch.Event
				for i, at := range order {
					e := event(1_763_812_800_000+at, fmt.Sprintf("%0*d", i+1, i))
					e.Level = account.Level(i % int(account.Levels))
					b.Add(e)
					came = append(came, e)
				}
				if seal {
					b.Seal()
				}
				if checkArrived(t, b, came); t.Failed() {
					t.Fatalf("times %v, sealed %v", order, seal)
				}
			}
		}
	}
}

func checkArrived(t *testing.T, b *batch.Batch, came []batch.Event) {
	t.Helper()
	for nth := range len(came) + 2 {
		want := came[min(nth, len(came)):]
		for most := 1; most <= len(came)+1; most++ {
			var got []batch.Event
			b.Arrived(nth, func(e batch.Event) bool {
				got = append(got, e)
				return len(got) < most
			})
			if !slices.EqualFunc(got, want[:min(most, len(want))], sameEvent) {
				t.Errorf("from %d on, %d at most: got %+v, want %+v", nth, most, got, want)
			}
		}
	}
}

func sameEvent(a, b batch.Event) bool {
	return a.Time == b.Time && a.Size == b.Size && a.Level == b.Level && bytes.Equal(a.Wire, b.Wire)
}

// permutations yields every order of the list.
func permutations(list []int64) func(yield func([]int64) bool) {
	return func(yield func([]int64) bool) { permute(slices.Clone(list), 0, yield) }
}

func permute(list []int64, from int, yield func([]int64) bool) bool {
	if from == len(list) {
		return yield(list)
	}
	for i := from; i < len(list); i++ {
		list[from], list[i] = list[i], list[from]
		going := permute(list, from+1, yield)
		list[from], list[i] = list[i], list[from]
		if !going {
			return false
		}
	}
	return true
}

// TestArrivedInALargeBatch is where numbers of events are large.
func TestArrivedInALargeBatch(t *testing.T) {
	b := batch.New(head, 0, 0)
	for i := range batch.MaxEvents {
		b.Add(event(int64(batch.MaxEvents-i), fmt.Sprint(i)))
	}
	b.Seal()
	for _, nth := range []int{0, 4_321, batch.MaxEvents - 1} {
		i := nth
		b.Arrived(nth, func(e batch.Event) bool {
			if want := event(int64(batch.MaxEvents-i), fmt.Sprint(i)); !sameEvent(e, want) {
				t.Fatalf("event %d is %s", i, e.Wire)
			}
			i++
			return true
		})
		if i != batch.MaxEvents {
			t.Errorf("from %d on: up to %d", nth, i)
		}
	}
}
