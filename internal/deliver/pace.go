package deliver

import (
	"math/rand/v2"
	"time"
)

// pace limits the rate of PutLogEvents while the service throttles: the rate is halved on
// throttling and raised a little with each success, as TCP does. This way few requests exceed the
// quota, whatever it is and however many processes share it.
type pace struct {
	interval time.Duration // between two requests when nothing fails

	limit   time.Duration // mean interval between requests; 0: no limit
	usual   time.Duration // interval without a limit, smoothed
	last    time.Time     // start of the last request
	next    time.Time     // earliest start of the next one
	limited bool          // the limit delayed the last request
}

// Factors found by simulating one process and ten thousand, see docs/fleet.md.
const (
	shortestInterval = 10 * time.Millisecond // shortest interval; a limit below it is lifted
	slowDown         = 2.0                   // on throttling
	speedUp          = 1.05                  // with each answer that does not throttle
	jitter           = 0.2                   // relative to the interval

	maxSlowDowns = 2 // per sequence of failures

	slowestTimes = 20               // longest interval, as a multiple of the configured one
	slowestMax   = 20 * time.Second // upper bound of the longest interval
)

func newPace(interval time.Duration) pace { return pace{interval: interval, usual: interval} }

// started records the start of a request.
func (p *pace) started(now time.Time) {
	since := now.Sub(p.last)
	first := p.last.IsZero()
	p.last = now
	if p.limit > 0 {
		p.limited = now.Sub(p.next) < p.limit/8 // it started as early as the limit allowed
		p.next = now.Add(time.Duration(float64(p.limit) * (1 - jitter + 2*jitter*rand.Float64())))
		return
	}
	if !first {
		p.usual += (min(since, p.interval) - p.usual) / 8 // longer gaps mean idle time, not rate
	}
}

// throttled lowers the rate.
func (p *pace) throttled(now time.Time) {
	if p.limit == 0 {
		p.limit = max(p.usual, shortestInterval)
	}
	p.limit = min(time.Duration(slowDown*float64(p.limit)), p.slowest())
	p.next = now.Add(time.Duration(float64(p.limit) * rand.Float64()))
}

// slowest returns the longest interval between requests.
func (p *pace) slowest() time.Duration {
	return min(slowestTimes*p.interval, slowestMax)
}

// answered raises the rate if the limit delayed the last request. It is called for answers that
// do not throttle.
func (p *pace) answered() {
	if p.limit == 0 || !p.limited {
		return
	}
	if p.limit = time.Duration(float64(p.limit) / speedUp); p.limit < shortestInterval {
		p.limit, p.next = 0, time.Time{}
	}
}

// nextStart returns the earliest start of the next request: soon while a caller waits in Flush or
// Shutdown.
func (p *pace) nextStart(awaited bool) time.Time {
	if sooner := p.last.Add(awaitedMax); awaited && sooner.Before(p.next) {
		return sooner
	}
	return p.next
}
