//go:build linux

package spooltest_test

import (
	"testing"
	"time"
)

// What a short program leaves while AWS is away takes about what its events do: twice
// that and 16 KiB if it was closed, and 64 KiB if it was killed, until the next start.
func TestSpoolMatrixLeftovers(t *testing.T) {
	const lines, page = 21, 4 << 10
	s := newSpoolScene(t, spoolOf(t), directSpool)
	s.net.shut()
	takes := func(after string, most int64) {
		t.Helper()
		_, allocated := usedBy(s.opts.Spool)
		t.Logf("%s: %d bytes, at most %d", after, allocated, most)
		if allocated > most {
			t.Errorf("%s: %d bytes are used, at most %d may be: %v", after, allocated, most, s.left())
		}
	}
	events := func(n int) int64 {
		return int64(n * (len(messageOf(0, s.size)) + 26)) // as the service counts them
	}
	p := s.spawn(true)
	p.do("log", lines)
	p.kill()
	takes("killed", 2*events(lines)+64<<10)

	s.begin()
	s.waitFor(5*time.Second, "it is found", func() bool { return s.Stats().Recovered.Pending == lines })
	s.leaves(lines)
	takes("the next start", 2*events(lines)+16<<10)

	s.begin()
	s.logs(lines)
	s.leaves(2 * lines)
	takes("closed", 2*events(2*lines)+2*16<<10)
	s.net.open()
	s.end()
	takes("all is delivered", page)
}
