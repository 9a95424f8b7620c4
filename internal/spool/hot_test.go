package spool_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// everywhere returns what the next process finds on the disk and in RAM.
func (m *machine) everywhere() (list []int) {
	m.t.Helper()
	for _, f := range []*memFS{m.disk, m.ram} {
		some, damaged := m.orphans(f)
		list = append(list, some...)
		if damaged > 0 {
			m.t.Errorf("%d events are damaged", damaged)
		}
	}
	slices.Sort(list)
	return list
}

// TestHotModeDoesNotNeedTheDisk holds while events are delivered in time.
func TestHotModeDoesNotNeedTheDisk(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		pass(0)
		if hot, err := p.spool.Hot(); !hot || err != nil {
			t.Fatalf("hot %v, %v", hot, err)
		}
		writes := 0
		m.disk.watch(func(op, name string, off int64, data []byte) {
			if op == "write" && off > 0 { // another segment may be created ahead
				writes++
			}
		})
		for range 60 {
			p.log(50)
			pass(interval)
			p.deliver()
		}
		p.log(50)
		if got := m.disk.names(""); writes > 0 || len(got) > 2 {
			t.Errorf("%d writes to the disk, %d segments", writes, len(got))
		}
		p.wantAtRisk(0, 0)
		p.crash()
		wantList(t, "left", m.everywhere(), span(3001, 3050))
	})
}

// Events not delivered in time are moved to the disk.
func TestSpillAfter(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		p.log(30)
		pass(spillAfter - 1)
		wantList(t, "on disk too early", m.onDisk(), nil)
		pass(1)
		wantList(t, "on disk", m.onDisk(), span(1, 30))
		p.log(1)
		pass(spillAfter + syncEvery)
		m.ram.powerCut()
		m.disk.powerCut()
		p.crash()
		wantList(t, "left", m.everywhere(), span(1, 31))
	})
}

// The next process must not send them twice.
func TestSpilledEventsLeaveRAM(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		p.log(30)
		pass(spillAfter)
		p.next() // or later events in the same batch would be as old
		p.log(5)
		p.crash()
		onDisk, _ := m.orphans(m.disk)
		inRAM, _ := m.orphans(m.ram)
		wantList(t, "on disk", onDisk, span(1, 30))
		wantList(t, "in RAM", inRAM, span(31, 35))
	})
}

// TestHotFilesAreReused checks that they have none of their old events.
func TestHotFilesAreReused(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		ids := make(map[uint64]bool)
		for range 40 {
			p.log(40)
			p.deliver()
			for _, name := range m.ram.names(".hot") {
				ids[read(t, m.ram, name).header.ID] = true
			}
		}
		if got := m.ram.names(""); len(got) != 8 || len(ids) < 20 {
			t.Errorf("%d files had %d IDs", len(got), len(ids))
		}
		p.log(40)
		p.crash()
		wantList(t, "left", m.everywhere(), span(1601, 1640))
		if m.ram.most() > hotBytes {
			t.Errorf("%d bytes of RAM", m.ram.most())
		}
	})
}

// Events beyond the size of the hot files are written to the disk in time: no log call waits,
// and no event is at risk.
func TestMoreEventsThanRAM(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(func(c *config) { c.queue.MaxBytes = 1 << 20 })
		if took := timed(func() { p.log(1500) }); took > 0 {
			t.Errorf("log calls took %v", took)
		}
		p.wantAtRisk(0, 0)
		pass(0)
		p.crash()
		wantList(t, "left", m.everywhere(), span(1, 1500))
	})
}

