package spool_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// checkEvery is the interval at which the spool checks its files.
const checkEvery = 5 * time.Second

// damages are ways in which users and accidents damage an open segment.
var damages = []struct {
	name   string
	do     func(m *machine, name string)
	intact bool // the rest of it keeps its name
}{
	{"unlinked", func(m *machine, name string) { m.disk.unlink(name) }, false},
	{"emptied", func(m *machine, name string) { m.disk.truncate(name, 0) }, true},
	{"truncated", func(m *machine, name string) { m.disk.truncate(name, segment.Start+4<<10) }, true},
	{"overwritten", func(m *machine, name string) {
		m.disk.tamper(name, func(data []byte) []byte { return bytes.Repeat([]byte("x"), len(data)) })
	}, true},
	{"replaced", func(m *machine, name string) { m.disk.replace(name, []byte("something else")) }, false},
}

// TestDamagedSegment checks that its events are written again from memory within five seconds.
func TestDamagedSegment(t *testing.T) {
	for _, damage := range damages {
		for _, which := range []int{0, 1} { // a full segment, and the current one
			t.Run(fmt.Sprint(damage.name, " ", which), func(t *testing.T) {
				bubble(t, func(t *testing.T, m *machine) {
					p := m.start(direct, func(c *config) { c.queue.MaxBytes = 1 << 20 }) // nothing is evicted from memory
					p.log(350)
					pass(0)
					name := m.disk.names(".seg")[which]
					damage.do(m, name)
					pass(checkEvery)
					p.log(10)
					p.wantAtRisk(0, 0)
					p.wantReports("check segment " + name)
					pass(0)
					if which == 1 && len(m.disk.names(".seg")) > 5 {
						t.Errorf("files: %v", m.disk.names(".seg"))
					}
					if damage.name == "replaced" || damage.name == "overwritten" {
						m.disk.unlink(name)
					}
					p.crash()
					got, _ := m.orphans(m.disk)
					slices.Sort(got)
					wantList(t, "left", slices.Compact(got), span(1, 360))
				})
			})
		}
	}
}

// Nothing is left after delivery, and a file that has replaced a segment is left alone.
func TestDamagedSegmentIsRemovedAfterDelivery(t *testing.T) {
	for _, damage := range damages {
		t.Run(damage.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start(direct, func(c *config) { c.queue.MaxBytes = 1 << 20 })
				p.log(350)
				pass(0)
				name := m.disk.names(".seg")[0]
				damage.do(m, name)
				pass(checkEvery)
				list := p.deliver()
				slices.Sort(list)
				wantList(t, "delivered", list, span(1, 350))
				pass(time.Minute)
				p.close()
				var want []string
				if damage.name == "replaced" {
					want = []string{name}
				}
				if got := m.disk.names(""); !slices.Equal(got, want) {
					t.Errorf("left: %v, want %v", got, want)
				}
			})
		})
	}
}

// TestDamagedSegmentOfEvictedEvents recovers what is readable.
func TestDamagedSegmentOfEvictedEvents(t *testing.T) {
	for _, damage := range damages {
		t.Run(damage.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start(direct)
				p.log(1200)
				pass(0)
				var inMemory []int
				p.queue.Copy(0, func(position uint64, _ batchEvent) bool {
					inMemory = append(inMemory, int(position))
					return true
				})
				if len(inMemory) > 600 {
					t.Fatalf("%d events are in memory", len(inMemory))
				}
				victim := m.segments()[2]
				damage.do(m, victim.name)
				var lost []int
				if damage.intact {
					left := 0
					if damage.name == "truncated" {
						for _, n := range victim.records {
							if left += segment.Length(len(payload(n))); left > 4<<10 {
								break
							}
							lost = append(lost, n)
						}
					}
					can := append(lost, inMemory...)
					lost = slices.DeleteFunc(slices.Clone(victim.records), func(n int) bool { return slices.Contains(can, n) })
				}
				pass(checkEvery)
				p.log(1)
				p.wantReports("check segment " + victim.name)
				got := p.deliver()
				slices.Sort(got)
				wantList(t, "delivered", got, slices.DeleteFunc(span(1, 1201), func(n int) bool { return slices.Contains(lost, n) }))
				s := p.queue.State()
				if s.Lost[account.Damaged] != int64(len(lost)) || s.Pending != 0 {
					t.Errorf("%d lost, want %d; %d pending", s.Lost[account.Damaged], len(lost), s.Pending)
				}
				if damage.intact == (len(lost) == 0) {
					t.Errorf("unexpected setup: %d are lost", len(lost))
				}
				p.close()
				if got := m.disk.names(""); len(got) > 1 || len(got) == 1 && damage.name != "replaced" {
					t.Errorf("left: %v", got)
				}
			})
		})
	}
}

