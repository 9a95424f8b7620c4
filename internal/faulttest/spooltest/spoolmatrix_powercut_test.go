//go:build linux

package spooltest_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

var powerCuts = flag.Int("power-cuts", 2, "how often TestSpoolPowerCut cuts the power, in each mode")

// A power cut leaves what the disk has got. Here a file is the disk: it is copied while
// the program is stopped, and what is in the copy is what would be left (6). Then the
// copy loses sectors and pages as well, or gets older ones in their place (7).
func TestSpoolPowerCut(t *testing.T) {
	r := rows{}
	r.inModes("6 and 7", func(t *testing.T, o cloudwatch.SpoolOptions) { cutPower(t, o, *powerCuts) })
	r.run(t, 2)
}

func cutPower(t *testing.T, o cloudwatch.SpoolOptions, cuts int) {
	mode, within := "direct", time.Second // SyncEvery
	if !o.Direct {
		mode = "hot"
		within += o.SpillAfter
	}
	var lost []time.Duration
	var damaged, hurt int
	for left := cuts; left > 0; left -= 10 {
		e := newExt4(t, 128*mib)
		s := newSpoolScene(t, e.path, o)
		s.size = 1000
		p := s.spawn(true)
		p.do("flood", 500)
		time.Sleep(within + 300*time.Millisecond)
		var older map[string][]byte // files as they were when the power was cut last
		for range min(left, 10) {
			time.Sleep(time.Duration(rand.N(within)))
			image := p.cut(e)
			var l time.Duration
			var d, h int
			l, d, h, older = afterCut(t, s, p, image, older)
			lost = append(lost, l)
			damaged += d
			hurt += h
		}
		p.kill()
	}
	slices.Sort(lost)
	at := func(q float64) time.Duration { return lost[int(q*float64(len(lost)-1))].Round(time.Millisecond) }
	t.Logf("%s: %d power cuts: the last %v of logging were lost in the middle, %v in 95 %%, %v at most, %v at least; %v are promised", mode, len(lost), at(0.5), at(0.95), at(1), at(0), within)
	t.Logf("%s: sectors and pages of %d copies were zeroed or older: %d events were hurt, all others delivered, %d counted as damaged", mode, len(lost), hurt, damaged)
	if slack := 500 * time.Millisecond; at(1) > within+slack {
		t.Errorf("%v of logging were lost, want at most %v and %v of slack", at(1), within, slack)
	}
}

// cut copies the disk while the child is stopped. A copy during which the kernel has
// written is none that a disk could have had.
func (p *process) cut(e *ext4) (image string) {
	p.s.Helper()
	if err := p.Process.Signal(syscall.SIGSTOP); err != nil {
		p.s.Fatal(err)
	}
	defer func() {
		if err := p.Process.Signal(syscall.SIGCONT); err != nil {
			p.s.Error(err)
		}
	}()
	image = filepath.Join(p.s.TempDir(), "image")
	for range 50 {
		before := e.writes(p.s.T)
		copySparse(p.s.T, e.image, image)
		if e.writes(p.s.T) == before {
			return image
		}
	}
	p.s.Skip("the kernel always writes to the disk")
	return ""
}

// writes are the requests that the device has taken and those under way.
func (e *ext4) writes(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/sys/block/" + e.device + "/stat")
	if err != nil {
		t.Skipf("the kernel does not count requests: %v", err)
	}
	fields := strings.Fields(string(text))
	const written, underWay = 4, 8
	if fields[underWay] != "0" {
		return fmt.Sprint("under way at ", time.Now())
	}
	return fields[written]
}

func copySparse(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "--sparse=always", from, to).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
}