// TestFullRAM stalls the disk: the first log call waits for MaxStall, and later events are at
// risk.
func TestFullRAM(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(func(c *config) { c.queue.MaxBytes = 1 << 20 })
		pass(0)
		release := m.disk.stall("write", "")
		n := 0
		for timed(func() { p.log(1) }) == 0 {
			n++
		}
		if n < 400 || n > 8*(hotBytes/8-segment.Start)/100 {
			t.Errorf("%d events found room", n)
		}
		if took := timed(func() { p.log(100) }); took > 0 {
			t.Errorf("the other log calls took %v", took)
		}
		// Kill -9 loses exactly these events.
		left, risk := m.snapshot().everywhere(), p.spool.State().EverAtRisk
		if risk < 90 || len(left) != p.last-int(risk) || p.queue.Unsafe() < risk {
			t.Errorf("%d of %d would be left, but %d are at risk, or %d", len(left), p.last, risk, p.queue.Unsafe())
		}
		release()
		pass(0)
		p.wantAtRisk(0, risk)
		if took := timed(func() { p.log(20) }); took > 0 {
			t.Errorf("after that log calls took %v", took)
		}
		p.wantAtRisk(0, risk)
		p.crash()
		wantList(t, "left", m.everywhere(), span(1, p.last))
	})
}

// TestHotFileIsNotReusedTooSoon keeps a file while a single event of it is needed.
func TestHotFileIsNotReusedTooSoon(t *testing.T) {
	for short := range 4 {
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start(func(c *config) { c.queue.MaxBytes = 1 << 20 })
			pass(0)
			defer m.disk.stall("write", "")()
			fits := 0 // events in the first file
			for len(read(t, m.ram, m.ram.names(".hot")[1]).records) == 0 {
				fits = p.last
				p.log(1)
			}
			p.end()

			p = m.start(func(c *config) { c.queue.MaxBytes = 1 << 20 })
			p.log(fits - short)
			it, _ := p.next() // all but the last ones of the first file
			for p.spool.State().EverAtRisk == 0 {
				p.log(1)
			}
			full := p.last
			p.ack(it)
			p.log(20)
			risk := p.spool.State().EverAtRisk
			if room := risk == 1; room != (short == 0) {
				t.Errorf("with %d needed events, %d of %d found no room", short, risk-1, p.last-full)
			}
			own := m.snapshot()
			for _, name := range own.ram.names("") {
				if strings.HasPrefix(name, "0000000000000001") {
					own.ram.unlink(name)
				}
			}
			got := own.everywhere()
			if want := p.last - (fits - short) - int(risk); len(got) != want || got[0] != fits-short+1 {
				t.Errorf("%d would be left, from %d on, want %d from %d on", len(got), got[0], want, fits-short+1)
			}
		})
	}
}

// A log call that waits finds room.
func TestBrieflyFullRAM(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(func(c *config) { c.queue.MaxBytes = 1 << 20 })
		pass(0)
		release := m.disk.stall("write", "")
		go func() {
			time.Sleep(maxStall / 2)
			release()
		}()
		if took := timed(func() { p.log(800) }); took != maxStall/2 {
			t.Errorf("log calls took %v", took)
		}
		p.wantAtRisk(0, 0)
		pass(0)
		p.crash()
		wantList(t, "left", m.everywhere(), span(1, 800))
	})
}

// TestEventTooLargeForRAM is written to the disk, and its log call waits for that.
func TestEventTooLargeForRAM(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		p.log(5)
		for range 3 {
			p.last++
			if err := p.queue.Append(sized(p.last, hotBytes/8)); err != nil {
				t.Fatal(err)
			}
			p.wantAtRisk(0, 0)
			p.log(5)
		}
		p.wantAtRisk(0, 0)
		p.crash()
		wantList(t, "left", slices.Compact(m.everywhere()), span(1, 23))
	})
}

