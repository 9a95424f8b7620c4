package spool_test

import (
	"slices"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// TestKilledAtEveryOperation kills a process in every file operation, before, during and after
// its effect: no event whose log call has returned is lost, and no acknowledged event is sent
// twice.
func TestKilledAtEveryOperation(t *testing.T) {
	for _, mode := range []string{"direct", "hot"} {
		points := 0
		for n, over := 0, false; !over; n += 1 + n/50 {
			points++
			bubble(t, func(t *testing.T, m *machine) {
				over = !killedAt(t, m, mode == "hot", n)
			})
			if t.Failed() {
				t.Fatalf("%s mode, killed at %d", mode, n)
			}
		}
		if points < 60 {
			t.Errorf("only %d points", points)
		}
	}
}

// killedAt runs a program until it is killed in operation n, and checks what it has left. It
// returns false if there were fewer operations.
func killedAt(t *testing.T, m *machine, hot bool, n int) bool {
	p := m.start(func(c *config) {
		c.SegmentBytes, c.HotBytes = segment.Start+4<<10, 8*(segment.Start+2<<10)
		if !hot {
			direct(c)
		}
	})
	pass(0)
	p.killAfter(n)
	var returned []int // logged before the kill
	var answered []int // delivered before the kill
	var acked []int    // and acknowledged
	for round := range 6 {
		for range 20 {
			p.last++
			if err := p.queue.Append(event(p.last)); err != nil {
				t.Fatal(err)
			}
			if !p.isDead() {
				returned = append(returned, p.last)
			}
		}
		if round == 3 {
			pass(spillAfter)
		}
		if it, list := p.next(); it != nil && round%2 == 1 {
			dead := p.isDead()
			p.ack(it)
			if !dead {
				answered = append(answered, list...)
			}
			if pass(0); !p.isDead() {
				acked = append(acked, list...)
			}
		}
	}
	died := p.isDead()
	risk := p.spool.State().EverAtRisk
	if !died && risk > 0 {
		t.Errorf("%d events were at risk", risk)
	}
	p.crash()
	a := m.start(adopter)
	pass(0)
	if err := a.adopt(); err != nil {
		t.Error(err)
	}
	a.crash()
	got := m.everywhere()
	for _, n := range returned {
		if !slices.Contains(got, n) && !slices.Contains(answered, n) {
			t.Errorf("event %d is lost", n)
		}
	}
	for _, n := range got {
		if slices.Contains(acked, n) {
			t.Errorf("event %d is left, but was acknowledged", n)
		}
		if n > p.last {
			t.Errorf("event %d was never logged", n)
		}
	}
	// Between the write to the disk and the acknowledgement in RAM a piece exists in both.
	if len(got) != len(slices.Compact(slices.Clone(got))) && !hot {
		t.Errorf("left twice: %v", got)
	}
	return died
}
