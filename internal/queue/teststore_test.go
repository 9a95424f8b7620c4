package queue_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// testStore is a store that keeps nothing but notes of what it is told, and says
// what the test wants it to.
type testStore struct {
	stored    uint64 // what was synced: up to here
	after, to uint64 // what Unsafe returns

	added   []string // the wire form of the event at position 1, 2, 3 and so on
	settled []settled
	shorts  int
	closes  int
	waits   []uint64
	wait    func(position uint64) // called by Wait; may be nil
	rooms   int

	room      func(batch.Event) bool // called by Room; nil = there is
	awaitRoom func() bool
	relief    func(since time.Time) bool // called by AwaitRelief; nil = there is none
}

type settled struct{ after, to, low uint64 }

func (s *testStore) Room(e batch.Event) bool {
	s.rooms++
	return s.room == nil || s.room(e)
}

func (s *testStore) AwaitRoom() bool { return s.awaitRoom() }

func (s *testStore) Add(position uint64, e batch.Event) {
	s.added = append(s.added, string(e.Wire))
	if position != uint64(len(s.added)) {
		panic(fmt.Sprintf("position %d of event %d", position, len(s.added)))
	}
}

func (s *testStore) Settled(after, to, low uint64) {
	s.settled = append(s.settled, settled{after, to, low})
}

func (s *testStore) Synced(_, to uint64) bool { return to <= s.stored }
func (s *testStore) Short()                   { s.shorts++ }
func (s *testStore) Closed()                  { s.closes++ }

func (s *testStore) Unsafe() (positions segment.Ranges) {
	positions.Add(s.after+1, max(s.to, s.to+1)) // there is none behind the largest number
	return positions
}

func (s *testStore) AwaitRelief(since time.Time) bool { return s.relief != nil && s.relief(since) }

func (s *testStore) Wait(position uint64) {
	s.waits = append(s.waits, position)
	if s.wait != nil {
		s.wait(position)
	}
}

// newStored is newQueue with a store.
func newStored(policy queue.Policy) (*queue.Queue, *testStore) {
	s := &testStore{to: math.MaxUint64}
	return queue.New(queue.Config{Head: head, MaxBytes: room * eventBytes, OnFull: policy, Interval: interval, Replica: s}), s
}

// identity checks that of package account, and returns the state.
func identity(t testing.TB, q *queue.Queue) queue.State {
	t.Helper()
	s := q.State()
	sum := s.Delivered + s.Pending
	for _, n := range s.Lost {
		sum += n
	}
	if sum != s.Accepted {
		t.Errorf("accepted %d, but delivered + pending + lost = %d: %+v", s.Accepted, sum, s)
	}
	return s
}

// copied returns which events Copy visits, at most so many, and where it ends.
func copied(q *queue.Queue, after uint64, most int) (list []int, reached uint64) {
	reached = q.Copy(after, func(position uint64, e batch.Event) bool {
		if len(list) == most {
			return false
		}
		list = append(list, numberOf(position, e))
		return true
	})
	return list, reached
}

// numberOf returns the number of the event that has this position, or -1 if the
// event is not the one of that position.
func numberOf(position uint64, e batch.Event) int {
	number, _, _ := bytes.Cut(batch.Message(e.Wire), []byte(" "))
	n, err := strconv.Atoi(string(number))
	if err != nil || uint64(n) != position {
		return -1
	}
	return n
}

// span returns the numbers from first to last.
func span(first, last int) (list []int) {
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

func wantCopied(t *testing.T, q *queue.Queue, after uint64, most int, want []int, wantReached uint64) {
	t.Helper()
	if got, reached := copied(q, after, most); !slices.Equal(got, want) || reached != wantReached {
		t.Errorf("%d events after %d: visited %v and reached %d, want %v and %d", most, after, got, reached, want, wantReached)
	}
}

const all = math.MaxInt // events
