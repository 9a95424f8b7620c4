package pipeline

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cloudwatch-go/cloudwatch/internal/explain"
	"github.com/cloudwatch-go/cloudwatch/internal/recovery"
	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// destinationOf returns where requests go. Segments of ended processes are replayed only if they
// have the same destination, since they are sent with the credentials of this process.
func destinationOf(cfg *Config) recovery.Destination {
	o := cfg.Client.Options()
	endpoint := redact.URL(aws.ToString(o.BaseEndpoint)) // as in segment headers
	return recovery.Destination{Region: o.Region, Endpoint: endpoint, Group: cfg.Group}
}

func targetOf(cfg *Config, to recovery.Destination) explain.Target {
	return explain.Target{
		Group:    cfg.Group,
		Stream:   cfg.Stream,
		Region:   to.Region,
		Endpoint: to.Endpoint,
		NoCreate: cfg.Creation.Never,
		Tags:     len(cfg.Creation.Tags) > 0,
		Provider: !cfg.Client.Reloads(),
		Role:     cfg.Role,
	}
}

// failure explains why a request for a log stream failed.
func (p *Pipeline) failure(operation, stream string, err error) *explain.Failure {
	to := p.target
	to.Stream = stream
	return &explain.Failure{Operation: operation, Target: to, At: time.Now(), Err: err}
}

// failed returns deliver.Config.Failed for a log stream.
func (p *Pipeline) failed(stream string) func(operation string, err error) {
	return func(operation string, err error) { p.report.failed(p.failure(operation, stream, err)) }
}

// refused returns deliver.Config.Refused for a log stream.
func (p *Pipeline) refused(stream string) func(err error) {
	return func(err error) { p.report.refused(p.failure("PutLogEvents", stream, err)) }
}

// obstacle returns why events are not delivered: why requests fail, else why a request failed
// since the last delivery, else what the request in flight waits for. nil: not known.
func (p *Pipeline) obstacle() error {
	if err := p.report.failing(); err != nil {
		return err
	}
	if at, last := p.report.last(); last != nil && at.After(p.worker.Traffic().LastDelivery) {
		return last
	}
	if u := p.reach.Unfinished(); u != nil {
		return p.failure("", p.cfg.Stream, u)
	}
	return nil
}

// Waited returns how long the oldest pending event has waited, and why. The reason may be nil.
func (p *Pipeline) Waited() (time.Duration, error) {
	if p == nil {
		return 0, nil
	}
	oldest := p.queue.State().Oldest
	if oldest.IsZero() {
		return 0, nil
	}
	return time.Since(oldest), p.obstacle()
}

// waitingAfter is how long Shutdown or the first request runs without a result before a line on
// standard error says what it waits for.
const waitingAfter = 2 * time.Second

// firstContact prints what the request in flight waits for, unless the service has answered
// before. After that only failed requests are reported, since any request may be slow.
func (p *Pipeline) firstContact(began time.Time) {
	u := p.reach.Unfinished()
	if _, last := p.report.last(); last != nil || u == nil {
		return
	}
	p.report.waiting(began, fmt.Errorf("cloudwatch: %w; still waiting", p.failure("PutLogEvents", p.cfg.Stream, u)))
}

// stillWaiting prints what Shutdown waits for, unless a request succeeded since it began.
func (p *Pipeline) stillWaiting(began time.Time) {
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
	events := "1 event"
	if left != 1 {
		events = fmt.Sprintf("%d events", left)
	}
	p.report.waiting(began, fmt.Errorf("cloudwatch: Close waits for %s: %w", events, obstacle))
}
