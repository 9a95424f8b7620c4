package spool_test

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// TestLimits checks that the files reach each limit exactly and never exceed it. Further events
// are in memory only until there is room.
func TestLimits(t *testing.T) {
	rows := []struct {
		rule     string
		capacity int64 // of the file system
		maxBytes int64
		minFree  int64
		limit    int64
		err      error
	}{
		{"MaxBytes", 100 * segmentBytes, 4 * segmentBytes, 0, 4 * segmentBytes, spool.ErrFull},
		{"one byte less", 100 * segmentBytes, 4*segmentBytes - 1, 0, 4*segmentBytes - 1, spool.ErrFull},
		{"one byte more", 100 * segmentBytes, 4*segmentBytes + 1, 0, 4*segmentBytes + 1, spool.ErrFull},
		{"MinFree", 10 * segmentBytes, maxBytes, 6 * segmentBytes, 4 * segmentBytes, spool.ErrLow},
		{"one byte more free", 10 * segmentBytes, maxBytes, 6*segmentBytes + 1, 4*segmentBytes - 1, spool.ErrLow},
		{"one byte less free", 10 * segmentBytes, maxBytes, 6*segmentBytes - 1, 4*segmentBytes + 1, spool.ErrLow},
		{"full file system", 4*segmentBytes + segmentBytes/2, maxBytes, 0, 4*segmentBytes + segmentBytes/2, errNoSpace}, // without a mention of MinFree, which is 0
	}
	for _, row := range rows {
		t.Run(row.rule, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				m.disk.capacity = row.capacity
				p := m.start(direct, func(c *config) {
					c.MaxBytes, c.MinFree = row.maxBytes, row.minFree
					c.queue.MaxBytes = 512 << 10 // large enough, with a few batches
				})
				p.log(2000)
				pass(0)
				unused := int64(2 * disk.PageBytes) // a page may be too small for the next event
				if row.err == errNoSpace {
					unused += segment.Start + 16<<10 // the smallest file created
				}
				if most := m.disk.most(); most > row.limit || most < row.limit-unused {
					t.Errorf("%d bytes at most, want almost %d", most, row.limit)
				}
				stored := int(p.spool.Stored())
				wantList(t, "on disk", m.onDisk(), span(1, stored))
				p.wantAtRisk(int64(2000-stored), int64(2000-stored))
				if state := p.spool.State(); !state.Stalled || state.Err == nil || state.Bytes < row.limit-unused {
					t.Errorf("the state is %+v", state)
				}
				if reports := p.reported(); len(reports) != 1 || !strings.Contains(reports[0], row.err.Error()) {
					t.Errorf("reported %q", reports)
				}
				p.log(1) // no log call waits
				pass(5 * time.Minute)
				p.wantReports() // not again

				// A delivery makes room for other events.
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
					t.Errorf("no further events are on disk")
				}
				all = append(all, p.deliver()...)
				slices.Sort(all)
				wantList(t, "delivered", all, span(1, 2001))
				pass(0)
				pass(time.Minute)
				p.log(1)
				if state := p.spool.State(); state.Stalled || state.Err != nil {
					t.Errorf("not recovered: %+v", state)
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

// File systems may allocate more than the file size, and only when the file is written: the
// limit holds to the byte.
func TestFileSystemOverhead(t *testing.T) {
	const overhead = 4096 // per file
	for less := range 2 {
		bubble(t, func(t *testing.T, m *machine) {
			m.disk.extra = overhead
			p := m.start(direct, func(c *config) {
				c.Overhead, c.MaxBytes, c.queue.MaxBytes = overhead, 4*(segmentBytes+overhead)-int64(less), 1<<20
			})
			for range 20 {
				p.log(100)
				pass(0)
			}
			if most := m.disk.most(); most > p.cfg.MaxBytes || most < p.cfg.MaxBytes*9/10 {
				t.Errorf("%d bytes, at most %d are allowed", most, p.cfg.MaxBytes)
			}
		})
	}
}

// TestForeignFilesCount counts files of any kind.
func TestForeignFilesCount(t *testing.T) {
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
		if m.disk.most() > p.cfg.MaxBytes || m.disk.most() < 6*segmentBytes {
			t.Errorf("%d bytes, at most %d are allowed", m.disk.most(), p.cfg.MaxBytes)
		}
	})
}

// TestOldEventsMakeRoomOnDisk keeps the newest events if the policy says so.
func TestOldEventsMakeRoomOnDisk(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		const segments, events, bytes = 4, 40_000, 1 << 20 // a segment is about the size of a request
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
		p.wantReports()
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

// TestDiskFull lets other programs fill the disk during a write: reserved space is used, and
// the rest stays in memory until there is room.
func TestDiskFull(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(1)
		pass(0)
		m.disk.limit(0)
		p.log(300) // in two segments
		pass(0)
		stored := int64(p.spool.Stored())
		if stored < 50 {
			t.Errorf("only %d events are on disk, although there was room", stored)
		}
		p.wantAtRisk(301-stored, 301-stored)
		p.wantReports("grow segment")
		m.disk.limit(segmentBytes)
		pass(time.Minute)
		p.wantAtRisk(0, 301-stored)
		wantList(t, "on disk", m.onDisk(), span(1, 301))
	})
}

// TestOneCauseIsReportedOnce covers every operation that meets it next.
func TestOneCauseIsReportedOnce(t *testing.T) {
	for _, cause := range []error{syscall.EDQUOT, syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		t.Run(cause.Error(), func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start(direct)
				p.log(1)
				pass(0)
				m.disk.inject(fault{op: "write", err: cause})
				m.disk.inject(fault{op: "create", err: cause})
				p.log(10)
				pass(time.Minute)
				p.wantReports(cause.Error())
				p.wantAtRisk(10, 10)
			})
		})
	}
}

// TestFailedAttemptsLeaveNoFiles covers every failing operation.
func TestFailedAttemptsLeaveNoFiles(t *testing.T) {
	for _, op := range []string{"create", "write", "rename", "space", "renew"} {
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
				if reports := p.reported(); len(reports) == 0 || len(reports) > 3 {
					t.Errorf("reported %q", reports)
				}
				if state := p.spool.State(); !state.Stalled || state.Err == nil {
					t.Errorf("the state is %+v", state)
				}
				calls := m.disk.callsOf("list")
				pass(time.Hour)
				if n := m.disk.callsOf("list") - calls; n > 2*130 {
					t.Errorf("%d attempts in an hour", n)
				}
				p.wantReports()
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

// TestBackoff doubles from one second to 30 seconds.
func TestBackoff(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct, roomy)
		p.log(1)
		pass(0)
		m.disk.inject(fault{op: "create", err: errReadOnly})
		p.log(800) // two of them
		pass(0)
		began := time.Now()
		var at []int // in seconds
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
