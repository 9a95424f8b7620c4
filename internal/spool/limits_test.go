package spool_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// TestLimits: so many segments are made and no more, to the byte. What comes then is
// in memory only, until there is room again.
func TestLimits(t *testing.T) {
	rows := []struct {
		rule     string
		capacity int64 // of the file system
		maxBytes int64
		minFree  int64
		segments int
		err      error
	}{
		{"MaxBytes", 100 * segmentBytes, 4 * segmentBytes, 0, 4, spool.ErrFull},
		{"a byte less", 100 * segmentBytes, 4*segmentBytes - 1, 0, 3, spool.ErrFull},
		{"a byte more", 100 * segmentBytes, 4*segmentBytes + 1, 0, 4, spool.ErrFull},
		{"MinFree", 10 * segmentBytes, maxBytes, 6 * segmentBytes, 4, spool.ErrLow},
		{"a byte more free", 10 * segmentBytes, maxBytes, 6*segmentBytes + 1, 3, spool.ErrLow},
		{"a byte less free", 10 * segmentBytes, maxBytes, 6*segmentBytes - 1, 4, spool.ErrLow},
		{"the file system", 4*segmentBytes + segmentBytes/2, maxBytes, 0, 4, errNoSpace}, // and nothing about a MinFree that nobody wants
	}
	for _, row := range rows {
		t.Run(row.rule, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				m.disk.capacity = row.capacity
				p := m.start(direct, func(c *config) {
					c.MaxBytes, c.MinFree = row.maxBytes, row.minFree
					c.queue.MaxBytes = 512 << 10 // large enough, with some batches
				})
				p.log(2000)
				pass(0)
				list := m.segments()
				if len(list) != row.segments || m.disk.most() != int64(row.segments*segmentBytes) {
					t.Errorf("%d segments, %d bytes at most; want %d segments", len(list), m.disk.most(), row.segments)
				}
				stored := int(p.spool.Stored())
				wantList(t, "on disk", m.onDisk(), span(1, stored))
				p.wantAtRisk(int64(2000-stored), int64(2000-stored))
				if state := p.spool.State(); !state.Stalled || state.Failure == nil || state.Bytes != m.disk.most() {
					t.Errorf("the state is %+v", state)
				}
				if told := p.told(); len(told) != 1 || !strings.Contains(told[0], "make segment spool: "+row.err.Error()) {
					t.Errorf("told %q", told)
				}
				p.log(1) // nobody waits
				pass(5 * time.Minute)
				p.wantTold() // not again

				// The service takes some, so there is room for others.
				var all []int
				for range 2 { // the newest and the oldest batch
					it, list := p.next()
					p.ack(it)
					all = append(all, list...)
				}
				pass(0)
				if m.disk.most() > row.maxBytes {
					t.Errorf("%d bytes", m.disk.most())
				}
				if got := int(p.spool.Stored()); got <= stored {
					t.Errorf("nothing more is on disk")
				}
				all = append(all, p.deliver()...)
				slices.Sort(all)
				wantList(t, "delivered", all, span(1, 2001))
				pass(0)
				pass(time.Minute)
				p.log(1)
				if state := p.spool.State(); state.Stalled || state.Failure != nil {
					t.Errorf("it has not recovered: %+v", state)
				}
				if got := p.queue.Unsafe(); got != 0 {
					t.Errorf("%d events are in memory only", got)
				}
				p.deliver()
				p.close()
				if got := m.disk.names(""); len(got) != 0 {
					t.Errorf("left: %v", got)
				}
			})
		})
	}
}

// TestFileSystemTakesMore than the size of a file, and only when something is written to
// it: the limit holds to the byte.
func TestFileSystemTakesMore(t *testing.T) {
	const overhead = 8192
	for less, want := range []int{4, 3} {
		bubble(t, func(t *testing.T, m *machine) {
			m.disk.extra = overhead
			p := m.start(direct, func(c *config) {
				c.Overhead, c.MaxBytes, c.queue.MaxBytes = overhead, 4*(segmentBytes+overhead)-int64(less), 1<<20
			})
			for range 20 {
				p.log(100)
				pass(0)
			}
			if got := len(m.disk.names(".seg")); got != want || m.disk.most() > p.cfg.MaxBytes {
				t.Errorf("%d segments, want %d; %d bytes, at most %d are allowed", got, want, m.disk.most(), p.cfg.MaxBytes)
			}
			if got := p.spool.State().Bytes; got > m.disk.most() {
				t.Errorf("the files have %d bytes, but %d are told", m.disk.most(), got)
			}
		})
	}
}