// afterCut starts a program on the copy, and on copies of the copy that are damaged
// besides. It returns how much of the log is lost for the power cut, how many events the
// damage has hurt and how many were counted, and what the segments were.
func afterCut(t *testing.T, s *spoolScene, p *process, image string, older map[string][]byte) (lost time.Duration, damaged, hurt int, now map[string][]byte) {
	t.Helper()
	logged := p.witnessed() // some are logged by now that were not when the power was cut
	info, err := os.Stat(image)
	if err != nil {
		t.Fatal(err)
	}
	worse := []string{image + "-zeroed", image + "-older"}
	for _, name := range worse {
		copySparse(t, image, name)
	}

	have, stats := recovered(t, s, mountImage(t, image, "").path)
	if stats.Lost > 0 {
		t.Errorf("a power cut alone has damaged something: %+v", stats)
	}
	cut := info.ModTime() // when the copy was finished; nothing was logged meanwhile
	first := cut
	for _, e := range logged {
		if e.at.Before(cut) && !have[e.number] {
			first = e.at
			break
		}
	}
	last := first
	for _, e := range logged {
		if e.at.Before(cut) {
			last = e.at
		}
		if e.at.After(first) && e.at.Before(cut) && have[e.number] {
			t.Errorf("event %d is there although one before is not", e.number)
			break
		}
	}
	if first != cut {
		lost = last.Sub(first)
	}

	for _, name := range worse {
		e := mountImage(t, name, "")
		var instead map[string][]byte // zeros
		if now == nil {
			now = segmentsIn(t, e.path)
		} else {
			instead = older
		}
		want := hurtPages(t, e.path, instead)
		got, stats := recovered(t, s, e.path)
		for n := range want {
			if !got[n] {
				t.Errorf("event %d is missing, which was not hurt", n)
				break
			}
		}
		for n := range got {
			if !want[n] {
				t.Errorf("event %d was hurt, but delivered", n)
				break
			}
		}
		n := len(have) - len(want)
		if int(stats.Damaged) != n {
			t.Errorf("%s: %d events were hurt, %d are counted as damaged", filepath.Base(name), n, stats.Damaged)
		}
		damaged += int(stats.Damaged)
		hurt += n
	}
	return lost, damaged, hurt, now
}

// segmentsIn reads all segments.
func segmentsIn(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	contents := make(map[string][]byte)
	names, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if contents[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return contents
}

// recovered starts a program on a spool, and returns what it delivers.
func recovered(t *testing.T, s *spoolScene, dir string) (have map[int]bool, stats cloudwatch.Recovered) {
	t.Helper()
	o := s.opts.SpoolOptions
	o.RAM, o.Direct = "", true // RAM loses everything
	r := newSpoolScene(t, dir, o)
	// It must be the same destination.
	endpoint := s.srv.URL
	r.opts.Endpoint = endpoint
	r.net.endpoint = s.srv.Transport()
	s.srv.TakeEvents(testkit.Group, testkit.Stream)
	left := r.producers()
	r.begin()
	r.waitFor(20*time.Second, "what is left is delivered", func() bool {
		now := r.producers()
		for producer := range left {
			if len(now[producer]) > 0 {
				return false
			}
		}
		return r.Stats().Recovered.Pending == 0
	})
	if err := r.closeIn(10 * time.Second); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	have = make(map[int]bool)
	for _, e := range s.srv.TakeEvents(testkit.Group, testkit.Stream) {
		n, ok := numberOf(e.Message)
		switch {
		case ok:
			have[n] = true
		case !strings.Contains(e.Message, `"msg":"log events`):
			t.Errorf("something was delivered that nobody has logged: %.100q", e.Message)
		}
	}
	return have, r.past[0].Recovered
}

// hurtPages overwrites sectors and pages of the segments with zeros, or with what was
// there before. It returns the events of records that this has not changed. The last
// record of each file stays: nobody knows of one behind.
func hurtPages(t *testing.T, dir string, older map[string][]byte) (whole map[int]bool) {
	t.Helper()
	whole = make(map[int]bool)
	for base, content := range segmentsIn(t, dir) {
		name := filepath.Join(dir, base)
		header, err := segment.DecodeHeader(content[:segment.HeaderBytes])
		if err != nil {
			continue // never written
		}
		records := recordsOf(t, name, header.ID)
		if len(records) == 0 {
			continue
		}
		end := records[len(records)-1].from
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		const sector, page = 512, 4096
		for i := range 10 {
			size := int64(sector)
			if i >= 7 {
				size = page
			}
			// Of the header one copy stays.
			from := (segment.HeaderBytes/2 + rand.Int64N(max(end-segment.HeaderBytes/2, 1))) / size * size
			if from += size; from+size > end {
				continue
			}
			instead := make([]byte, size)
			if was := older[base]; from < int64(len(was)) { // the file may have grown since
				copy(instead, was[from:])
			}
			for k := range records {
				r := &records[k]
				if a, b := max(r.from, from), min(r.to, from+size); a < b && !bytes.Equal(content[a:b], instead[a-from:b-from]) {
					r.hurt = true
				}
			}
			if _, err := f.WriteAt(instead, from); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if !r.hurt {
				whole[r.number] = true
			}
		}
	}
	return whole
}

// placed is an event and where in the file its record stands.
type placed struct {
	number   int
	from, to int64
	hurt     bool
}

func recordsOf(t *testing.T, name string, id uint64) (records []placed) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	scan := segment.NewScanner(f, info.Size(), id)
	for scan.Next() {
		payload := scan.Record().Payload
		n, ok := numberOf(string(payload)) // there is nothing to escape in it
		if !ok {
			t.Fatalf("a record has %.100q", payload)
		}
		records = append(records, placed{n, scan.Offset(), scan.Offset() + int64(segment.Length(len(payload))), false})
	}
	return records
}