// TestFailedRescueIsRetried until there is room.
func TestFailedRescueIsRetried(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct, func(c *config) { c.queue.MaxBytes = 1 << 20 })
		p.log(350)
		pass(0)
		end := m.disk.inject(fault{op: "create", err: errNoSpace})
		m.disk.unlink(m.disk.names(".seg")[0])
		pass(time.Minute)
		p.log(10)
		end()
		pass(time.Minute)
		p.log(10)
		pass(0)
		got := m.onDisk()
		wantList(t, "on disk", slices.Compact(got), span(1, 370))
		for _, report := range p.reported() {
			if !strings.Contains(report, "create segment") && !strings.Contains(report, "check segment") {
				t.Errorf("reported %q", report)
			}
		}
		list := p.deliver()
		slices.Sort(list)
		wantList(t, "delivered", list, span(1, 370))
		p.close()
		if got := m.disk.names(""); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
	})
}

// Events delivered before or during the rescue are not written again, and not waited for.
func TestRescueSkipsDeliveredEvents(t *testing.T) {
	for _, before := range []bool{true, false} {
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start(direct)
			p.log(250)
			pass(0)
			items, lists := p.batches(3)
			if before {
				p.ack(items[1])
				pass(0)
			}
			old := m.disk.names(".seg")[0]
			m.disk.inject(fault{op: "sync", name: old, err: errBroken, once: true})
			release := m.disk.stall("write", "")
			pass(syncEvery + 2*maxStall)
			if !before {
				p.ack(items[1])
			}
			release()
			pass(0)
			p.log(1)
			pass(time.Minute)
			var left []int
			for _, c := range m.segments() {
				left = append(left, c.left...)
				if c.name == old {
					t.Errorf("the segment still has %s", short(c.left))
				}
			}
			slices.Sort(left)
			want := slices.DeleteFunc(span(1, 251), func(n int) bool { return slices.Contains(lists[1], n) })
			wantList(t, "left in the new ones", left, want)
			for i, it := range items {
				if i != 1 {
					p.ack(it)
				}
			}
			p.deliver()
			p.close()
			if got := m.disk.names(""); len(got) != 0 {
				t.Errorf("acknowledged before %v, left: %v", before, got)
			}
		})
	}
}

// The directory is recreated with its contents.
func TestDeletedDirectoryIsRecreated(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(350)
		pass(0)
		m.disk.removeDir()
		p.log(10)
		pass(checkEvery)
		pass(0)
		p.log(10)
		pass(0)
		wantList(t, "on disk", m.onDisk(), span(1, 370))
		p.wantReports("check directory spool: ", "check segment ")
		got := p.deliver()
		slices.Sort(got)
		wantList(t, "delivered", got, span(1, 370))
		p.close()
		if got := m.disk.names(""); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
	})
}