// Afterwards log calls wait for the disk. Events stored before are still safe.
func TestMappingFailure(t *testing.T) {
	breaks := map[string]func(m *machine){
		"a store fails": func(m *machine) { m.ram.inject(fault{op: "store", err: errBroken}) },
		"emptied": func(m *machine) {
			for _, name := range m.ram.names(".hot") {
				m.ram.truncate(name, 0)
			}
		},
		"unlinked": func(m *machine) {
			for _, name := range m.ram.names(".hot") {
				m.ram.unlink(name)
			}
		},
		"a file unlinked": func(m *machine) { m.ram.unlink(m.ram.names(".hot")[3]) },
		"replaced": func(m *machine) {
			for _, name := range m.ram.names(".hot") {
				m.ram.replace(name, make([]byte, hotBytes/8))
			}
		},
	}
	for name, do := range breaks {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start()
				p.log(30)
				pass(0)
				do(m)
				pass(checkEvery)
				p.log(10)
				p.wantReports("use hot file spool: ")
				p.wantAtRisk(0, 0)
				p.log(100)
				p.wantAtRisk(0, 0)
				pass(time.Hour)
				p.wantReports()
				wantList(t, "on disk", m.onDisk(), span(1, 140))
				release := m.disk.stall("write", "")
				if took := timed(func() { p.log(2) }); took != maxStall {
					t.Errorf("log calls took %v, want a wait for the disk", took)
				}
				p.wantAtRisk(2, 2)
				release()
				pass(0)
				p.wantAtRisk(0, 2)
				got := p.deliver()
				slices.Sort(got)
				wantList(t, "delivered", got, span(1, 142))
				p.close()
				if got := m.disk.names(""); len(got) != 0 {
					t.Errorf("left on disk: %v", got)
				}
				if got := m.ram.names(""); len(got) != 0 && name != "replaced" {
					t.Errorf("left in RAM: %v", got)
				}
			})
		})
	}
}

// TestNoHotFiles falls back to direct mode if they cannot be created, and leaves no files
// behind.
func TestNoHotFiles(t *testing.T) {
	for _, op := range []string{"create", "write", "sync", "syncdir", "map"} {
		t.Run(op, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				// Not the first one.
				m.ram.inject(fault{op: op, name: lateName(op), err: errNoSpace})
				p := m.start()
				hot, err := p.spool.Hot()
				if hot || err == nil || !strings.Contains(err.Error(), "no space left") {
					t.Errorf("hot %v, %v", hot, err)
				}
				if got := m.ram.names(""); len(got) != 0 {
					t.Errorf("left in RAM: %v", got)
				}
				p.log(100)
				p.wantAtRisk(0, 0)
				pass(0)
				wantList(t, "on disk", m.onDisk(), span(1, 100))
			})
		})
	}
}

// lateName is part of the name of the third file; directories have none.
func lateName(op string) string {
	if op == "syncdir" {
		return ""
	}
	return "00000003"
}

// RAM does not survive the machine: nothing is left there unless the disk failed.
func TestCloseRemovesHotFiles(t *testing.T) {
	for _, fails := range []bool{false, true} {
		t.Run(fmt.Sprint("disk fails ", fails), func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start()
				p.log(100)
				pass(0)
				if fails {
					m.disk.inject(fault{op: "write", err: errBroken})
				}
				p.queue.Close()
				p.spool.Close(time.Second)
				kept, dropped := p.queue.Abandon()
				if kept.Events != 100 || dropped.Events != 0 {
					t.Errorf("kept %d, dropped %d", kept.Events, dropped.Events)
				}
				p.kill()
				if got := m.ram.names(""); (len(got) > 0) != fails {
					t.Errorf("left in RAM: %v", got)
				}
				wantList(t, "left", m.everywhere(), span(1, 100))
			})
		})
	}
}

// TestEmptyHotSpoolLeavesNoFiles covers disk and RAM.
func TestEmptyHotSpoolLeavesNoFiles(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(func(c *config) { c.queue.MaxBytes = 1 << 20 })
		p.log(600)
		p.deliver()
		p.log(10)
		p.deliver()
		p.close()
		if disk, ram := m.disk.names(""), m.ram.names(""); len(disk)+len(ram) > 0 {
			t.Errorf("left: %v, %v", disk, ram)
		}
	})
}

// TestSpillBacksOffWhileTheDiskFails bounds the attempts of the writer.
func TestSpillBacksOffWhileTheDiskFails(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		m.disk.inject(fault{op: "create", err: errReadOnly})
		p := m.start()
		p.log(30)
		pass(time.Hour)
		if got := m.disk.callsOf("list"); got > 2*130 {
			t.Errorf("%d attempts in an hour", got)
		}
		p.wantAtRisk(0, 0)
		p.log(30)
		p.crash()
		wantList(t, "left", m.everywhere(), span(1, 60))
	})
}
