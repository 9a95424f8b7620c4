package cloudwatch

import (
	"fmt"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// Guarantee is what an event survives from the moment its log call has returned. It
// claims no more than was checked.
type Guarantee struct {
	// Mode is how events are kept: "memory" without a spool, "direct" or "hot" with
	// one.
	Mode string
	// Kill: events survive the death of the process by any cause, kill -9 included.
	// In hot mode they are in RAM at first: the container or pod must be the same when
	// the program starts again.
	Kill bool
	// Reboot is the time after which events survive a crash of the machine as well,
	// as far as its disk keeps what it has confirmed. 0: they do not.
	Reboot time.Duration
	// Err is why this is less than was asked for: there is no hot mode, or the disk fails
	// or stalls right now. nil if what was asked for is in force.
	Err error
}

// String says it in words.
func (g Guarantee) String() string {
	s := g.Mode + ": "
	switch {
	case !g.Kill:
		s += "events are lost if the process dies before the service has them"
	case g.Reboot == 0:
		s += "events survive the death of the process, but no reboot"
	default:
		s += fmt.Sprintf("events survive the death of the process, and after %v a crash of the machine", g.Reboot)
	}
	if g.Err != nil {
		s += fmt.Sprintf(" (%v)", g.Err)
	}
	return s
}

// Guarantee says what events survive right now. That changes when a disk fails or
// recovers.
func (p *pipeline) Guarantee() Guarantee {
	if p.spool == nil {
		return Guarantee{Mode: "memory"}
	}
	o := &p.settings.SpoolOptions
	g := Guarantee{Mode: "direct", Kill: true, Reboot: o.SyncEvery}
	hot, err := p.spool.Hot()
	if hot {
		g.Mode, g.Reboot = "hot", o.SpillAfter+o.SyncEvery
	} else if g.Err = err; err == nil {
		g.Err = p.noHot
	}
	if p.volatile.Load() {
		g.Reboot = 0
	}
	state := p.spool.State()
	if state.Failure == nil && !state.Stalled {
		return g
	}
	g.Err, g.Reboot = state.Failure, 0
	if g.Err == nil {
		g.Err = spool.ErrStalled
	}
	g.Kill = len(p.spool.Unsafe()) == 0
	return g
}
