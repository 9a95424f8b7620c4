package spool_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// adopter configures a program in direct mode, so that the hot files are not its own.
func adopter(c *config) { c.Hot = nil }

// TestAdopt moves the hot files of a killed process.
func TestAdopt(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		p.log(20)
		p.deliver()
		p.log(180)
		lives := m.start()
		lives.log(10)
		p.crash()
		hot := len(m.ram.names(".hot"))
		a := m.start(adopter)
		for range 2 { // the second time has nothing to do
			if err := a.adopt(); err != nil {
				t.Error(err)
			}
			if got := m.ram.names(""); len(got) != hot-8 {
				t.Errorf("left in RAM: %v", got)
			}
			var moved []string
			for _, name := range a.leftovers() {
				if sameProcess(name, "0000000000000001-") {
					moved = append(moved, name)
				}
			}
			list, damaged := m.orphans(m.disk.only(moved)) // some were already on disk
			slices.Sort(list)
			if wantList(t, "moved", list, span(21, 200)); damaged > 0 {
				t.Errorf("%d are damaged", damaged)
			}
			for _, name := range moved {
				if bytes.Count(m.disk.read(name)[:segment.HeaderBytes], []byte{0}) == segment.HeaderBytes {
					continue // it was killed while creating that one
				}
				if h := read(t, m.disk, name).header; h.Hot || h.Producer != 1 || h.Stream != "stream 1" {
					t.Errorf("the header of %s is %+v", name, h)
				}
			}
		}
		lives.deliver() // it still has its files
		lives.log(5)
		lives.crash()
		if err := a.adopt(); err != nil {
			t.Error(err)
		}
		if got := m.ram.names(""); len(got) != 0 {
			t.Errorf("left in RAM: %v", got)
		}
	})
}

// TestAdoptInterrupted interrupts an adoption at any point, by kill -9 or by a power cut that
// clears RAM: nothing that was on the disk is lost, and with kill -9 nothing at all. At most
// one file is duplicated.
func TestAdoptInterrupted(t *testing.T) {
	points := 0
	for n, over := 0, false; !over; n++ {
		points++
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start()
			p.log(70) // in two files
			p.crash()
			a := m.start(adopter)
			pass(0)
			a.killAfter(n)
			_, err := a.spool.Adopt(func(string, int64, error) {})
			if over = !a.isDead(); over && err != nil {
				t.Error(err)
			}
			a.crash()
			b := m.start(adopter)
			if err := b.adopt(); err != nil {
				t.Errorf("killed at %d: %v", n, err)
			}
			pass(0)
			b.crash()
			if got := append(m.unfinished(), m.ram.names("")...); len(got) > 0 {
				t.Errorf("killed at %d: left %v", n, got)
			}
			list, damaged := m.orphans(m.disk)
			twice := len(list)
			slices.Sort(list)
			list = slices.Compact(list)
			wantList(t, fmt.Sprintf("killed at %d", n), list, span(1, 70))
			if twice -= len(list); twice > 60 || damaged > 0 {
				t.Errorf("killed at %d: %d duplicate events, %d damaged", n, twice, damaged)
			}
		})
	}
	if points < 15 {
		t.Errorf("only %d points", points)
	}
}

// TestPowerCutAfterAdoption checks that all moved events are kept.
func TestPowerCutAfterAdoption(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			m := newMachineOf(t, seed)
			p := m.start()
			p.log(150)
			p.crash()
			a := m.start(adopter)
			if err := a.adopt(); err != nil {
				t.Error(err)
			}
			m.disk.powerCut()
			m.ram.powerCut()
			a.crash()
			b := m.start(adopter)
			if err := b.adopt(); err != nil {
				t.Error(err)
			}
			b.crash()
			list, _ := m.orphans(m.disk)
			wantList(t, "left", list, span(1, 150))
		})
	}
}

// Everything stays in RAM for another attempt.
func TestAdoptOnAFailedDisk(t *testing.T) {
	for _, op := range []string{"list", "space", "create", "write", "sync", "syncdir", "rename"} {
		t.Run(op, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start()
				p.log(150)
				p.crash()
				a := m.start(adopter)
				pass(0)
				end := m.disk.inject(fault{op: op, err: errNoSpace, short: -1})
				if err := a.adopt(); !errors.Is(err, errNoSpace) {
					t.Errorf("got %v", err)
				}
				wantList(t, "left", slices.Compact(m.snapshot().everywhere()), span(1, 150))
				end()
				if err := a.adopt(); err != nil {
					t.Error(err)
				}
				if got := append(m.unfinished(), m.ram.names("")...); len(got) > 0 {
					t.Errorf("left: %v", got)
				}
				a.crash()
				wantList(t, "left", m.everywhere(), span(1, 150))
			})
		})
	}
}