// TestFilesOfOthersCount, whatever they are.
func TestFilesOfOthersCount(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		dir := m.disk.open(newProcess())
		for _, name := range []string{"00000000000000aa-00000001.seg", "00000000000000aa-00000002.bad", "00000000000000ab-00000001.new", "notes.txt"} {
			if _, err := dir.Create(name, segmentBytes); err != nil {
				t.Fatal(err)
			}
		}
		p := m.start(direct, func(c *config) { c.MaxBytes, c.queue.MaxBytes = 7*segmentBytes-1, 1<<20 })
		p.log(1000)
		pass(0)
		if got := m.disk.names(""); len(got) != 6 {
			t.Errorf("%d files: %v", len(got), got)
		}
	})
}

// TestOldEventsMakeRoomOnDisk where the policy says so: the newest are on disk.
func TestOldEventsMakeRoomOnDisk(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		const segments, events, bytes = 4, 40_000, 1 << 20 // a segment is about a request
		p := m.start(direct, func(c *config) {
			c.SegmentBytes, c.MaxBytes = bytes, segments*bytes
			c.queue.OnFull = queue.DropOldest
		})
		for range events / 1000 {
			p.log(1000)
			p.wantAtRisk(0, 0)
			pass(0)
		}
		if m.disk.most() > segments*bytes {
			t.Errorf("%d bytes", m.disk.most())
		}
		p.wantTold()
		s := p.queue.State()
		lost := s.Lost[account.Full]
		if s.Pending+lost != events || s.Pending < events/8 {
			t.Errorf("%d pending, %d lost", s.Pending, lost)
		}
		wantList(t, "on disk", m.onDisk(), span(int(lost)+1, events))
		p.crash()
		left, _ := m.orphans(m.disk)
		wantList(t, "left", left, span(int(lost)+1, events))
	})
}

// TestDiskFull while a segment is being written, as other programs fill it: it has
// its space.
func TestDiskFull(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(1)
		pass(0)
		m.disk.mu.Lock()
		m.disk.capacity = m.disk.used()
		m.disk.mu.Unlock()
		p.log(300) // of two segments
		p.wantAtRisk(0, 0)
		pass(0)
		wantList(t, "on disk", m.onDisk(), span(1, 301))
		if got := m.disk.names(""); len(got) != 2 {
			t.Errorf("left of an attempt: %v", got)
		}
	})
}

// TestFailedAttemptsLeaveNothing behind, whatever fails.
func TestFailedAttemptsLeaveNothing(t *testing.T) {
	for _, op := range []string{"create", "write", "sync", "syncdir", "list", "space", "renew"} {
		t.Run(op, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				end := m.disk.inject(fault{op: op, err: errReadOnly, short: -1})
				p := m.start(direct)
				p.log(100)
				pass(0)
				p.wantAtRisk(100, 100)
				if got := m.disk.names(""); len(got) != 0 {
					t.Errorf("left: %v", got)
				}
				p.wantTold("make segment spool: ")
				if state := p.spool.State(); !state.Stalled || state.Failure == nil {
					t.Errorf("the state is %+v", state)
				}
				calls := m.disk.callsOf("list")
				pass(time.Hour)
				if n := m.disk.callsOf("list") - calls; n > 2*130 {
					t.Errorf("%d attempts in an hour", n)
				}
				p.wantTold()
				end()
				pass(31 * time.Second)
				p.wantAtRisk(0, 100)
				wantList(t, "on disk", m.onDisk(), span(1, 100))
				p.log(1)
				p.wantAtRisk(0, 100)
			})
		})
	}
}

// TestPausesBetweenAttempts double from a second to half a minute.
func TestPausesBetweenAttempts(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct, roomy)
		p.log(1)
		pass(0)
		m.disk.inject(fault{op: "create", err: errReadOnly})
		p.log(800) // there were two
		pass(0)
		began := time.Now()
		var at []int // seconds
		var calls = m.disk.callsOf("space")
		for range 200 {
			pass(time.Second)
			pass(0)
			if n := m.disk.callsOf("space"); n > calls {
				calls = n
				at = append(at, int(time.Since(began)/time.Second))
			}
		}
		if want := []int{1, 3, 7, 15, 31, 61, 91, 121, 151, 181}; !slices.Equal(at, want) {
			t.Errorf("attempts after %v seconds, want %v", at, want)
		}
	})
}
