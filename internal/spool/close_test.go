package spool_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// TestClose checks that undelivered events are synced for the next process, and that files no
// longer needed are removed.
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
				p.ack(it) // just before the end
				p.queue.Close()
				p.spool.Close(time.Second)
				kept, dropped := p.queue.Abandon()
				if want := int64(220 - len(late)); kept.Events != want || dropped.Events != 0 {
					t.Errorf("kept %d, dropped %d; want %d and none", kept.Events, dropped.Events, want)
				}
				if len(list)+len(late) < 100 {
					t.Errorf("unexpected setup: %d and %d events", len(list), len(late))
				}
				p.kill()
				if got := m.ram.names(""); len(got) > 0 {
					t.Errorf("left in RAM: %v", got)
				}
				if got := m.disk.names(""); len(got) != 1 {
					t.Errorf("left: %v, want one segment and none created ahead", got)
				}
				m.disk.powerCut()
				want := slices.DeleteFunc(span(1, 220), func(n int) bool { return slices.Contains(late, n) })
				wantList(t, "left", m.everywhere(), want)
			})
		})
	}
}

// TestCloseAfterDelivery checks that no file is left, at any stage of a segment.
func TestCloseAfterDelivery(t *testing.T) {
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

// TestCloseClosesDirectories includes the one that is only searched for hot files of others.
func TestCloseClosesDirectories(t *testing.T) {
	for _, mode := range []string{"direct", "hot"} {
		bubble(t, func(t *testing.T, m *machine) {
			var disk, ram int
			p := m.start(func(c *config) {
				c.Dir, c.HotLeftovers = closed{c.Dir, &disk}, closed{c.HotLeftovers, &ram}
				if c.Hot = c.HotLeftovers; mode == "direct" {
					c.Hot = nil
				}
			})
			p.log(10)
			p.close()
			if disk == 0 || ram == 0 {
				t.Errorf("%s: the disk directory was closed %d times, the RAM directory %d times", mode, disk, ram)
			}
		})
	}
}

// TestCloseRetriesWrites retries writes that failed before.
func TestCloseRetriesWrites(t *testing.T) {
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

// Events that are only in memory are lost and counted.
func TestCloseOnAFailedDisk(t *testing.T) {
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

// TestCloseDoesNotRepeatAFailedSync checks that no segment is synced again.
func TestCloseDoesNotRepeatAFailedSync(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(50)
		pass(0)
		m.disk.inject(fault{op: "create", err: errNoSpace}) // so that it cannot be rescued
		release := m.disk.stall("sync", "00000001.seg")
		pass(syncEvery)
		p.log(50) // during its sync
		m.disk.inject(fault{op: "sync", name: "00000001.seg", err: errBroken, once: true})
		release()
		pass(time.Minute)
		p.close()
		wantList(t, "left", slices.Compact(m.everywhere()), span(1, 100))
	})
}