// The replayer of a copy reports how many events are missing.
func TestAdoptCountsDamage(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		p.log(20)
		p.deliver()
		p.log(20)
		p.crash()
		var bad []int
		for _, name := range m.ram.names(".hot") {
			c := read(t, m.ram, name)
			m.ram.tamper(name, func(data []byte) []byte {
				at := segment.Start
				for i, n := range c.records {
					if i%9 == 4 && n > 20 {
						bad = append(bad, n)
					}
					if i%9 == 4 {
						data[at+40]++
					}
					at += segment.Length(len(payload(n)))
				}
				return data
			})
		}
		a := m.start(adopter)
		if err := a.adopt(); err != nil {
			t.Error(err)
		}
		a.crash()
		list, damaged := m.orphans(m.disk)
		wantList(t, "left", list, slices.DeleteFunc(span(21, 40), func(n int) bool { return slices.Contains(bad, n) }))
		if damaged != len(bad) || damaged == 0 {
			t.Errorf("%d are damaged, want %d", damaged, len(bad))
		}
	})
}

// An unreadable file must not block the others.
func TestAdoptUnreadableFile(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		p.log(150)
		p.crash()
		m.ram.put("00000000000000aa-00000001.hot", nil)
		m.ram.put("00000000000000aa-00000002.hot", make([]byte, hotBytes/8))
		m.ram.put("00000000000000aa-00000003.hot", []byte("this is no segment"))
		m.ram.put("00000000000000aa-00000004.new", nil)
		m.disk.put("00000000000000aa-00000005.new", make([]byte, 100))
		a := m.start(adopter)
		var reports []string
		for range 2 { // reported only once
			_, err := a.spool.Adopt(func(name string, bytes int64, why error) {
				if !errors.Is(why, spool.ErrHeaderDamaged) {
					t.Error(why)
				}
				reports = append(reports, fmt.Sprint(name, " ", bytes))
			})
			if err != nil {
				t.Error(err)
			}
		}
		if want := []string{"00000000000000aa-00000001.hot 0", "00000000000000aa-00000002.hot 32768", "00000000000000aa-00000003.hot 18"}; !slices.Equal(reports, want) {
			t.Errorf("held %q, want %q", reports, want)
		}
		if got := m.ram.names(""); len(got) != 3 || got[0] != "00000000000000aa-00000001.bad" {
			t.Errorf("left in RAM: %v", got)
		}
		if got := m.unfinished(); len(got) > 0 {
			t.Errorf("left on disk: %v", got)
		}
		a.crash()
		wantList(t, "left", m.everywhere(), span(1, 150))
	})
}

// The file is left unchanged, and its size reported.
func TestAdoptFileOfLaterVersion(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		p.log(150)
		p.crash()
		later := ofLaterVersion(segmentOf(t, span(1, 5)))
		m.ram.put("00000000000000aa-00000001.hot", slices.Clone(later))
		a := m.start(adopter)
		var version *segment.VersionError
		for range 2 {
			times := 0
			locked, err := a.spool.Adopt(func(name string, bytes int64, why error) {
				if times++; name != "00000000000000aa-00000001.hot" || bytes != int64(len(later)) || !errors.As(why, &version) {
					t.Errorf("%s is held with %d bytes: %v", name, bytes, why)
				}
			})
			if times != 1 || len(locked) > 0 || err != nil {
				t.Errorf("reported %d times, locked %v, error %v", times, locked, err)
			}
		}
		if !bytes.Equal(m.ram.read("00000000000000aa-00000001.hot"), later) {
			t.Error("the file was changed")
		}
		a.crash()
		got, _ := m.orphans(m.disk)
		wantList(t, "moved", got, span(1, 150))
	})
}

// The remaining events are moved, and the truncation is reported.
func TestAdoptTruncatedFile(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		p.log(20)
		p.crash()
		name := m.ram.names(".hot")[0]
		m.ram.truncate(name, segment.Start+1000)
		a := m.start(adopter)
		var reports []string
		_, err := a.spool.Adopt(func(name string, bytes int64, why error) {
			if !errors.Is(why, spool.ErrTruncated) {
				t.Error(why)
			}
			reports = append(reports, name)
		})
		if err != nil || !slices.Equal(reports, []string{name}) {
			t.Errorf("reported %v, %v", reports, err)
		}
		a.crash()
		if got := m.everywhere(); len(got) < 4 || !slices.Equal(got, span(1, len(got))) {
			t.Errorf("left: %s", short(got))
		}
	})
}

// TestUnfinishedFileOfALivingProcess checks that the file is kept.
func TestUnfinishedFileOfALivingProcess(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		const name = "00000000000000aa-00000004.new"
		m.disk.put(name, make([]byte, 100))
		f, err := m.disk.open(newProcess()).Open(name)
		if err != nil {
			t.Fatal(err)
		}
		a := m.start(adopter)
		if err := a.adopt(); err != nil {
			t.Error(err)
		}
		if got := m.unfinished(); len(got) != 1 {
			t.Errorf("left: %v", got)
		}
		f.Close()
		if err := a.adopt(); err != nil {
			t.Error(err)
		}
		if got := m.unfinished(); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
	})
}

