package spool_test

import (
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// TestSyncEvery checks that writes are synced after that time, and not more often.
func TestSyncEvery(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct, roomy) // with low memory, syncs do not wait
		p.log(1)
		pass(0)
		made := m.disk.callsOf("sync") // headers
		for n := range int(3*syncEvery/time.Millisecond) / 10 {
			pass(10 * time.Millisecond)
			pass(0)
			if want := (n + 1) / 100; m.disk.callsOf("sync")-made != want {
				t.Fatalf("%d syncs after %d ms, want %d", m.disk.callsOf("sync")-made, 10*(n+1), want)
			}
			if n < 250 {
				p.log(1)
			}
		}
		pass(10 * syncEvery)
		if got := m.disk.callsOf("sync") - made; got != 3 {
			t.Errorf("%d syncs, although nothing was written", got)
		}
	})
}

// TestNothingWaitsForASync covers log calls and acknowledgements.
func TestNothingWaitsForASync(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(10)
		release := m.disk.stall("sync", "")
		pass(syncEvery)
		began := time.Now()
		p.log(200)
		p.deliver()
		p.log(1)
		pass(0)
		p.wantAtRisk(0, 0)
		if time.Since(began) > 0 {
			t.Errorf("it took %v", time.Since(began))
		}
		wantList(t, "left on disk", m.onDisk(), []int{211})
		release()
	})
}

// TestPowerCut loses at most events written within SyncEvery.
func TestPowerCut(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			m := newMachineOf(t, seed)
			p := m.start(direct)
			p.log(350) // in two segments
			p.next()
			pass(syncEvery)
			pass(0)
			p.log(50)
			m.disk.powerCut()
			p.crash()
			got, damaged := m.orphans(m.disk)
			if len(got) < 350 || !slices.Equal(got[:350], span(1, 350)) || !slices.IsSorted(got) || got[len(got)-1] > 400 {
				t.Errorf("left: %s", short(got))
			}
			if damaged > 50 {
				t.Errorf("%d are damaged", damaged)
			}
			if t.Failed() {
				t.Logf("seed %d", seed)
			}
		})
	}
}

// TestNoSyncIsRepeatedAfterAFailure checks that the events of the segment go to another one,
// and that the old one stays until that is synced.
func TestNoSyncIsRepeatedAfterAFailure(t *testing.T) {
	for _, more := range []bool{false, true} { // events logged during the sync
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start(direct)
			p.log(100)
			pass(0)
			old := m.disk.names(".seg")[0]
			release := m.disk.stall("sync", old)
			pass(syncEvery)
			want := 100
			if more {
				p.log(10)
				want = 110
			}
			m.disk.inject(fault{op: "sync", name: old, err: errBroken, once: true}) // the next sync would succeed
			finish := m.disk.stall("sync", "")
			release()
			pass(0)
			p.wantReports("sync segment " + old)
			p.wantAtRisk(int64(want), 0)
			list := m.segments()
			if len(list) < 2 || list[0].name != old {
				t.Fatalf("the segments are %+v", list)
			}
			wantList(t, "in the old segment", list[0].left, span(1, want))
			wantList(t, "in the new segment", list[1].left, span(1, want))
			finish()
			pass(0)
			p.wantAtRisk(0, 0)
			if got := m.disk.names(".seg"); got[0] == old {
				t.Errorf("left: %v", got)
			}
			p.log(5)
			pass(time.Minute)
			pass(0)
			m.disk.powerCut()
			p.crash()
			got, damaged := m.orphans(m.disk)
			wantList(t, "left", got, span(1, want+5))
			if damaged > 0 {
				t.Errorf("%d are damaged", damaged)
			}
		})
	}
}

// TestRescuedSegmentIsRemoved also checks that its copy is removed once acknowledged.
func TestRescuedSegmentIsRemoved(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(100)
		pass(0)
		old := m.disk.names(".seg")[0]
		m.disk.inject(fault{op: "sync", name: old, err: errBroken, once: true})
		pass(syncEvery)
		items, _ := p.batches(1)
		pass(0)
		copied := m.disk.names(".seg")[0]
		if copied == old {
			t.Errorf("left: %v", m.disk.names(".seg"))
		}
		for _, it := range items {
			p.ack(it)
		}
		pass(0)
		if got := m.disk.names(".seg"); len(got) > 0 {
			t.Errorf("left: %v", got)
		}
		p.close()
		if got := m.disk.names(""); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
	})
}

// TestSyncDuringContinuousWrites checks that the writer syncs although it always has something
// to write.
func TestSyncDuringContinuousWrites(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		const most = 2000
		var s *endless
		p := m.start(direct, func(c *config) {
			c.SyncEvery, c.queue.MaxBytes, c.MaxBytes = 0, 4<<20, 64*segmentBytes
			c.source = func(q *queue.Queue) spool.Source {
				s = &endless{Queue: q}
				s.left.Store(most)
				return s
			}
		})
		var synced atomic.Int64 // events left when the first sync of a record began
		m.disk.watch(func(op, name string, _ int64, _ []byte) {
			if op == "sync" && strings.HasSuffix(name, ".seg") {
				synced.CompareAndSwap(0, s.left.Load())
			}
		})
		p.log(1)
		pass(0)
		if got := synced.Load(); got < most/2 {
			t.Errorf("synced with %d of %d events left", got, most)
		}
	})
}

// endless is a queue that gets another event after each visit.
type endless struct {
	*queue.Queue
	left atomic.Int64
}

func (s *endless) Copy(after uint64, visit func(uint64, batch.Event) bool) uint64 {
	reached := s.Queue.Copy(after, visit)
	if s.left.Load() > 0 && reached > after {
		s.left.Add(-1)
		s.Note(event(1))
	}
	runtime.Gosched()
	return reached
}
