package deliver

import (
	"math/rand/v2"
	"time"
)

// pace bounds the rate of PutLogEvents while the service throttles: halved when
// it does, then raised a little with each request that is taken, as TCP does. So
// few requests meet the quota, whatever it is and however many processes share
// it.
type pace struct {
	interval time.Duration // between two requests when all is well

	every time.Duration // the mean time between two requests; 0 = no bound
	usual time.Duration // what it was without a bound, smoothed
	last  time.Time     // when the last one started
	next  time.Time     // when the next one may
	held  bool          // the last one had to wait for that
}

// The factors are the outcome of simulations of one process and of ten thousand,
// see docs/fleet.md.
const (
	fastest  = 10 * time.Millisecond // between two requests; a bound below that is lifted
	slowDown = 2.0                   // when the service throttles
	speedUp  = 1.05                  // with each request that it answers
	jitter   = 0.2                   // of the time between two requests

	maxSlowDowns = 2 // in a row of failures

	slowestTimes = 20               // the interval, is the longest between two requests
	slowestMax   = 20 * time.Second // but no longer than this
)

func newPace(interval time.Duration) pace { return pace{interval: interval, usual: interval} }

// started notes that a request starts.
func (p *pace) started(now time.Time) {
	since := now.Sub(p.last)
	first := p.last.IsZero()
	p.last = now
	if p.every > 0 {
		p.held = now.Sub(p.next) < p.every/8 // it came as soon as it could
		p.next = now.Add(time.Duration(float64(p.every) * (1 - jitter + 2*jitter*rand.Float64())))
		return
	}
	if !first {
		p.usual += (min(since, p.interval) - p.usual) / 8 // a long pause says nothing
	}
}

// throttled makes requests rarer.
func (p *pace) throttled(now time.Time) {
	if p.every == 0 {
		p.every = max(p.usual, fastest)
	}
	p.every = min(time.Duration(slowDown*float64(p.every)), p.slowest())
	p.next = now.Add(time.Duration(float64(p.every) * rand.Float64()))
}

// slowest returns the longest time between two requests.
func (p *pace) slowest() time.Duration {
	return min(slowestTimes*p.interval, slowestMax)
}

// answered makes them more frequent, if the bound is what held them back. It is
// for answers that do not throttle.
func (p *pace) answered() {
	if p.every == 0 || !p.held {
		return
	}
	if p.every = time.Duration(float64(p.every) / speedUp); p.every < fastest {
		p.every, p.next = 0, time.Time{}
	}
}

// free returns when the next request may start. While somebody waits in Flush or
// Shutdown that is soon.
func (p *pace) free(awaited bool) time.Time {
	if hurried := p.last.Add(hurriedMax); awaited && hurried.Before(p.next) {
		return hurried
	}
	return p.next
}