// Other processes open new files when they look for unfinished ones; the file then gets another
// name.
func TestFileLockedByOthersWhileCreated(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		for _, f := range []*memFS{m.ram, m.disk} {
			for range 3 {
				f.inject(fault{op: "create", err: disk.ErrLocked, once: true})
			}
		}
		p := m.start()
		p.log(150)
		pass(2 * spillAfter)
		if hot, err := p.spool.Hot(); !hot || err != nil {
			t.Errorf("hot: %v, %v", hot, err)
		}
		p.wantReports()
		p.crash()
		a := m.start(adopter)
		m.disk.inject(fault{op: "create", name: "-8", err: disk.ErrLocked, once: true})
		m.disk.inject(fault{op: "create", name: "-8", err: fs.ErrExist, once: true}) // it is being removed
		if err := a.adopt(); err != nil {
			t.Error(err)
		}
		pass(0)
		a.crash()
		if got := append(m.unfinished(), m.ram.names("")...); len(got) > 0 {
			t.Errorf("left: %v", got)
		}
		wantList(t, "left", m.everywhere(), span(1, 150))
	})
}

// Hot files may have the same events: once the segment is sent and removed, they would be sent
// again from there.
func TestSegmentsWaitForHotFiles(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		m.ram.put("00000000000000aa-00000001.hot", ofLaterVersion(segmentOf(t, span(1, 5)))) // stays
		m.disk.put("00000000000000aa-00000002.seg", segmentOf(t, span(1, 5)))                // nothing will change there
		m.disk.put("00000000000000bb-00000001.seg", segmentOf(t, span(1, 5)))                // has no hot files
		p := m.start()
		p.log(150)
		pass(spillAfter)
		p.log(50)
		a := m.start(adopter)
		locked, err := a.spool.Adopt(func(string, int64, error) {})
		if len(locked) == 0 || err != nil {
			t.Fatalf("locked %v, error %v", locked, err)
		}
		p.crash()
		waits := func() (processes []string) {
			list, err := a.spool.Leftovers()
			if err != nil {
				t.Error(err)
			}
			for _, l := range list {
				if l.Blocked {
					processes = append(processes, spool.ProcessOf(l.Name))
				}
			}
			return slices.Compact(processes)
		}
		if got := waits(); !slices.Equal(got, []string{"0000000000000001"}) { // it was alive, and no longer is
			t.Errorf("waiting: %v", got)
		}
		if _, err := a.spool.Adopt(func(string, int64, error) {}); err != nil {
			t.Error(err)
		}
		if got := waits(); len(got) > 0 {
			t.Errorf("still waiting after the hot files were moved: %v", got)
		}
	})
}

// Each hot file is moved by exactly one of two concurrent calls.
func TestConcurrentAdopt(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		p.log(250)
		p.crash()
		a, b := m.start(adopter), m.start(adopter)
		done := make(chan error)
		for _, q := range []*program{a, b} {
			go func() { done <- q.adopt() }()
		}
		for range 2 {
			if err := <-done; err != nil && !errors.Is(err, disk.ErrLocked) {
				t.Error(err)
			}
		}
		a.crash()
		b.crash()
		wantList(t, "left", m.everywhere(), span(1, 250))
	})
}

// TestAdoptWithinMaxBytes creates a segment at the same time: the limit is never exceeded, not
// by a byte.
func TestAdoptWithinMaxBytes(t *testing.T) {
	const segments, copies = "3-0000", "2-8000" // parts of file names
	for _, slow := range []string{segments, copies} {
		t.Run("slow to create  "+slow, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start()
				p.log(150)
				p.deliver()
				p.close()
				p = m.start()
				p.log(50)
				p.crash()
				for _, name := range m.disk.names("") {
					m.disk.unlink(name)
				}
				m.disk.forget()
				const most = 2*segmentBytes + hotBytes/8 - 1
				a := m.start(adopter, func(c *config) { c.MaxBytes = most })
				a.log(1)
				pass(0)
				pass(0)
				release := m.disk.stall("create", slow)
				adopted := make(chan error)
				adopt := func() { adopted <- a.adopt() }
				if slow == copies {
					go adopt()
					pass(0)
				}
				a.log(320) // needs another segment
				if slow == segments {
					go adopt()
					pass(0)
				}
				release()
				<-adopted
				pass(0)
				if m.disk.most() > most {
					t.Errorf("%d bytes, at most %d are allowed", m.disk.most(), most)
				}
			})
		})
	}
}
