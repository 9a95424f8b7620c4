package cloudwatchtest

import (
	"context"
	"fmt"
	"math"
	"net"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Event is a log event the endpoint accepted.
type Event struct {
	Timestamp     time.Time // time of the event, as sent
	IngestionTime time.Time // when it was accepted
	Message       string
}

// LogGroup is the state of a log group.
type LogGroup struct {
	Name          string
	RetentionDays int // 0 = events never expire
	KMSKeyID      string
	Class         string // "STANDARD", "INFREQUENT_ACCESS", "DELIVERY" or "ESSENTIALS"
	Tags          map[string]string
	CreationTime  time.Time // in UTC
	Streams       []string  // names, sorted
}

// Events returns the events of a log stream in the order in which they were accepted, including
// events older than the retention. It returns nil if the stream does not exist or has no events.
func (s *Server) Events(group, stream string) []Event {
	stored, _ := s.endpoint.Store().Arrived(group, stream)
	return events(stored)
}

// TakeEvents returns the events of a log stream like [Server.Events] and removes them. The stream
// stays, and to all operations it is a stream that never had an event.
func (s *Server) TakeEvents(group, stream string) []Event {
	stored, _ := s.endpoint.Store().Take(group, stream)
	return events(stored)
}

func events(stored []logstore.Event) []Event {
	if len(stored) == 0 {
		return nil
	}
	converted := make([]Event, len(stored))
	for i, e := range stored {
		converted[i] = Event{time.UnixMilli(e.Time).UTC(), time.UnixMilli(e.Ingestion).UTC(), e.Message}
	}
	return converted
}

// Messages returns the messages of [Server.Events].
func (s *Server) Messages(group, stream string) []string {
	var messages []string
	for _, e := range s.Events(group, stream) {
		messages = append(messages, e.Message)
	}
	return messages
}

// WaitForEvents waits until a log stream has at least n events, and returns all of them. Events
// removed by [Server.TakeEvents] do not count. The stream may not exist yet. If ctx is done or the
// server closes first, it returns the events received so far and an error that wraps ctx.Err() or
// [net.ErrClosed].
func (s *Server) WaitForEvents(ctx context.Context, group, stream string, n int) ([]Event, error) {
	arrived := make(chan struct{}, 1)
	unsubscribe := s.endpoint.Subscribe(func(a endpoint.Arrival) {
		if a.Group != group || a.Stream != stream {
			return
		}
		select {
		case arrived <- struct{}{}:
		default: // a check is pending already
		}
	})
	defer unsubscribe()
	for {
		events := s.Events(group, stream)
		if len(events) >= n {
			return events, nil
		}
		var err error
		select {
		case <-arrived:
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-s.endpoint.Done():
			err = net.ErrClosed
		}
		return events, fmt.Errorf("cloudwatchtest: wait for %d events in %s/%s: %d arrived: %w", n, group, stream, len(events), err)
	}
}

// LogGroup returns the state of a log group. It returns false if the group does not exist.
func (s *Server) LogGroup(name string) (LogGroup, bool) {
	g, err := s.endpoint.Store().Group(name)
	if err != nil {
		return LogGroup{}, false
	}
	return s.logGroup(g), true
}

// LogGroups returns all log groups, sorted by name.
func (s *Server) LogGroups() []LogGroup {
	stored, _ := s.endpoint.Store().Groups("", "", math.MaxInt)
	var groups []LogGroup
	for _, g := range stored {
		groups = append(groups, s.logGroup(g))
	}
	return groups
}

func (s *Server) logGroup(g logstore.Group) LogGroup {
	streams, _ := s.endpoint.Store().Streams(logstore.StreamList{Group: g.Name, Limit: math.MaxInt})
	var names []string
	for _, stream := range streams {
		names = append(names, stream.Name)
	}
	tags := g.Tags
	if tags == nil {
		tags = make(map[string]string)
	}
	return LogGroup{
		Name:          g.Name,
		RetentionDays: endpoint.RetentionDays(g),
		KMSKeyID:      g.KMSKeyID,
		Class:         g.Class,
		Tags:          tags,
		CreationTime:  time.UnixMilli(g.Created).UTC(),
		Streams:       names,
	}
}

// CreateLogGroup creates a log group directly: faults do not apply and the request log does not
// contain it. The rules of the operation apply; the error is an *[APIError].
func (s *Server) CreateLogGroup(name string) error {
	return asError(s.endpoint.CreateLogGroup(name))
}

// CreateLogStream creates a log stream directly, like [Server.CreateLogGroup].
func (s *Server) CreateLogStream(group, stream string) error {
	return asError(s.endpoint.CreateLogStream(group, stream))
}

// DeleteLogGroup deletes a log group directly, like [Server.CreateLogGroup].
func (s *Server) DeleteLogGroup(name string) error {
	return asError(s.endpoint.DeleteLogGroup(name))
}

// DeleteLogStream deletes a log stream directly, like [Server.CreateLogGroup].
func (s *Server) DeleteLogStream(group, stream string) error {
	return asError(s.endpoint.DeleteLogStream(group, stream))
}

// asError keeps a nil *APIError from becoming an error that is not nil.
func asError(e *endpoint.APIError) error {
	if e == nil {
		return nil
	}
	return (*APIError)(e)
}
