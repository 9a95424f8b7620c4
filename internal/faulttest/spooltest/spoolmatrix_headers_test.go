//go:build linux

package spooltest_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// livingOwner: the lock decides who lives, whatever the header says.
func livingOwner(t *testing.T, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, spoolOf(t), o)
	p := s.spawn(true)
	p.do("log", 300)
	if !o.Direct {
		p.reports(5*time.Second, "they are on disk", func(childReport) bool { return len(s.files(".seg")) > 0 })
	}
	// It lives, but the header says that it died in an earlier life of the machine.
	s.headers(func(h *segment.Header) { h.PID, h.Boot = 1<<22-1, "another" })
	s.net.shut()
	s.begin()
	number := len(s.events)
	time.Sleep(300 * time.Millisecond)
	if r := s.Stats().Recovered; r != (cloudwatch.Recovered{}) {
		s.Errorf("from a process that lives %+v was taken", r)
	}
	if err := s.closeIn(time.Second); err != nil {
		s.Errorf("Shutdown: %v", err)
	}
	if number != len(s.events) {
		s.Fatal("something else was logged")
	}
	p.kill()
	// It is dead, but the header names a process that lives.
	s.headers(func(h *segment.Header) { h.PID = os.Getpid() })
	s.end()
}

// headers changes those of all segments.
func (s *spoolScene) headers(change func(h *segment.Header)) {
	s.Helper()
	names := s.files(".seg")
	if s.opts.SpoolOptions.RAM != "" {
		names = append(names, s.hotFiles()...)
	}
	for _, name := range names {
		s.page(name, func(page []byte) []byte {
			h, err := segment.DecodeHeader(page)
			if err != nil {
				s.Fatalf("%s: %v", filepath.Base(name), err)
			}
			change(h)
			if page, err = h.Encode(); err != nil {
				s.Fatal(err)
			}
			return page
		})
	}
}

// page changes the bytes of the header of a file.
func (s *spoolScene) page(name string, change func(page []byte) []byte) {
	s.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		s.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, segment.HeaderBytes)
	if _, err := f.ReadAt(page, 0); err != nil {
		s.Fatal(err)
	}
	if _, err := f.WriteAt(change(page), 0); err != nil {
		s.Fatal(err)
	}
}

// laterVersion has files that only a later version of the library can read.
func laterVersion(t *testing.T, o cloudwatch.SpoolOptions) {
	s := newSpoolScene(t, spoolOf(t), o)
	p := s.spawn(true)
	p.do("log", 300)
	p.kill()
	names := s.files(".seg")
	if o.Direct {
		names = names[:1] // the first one has the events, the other one nothing
	} else {
		names = s.hotFiles()
	}
	now := func(version byte) (contents [][]byte) {
		for _, name := range names {
			s.page(name, func(page []byte) []byte {
				for _, part := range [][]byte{page[:len(page)/2], page[len(page)/2:]} {
					part[8], part[10] = version, version
					length := binary.LittleEndian.Uint32(part[12:])
					sum := crc32.Checksum(append(bytes.Clone(part[:16]), part[20:20+length]...), crc32.MakeTable(crc32.Castagnoli))
					binary.LittleEndian.PutUint32(part[16:], sum)
				}
				return page
			})
			content, err := os.ReadFile(name)
			if err != nil {
				s.Fatal(err)
			}
			contents = append(contents, content)
		}
		return contents
	}
	before := now(9)
	s.begin()
	s.logs(100)
	s.waitFor(5*time.Second, "somebody is told", func() bool { return s.spoolErrors() >= len(names) })
	s.waitFor(5*time.Second, "what is new is delivered", func() bool { return s.Stats().Pending == 0 })
	r := s.Stats().Recovered
	s.Logf("%d files of a later version: recovered %+v, told %q", len(names), r, s.told.Errors())
	var held int64
	for _, content := range before {
		held += int64(len(content))
	}
	if r.Held != held || r.Events > 0 && o.Direct { // in hot mode some may have been written to the disk
		s.Errorf("recovered %+v, want %d bytes held", r, held)
	}
	if n := s.spoolErrors(); n != len(names) {
		s.Errorf("it is told %d times, want once for each of %d files", n, len(names))
	}
	if err := s.closeIn(5 * time.Second); err != nil {
		s.Errorf("Shutdown: %v", err)
	}
	for i, name := range names {
		if after, err := os.ReadFile(name); err != nil || !bytes.Equal(after, before[i]) {
			s.Errorf("%s was touched: %v", filepath.Base(name), err)
		}
	}
	now(segment.Version)
	s.end()
}
