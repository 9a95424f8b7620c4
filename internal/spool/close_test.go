package spool_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// TestClose: what is not delivered is there for the next process, and synced. What is
// not needed is removed.
func TestClose(t *testing.T) {
	for _, mode := range []string{"direct", "hot"} {
		t.Run(mode, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start(func(c *config) {
					if mode == "direct" {
						direct(c)
					}
				})
				p.log(120)
				_, list := p.next()
				p.next()
				p.log(100)
				it, late := p.next()
				p.ack(it) // right before the end
				p.queue.Close()
				p.spool.Close(time.Second)
				kept, dropped := p.queue.Abandon()
				if want := int64(220 - len(late)); kept.Events != want || dropped.Events != 0 {
					t.Errorf("kept %d, dropped %d; want %d and none", kept.Events, dropped.Events, want)
				}
				if len(list)+len(late) < 100 {
					t.Errorf("the test is of no use: %d and %d events", len(list), len(late))
				}
				p.kill()
				if got := m.ram.names(""); len(got) > 0 {
					t.Errorf("left in RAM: %v", got)
				}
				if got := m.disk.names(""); len(got) != 1 {
					t.Errorf("left: %v, want one segment, and none that was made ahead", got)
				}
				m.disk.powerCut()
				want := slices.DeleteFunc(span(1, 220), func(n int) bool { return slices.Contains(late, n) })
				wantList(t, "left", m.everywhere(), want)
			})
		})
	}
}

// TestCloseOfWhatIsDelivered leaves nothing, wherever it is in the life of a segment.
func TestCloseOfWhatIsDelivered(t *testing.T) {
	for _, mode := range []string{"direct", "hot"} {
		for _, events := range []int{0, 1, 300, 315, 316, 330} {
			for _, wait := range []time.Duration{0, syncEvery, spillAfter} {
				bubble(t, func(t *testing.T, m *machine) {
					p := m.start(func(c *config) {
						if mode == "direct" {
							direct(c)
						}
					})
					p.log(events)
					time.Sleep(wait)
					p.deliver()
					if took := timed(p.close); took > 0 {
						t.Errorf("Close took %v", took)
					}
					if left := append(m.disk.names(""), m.ram.names("")...); len(left) > 0 {
						t.Errorf("%s, %d events, after %v: left %v", mode, events, wait, left)
					}
				})
			}
		}
	}
}

// closed counts how often a directory is closed.
type closed struct {
	spool.Directory
	times *int
}

func (c closed) Close() error {
	*c.times++
	return c.Directory.Close()
}

// TestCloseGivesDirectoriesBack, also the one it only looks for hot files of others in.
func TestCloseGivesDirectoriesBack(t *testing.T) {
	for _, mode := range []string{"direct", "hot"} {
		bubble(t, func(t *testing.T, m *machine) {
			var disk, ram int
			p := m.start(func(c *config) {
				c.Dir, c.HotLeft = closed{c.Dir, &disk}, closed{c.HotLeft, &ram}
				if c.Hot = c.HotLeft; mode == "direct" {
					c.Hot = nil
				}
			})
			p.log(10)
			p.close()
			if disk == 0 || ram == 0 {
				t.Errorf("%s: the directory was closed %d times, that in RAM %d times", mode, disk, ram)
			}
		})
	}
}

// TestCloseTriesOnceMore to bring to the disk what it did not take before.
func TestCloseTriesOnceMore(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		end := m.disk.inject(fault{op: "create", err: errNoSpace})
		p := m.start(direct)
		p.log(50)
		pass(time.Minute)
		p.wantAtRisk(50, 50)
		end()
		p.queue.Close()
		p.spool.Close(time.Second)
		if kept, dropped := p.queue.Abandon(); kept.Events != 50 || dropped.Events != 0 {
			t.Errorf("kept %d, dropped %d", kept.Events, dropped.Events)
		}
		p.kill()
		wantList(t, "left", m.everywhere(), span(1, 50))
	})
}

// TestCloseOnADiskThatFails: what is in memory only is lost, and counted.
func TestCloseOnADiskThatFails(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(50)
		pass(0)
		m.disk.inject(fault{op: "write", err: errBroken})
		p.log(20)
		p.queue.Close()
		p.spool.Close(time.Second)
		if kept, dropped := p.queue.Abandon(); kept.Events != 50 || dropped.Events != 20 {
			t.Errorf("kept %d, dropped %d", kept.Events, dropped.Events)
		}
		p.kill()
		wantList(t, "left", m.everywhere(), span(1, 50))
	})
}

// TestCloseOfASegmentWhoseSyncFailed does not sync it again.
func TestCloseOfASegmentWhoseSyncFailed(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(50)
		pass(0)
		m.disk.inject(fault{op: "create", err: errNoSpace}) // nor can it be rescued
		release := m.disk.stall("sync", "00000001.seg")
		pass(syncEvery)
		p.log(50) // while it is synced
		m.disk.inject(fault{op: "sync", name: "00000001.seg", err: errBroken, once: true})
		release()
		pass(time.Minute)
		p.close()
		wantList(t, "left", slices.Compact(m.everywhere()), span(1, 100))
	})
}
