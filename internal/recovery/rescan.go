package recovery

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// rescanEvery is the interval between searches for leftover segments. A file whose process
// seems to be alive may be released soon: a program being started holds the files of its parent
// until exec. The next interval is then rescanSoon, and doubles from there.
const (
	rescanEvery = 30 * time.Second
	rescanSoon  = 100 * time.Millisecond
)

// rescan computes the rescan backoff.
type rescan struct {
	interval time.Duration
	known    map[string]bool // processes whose files were locked before
}

func newRescan() rescan { return rescan{rescanEvery, make(map[string]bool)} }

// maxKnown bounds the number of remembered processes, including dead ones.
const maxKnown = 4096

// next returns the interval after a round that has found these files locked.
func (r *rescan) next(locked []string) time.Duration {
	soon := false
	if len(r.known) > maxKnown {
		clear(r.known)
	}
	for _, name := range locked {
		if process := spool.ProcessOf(name); !r.known[process] {
			r.known[process] = true
			soon = true
		}
	}
	switch {
	case soon:
		r.interval = rescanSoon
	case len(locked) == 0:
		r.interval = rescanEvery
	default:
		r.interval = min(2*r.interval, rescanEvery)
	}
	return r.interval
}

// soon makes the next interval short if the file is locked again.
func (r *rescan) soon(name string) { delete(r.known, spool.ProcessOf(name)) }
