package endpoint

import (
	"context"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// sweepLimit is the number of events deleted at once, so that requests do not wait long for a
// sweep.
const sweepLimit = 5000

// sweep deletes expired events periodically until the server closes. Errors are retried at the next
// sweep.
func (s *Server) sweep(o Options) {
	defer s.inFlight.Done()
	tick := time.NewTicker(o.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.sweepOnce(o)
		case <-s.done:
			return
		}
	}
}

func (s *Server) sweepOnce(o Options) {
	c := s.call(context.Background(), DefaultRegion)
	_ = c.eachGroup("", "", func(g logstore.Group) bool {
		before := cutoff(g, c.now)
		if o.MaxAge > 0 {
			before = max(before, c.now-o.MaxAge.Milliseconds())
		}
		for before > 0 {
			if n, err := s.store.Expire(g.Name, before, sweepLimit); err != nil || n < sweepLimit {
				break
			}
			if s.isDone() {
				return false
			}
		}
		return !s.isDone()
	})
	for o.MaxBytes > 0 && !s.isDone() {
		if n, err := s.store.Trim(o.MaxBytes, sweepLimit); err != nil || n == 0 {
			break
		}
	}
}

// isDone reports whether Close has begun.
func (s *Server) isDone() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}
