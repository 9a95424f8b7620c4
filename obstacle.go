package cloudwatch

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/explain"
)

// targetOf is what the texts of errors say about where requests go.
func targetOf(s *settings, client *client) explain.Target {
	to := destinationOf(client.Client, s.group)
	return explain.Target{
		Group:    s.group,
		Stream:   s.stream,
		Region:   to.region,
		Endpoint: to.endpoint,
		NoCreate: s.NoCreate,
		Tags:     len(s.Tags) > 0,
		Provider: client.base == nil || client.base.load == nil,
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
