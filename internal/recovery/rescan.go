package recovery

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// rescanEvery is how often the spool is searched for leftover segments. Where the process
// of a file seems to live, that may be for a moment only: a program that is being started
// has the files of its parent until it is another one. So the first intervals after that
// are shorter, from rescanSoon on, each twice as long.
const (
	rescanEvery = 30 * time.Second
	rescanSoon  = 100 * time.Millisecond
)

// rescan says when to search again.
type rescan struct {
	interval time.Duration
	known    map[string]bool // processes whose files were locked before
}

func newRescan() rescan { return rescan{rescanEvery, make(map[string]bool)} }

// maxKnown bounds how many processes are remembered; those that died count as well.
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

// soon has the next interval be short, if the file is among those locked.
func (r *rescan) soon(name string) { delete(r.known, spool.ProcessOf(name)) }