// TestDirectoryDeletedInEveryState checks that it is noticed within five seconds, reported
// once, and recreated with a segment created ahead.
func TestDirectoryDeletedInEveryState(t *testing.T) {
	states := map[string]func(m *machine, p *program){
		"nothing logged":                 func(m *machine, p *program) {},
		"everything delivered":           func(m *machine, p *program) { p.log(10); p.deliver() },
		"idle for an hour":               func(m *machine, p *program) { p.log(10); p.deliver(); pass(time.Hour) },
		"everything in memory or in RAM": func(m *machine, p *program) { p.log(10) },
		"some events on the disk":        func(m *machine, p *program) { p.log(10); pass(spillAfter); p.log(10) },
		"the segment created ahead is missing": func(m *machine, p *program) {
			p.log(10)
			pass(0)
			for _, name := range m.disk.names("") {
				m.disk.unlink(name)
			}
		},
		"a segment is being created": func(m *machine, p *program) {
			pass(0)
			release := m.disk.stall("create", "")
			p.log(10)
			for _, name := range m.disk.names(".seg") {
				m.disk.unlink(name)
			}
			pass(checkEvery)
			p.log(10)
			m.disk.removeDir()
			release()
			pass(0)
			m.disk.mu.Lock()
			if m.disk.dir == nil { // it is deleted again
				m.disk.dir = newMemDir()
			}
			m.disk.mu.Unlock()
		},
	}
	for _, mode := range []string{"direct", "hot"} {
		for state, do := range states {
			t.Run(mode+", "+state, func(t *testing.T) {
				bubble(t, func(t *testing.T, m *machine) {
					p := m.start(func(c *config) {
						if mode == "direct" {
							direct(c)
						}
					})
					do(m, p)
					pass(0)
					p.reported()
					m.disk.removeDir()
					pass(checkEvery)
					times := 0
					for _, report := range p.reported() {
						if strings.Contains(report, "check directory spool: "+disk.ErrGone.Error()) {
							times++
						}
					}
					if times != 1 {
						t.Errorf("reported %d times", times)
					}
					if m.disk.dir == nil {
						t.Fatal("there is no directory")
					}
					p.log(10)
					pass(spillAfter)
					p.wantAtRisk(0, p.spool.State().EverAtRisk)
					pass(time.Minute)
					p.wantReports()
					m.ram.powerCut()
					p.crash()
					list, _ := m.orphans(m.disk)
					if len(list) < 10 || !slices.Contains(list, p.last) {
						t.Errorf("left: %s of %d", short(list), p.last)
					}
				})
			})
		}
	}
}

// The events go to another segment. What the first one has of them is not sent again after
// delivery.
func TestFailedWrite(t *testing.T) {
	for _, short := range []int{0, 8, 100, 1 << 20} {
		t.Run(fmt.Sprint(short), func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start(direct)
				p.log(10)
				pass(0)
				p.next() // 1 to 10 stay, and with them their segment
				first := m.disk.names(".seg")[0]
				m.disk.inject(fault{op: "write", err: errNoSpace, short: short, once: true})
				p.log(1)
				p.wantReports("write segment " + first)
				p.log(10)
				p.wantAtRisk(0, 0)
				pass(0)
				got := m.onDisk()
				wantList(t, "on disk", slices.Compact(got), span(1, 21))
				items, _ := p.batches(1)
				p.log(1)
				for _, it := range items {
					p.ack(it)
				}
				pass(0)
				wantList(t, "left on disk", m.onDisk(), append(span(1, 10), 22))
			})
		})
	}
}

// TestRepeatedWriteFailures leave events in memory, and no files.
func TestRepeatedWriteFailures(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(10)
		pass(0)
		end := m.disk.inject(fault{op: "write", err: errNoSpace, short: -1})
		p.log(20)
		p.wantAtRisk(20, 20)
		if reports := p.reported(); len(reports) == 0 {
			t.Error("not reported")
		}
		pass(time.Minute)
		end()
		pass(time.Minute)
		p.log(5)
		p.wantAtRisk(0, 20)
		got := p.deliver()
		slices.Sort(got)
		wantList(t, "delivered", got, span(1, 35))
		p.close()
		if got := m.disk.names(""); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
	})
}
