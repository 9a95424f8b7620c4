package cloudwatch

import (
	"fmt"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/access"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
)

// targetOf is what the texts of errors say about where requests go.
func targetOf(s *settings, client *access.Client) explain.Target {
	to := destinationOf(client.Client, s.group)
	return explain.Target{
		Group:    s.group,
		Stream:   s.stream,
		Region:   to.region,
		Endpoint: to.endpoint,
		NoCreate: s.NoCreate,
		Tags:     len(s.Tags) > 0,
		Provider: !client.Reloads(),
		Role:     s.RoleARN,
	}
}

// failure explains why a request for a log stream failed.
func (p *pipeline) failure(operation, stream string, err error) *explain.Failure {
	to := p.target
	to.Stream = stream
	return &explain.Failure{Operation: operation, Target: to, At: time.Now(), Err: err}
}

// failed returns the Failed of a worker that delivers to a log stream.
func (p *pipeline) failed(stream string) func(operation string, err error) {
	return func(operation string, err error) { p.report.failed(p.failure(operation, stream, err)) }
}

// refused returns the Refused of such a worker.
func (p *pipeline) refused(stream string) func(err error) {
	return func(err error) { p.report.refused(p.failure("PutLogEvents", stream, err)) }
}

// obstacle returns why events are not delivered: why requests fail, or else why one failed
// since the last delivery, or else what the one in flight waits for. nil if nothing is known.
func (p *pipeline) obstacle() error {
	if err := p.report.failing(); err != nil {
		return err
	}
	if at, last := p.report.last(); last != nil && at.After(p.worker.Traffic().LastDelivery) {
		return last
	}
	if u := p.reach.Unfinished(); u != nil {
		return p.failure("", p.settings.stream, u)
	}
	return nil
}

// waitingAfter is how long a Shutdown or the first request goes on without a result before a
// line on standard error says what it waits for.
const waitingAfter = 2 * time.Second

// firstContact prints what the request in flight waits for, if the service has never
// answered. Once it has, only failed requests are reported, since any request may be slow.
func (p *pipeline) firstContact(began time.Time) {
	u := p.reach.Unfinished()
	if _, last := p.report.last(); last != nil || u == nil {
		return
	}
	p.report.waiting(began, fmt.Errorf("cloudwatch: %w; still waiting", p.failure("PutLogEvents", p.settings.stream, u)))
}

// stillWaiting prints what a Shutdown waits for that has had no request succeed.
func (p *pipeline) stillWaiting(began time.Time) {
	if p.reach.State().Answered.After(began) {
		return
	}
	left := p.queue.State().Pending
	if p.recovery != nil {
		left += p.recovery.Counts().Pending
	}
	obstacle := p.obstacle()
	if left == 0 || obstacle == nil {
		return
	}
	p.report.waiting(began, fmt.Errorf("cloudwatch: Close waits for %s: %w", counted(left, "event"), obstacle))
}
