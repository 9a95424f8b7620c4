package cloudwatchtest

import (
	"context"
	"fmt"
	"math"
	"net"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Event is a log event the endpoint accepted.
type Event struct {
	Timestamp     time.Time // when it happened, as its sender says
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

// Events returns the events of a stream in the order they were accepted, also
// those that retention hides by now. It returns nil if there is no such
// stream, or no event in it.
func (s *Server) Events(group, stream string) []Event {
	events, _ := s.store.Arrived(group, stream)
	return inspect(events)
}

// TakeEvents returns the events of a stream like [Server.Events] and removes
// them, so that a long run does not fill the memory. The stream stays, and
// looks to all operations like one that never had an event.
func (s *Server) TakeEvents(group, stream string) []Event {
	events, _ := s.store.Take(group, stream)
	return inspect(events)
}

func inspect(stored []logstore.Event) []Event {
	if len(stored) == 0 {
		return nil
	}
	events := make([]Event, len(stored))
	for i, e := range stored {
		events[i] = Event{time.UnixMilli(e.Time).UTC(), time.UnixMilli(e.Ingestion).UTC(), e.Message}
	}
	return events
}

// Messages returns the messages of [Server.Events].
func (s *Server) Messages(group, stream string) []string {
	var messages []string
	for _, e := range s.Events(group, stream) {
		messages = append(messages, e.Message)
	}
	return messages
}

// WaitForEvents waits until a stream has at least n events, and returns them
// all. Those that [Server.TakeEvents] removed do not count. The stream need not
// exist yet. If ctx ends or the server closes first,
// it returns what is there, and an error that tells how many that is and wraps
// ctx.Err() or net.ErrClosed.
func (s *Server) WaitForEvents(ctx context.Context, group, stream string, n int) ([]Event, error) {
	arrived := make(chan struct{}, 1)
	stop := s.arrivals.listen(func(a arrival) {
		if a.group != group || a.stream != stream {
			return
		}
		select {
		case arrived <- struct{}{}:
		default: // one look is due already
		}
	})
	defer stop()
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
		case <-s.done:
			err = net.ErrClosed
		}
		return events, fmt.Errorf("cloudwatchtest: wait for %d events in %s/%s: %d arrived: %w", n, group, stream, len(events), err)
	}
}

// LogGroup returns a log group's state. It reports false if there is none of
// that name.
func (s *Server) LogGroup(name string) (LogGroup, bool) {
	g, err := s.store.Group(name)
	if err != nil {
		return LogGroup{}, false
	}
	return s.inspectGroup(g), true
}

// LogGroups returns all log groups, sorted by name.
func (s *Server) LogGroups() []LogGroup {
	stored, _ := s.store.Groups("", "", math.MaxInt)
	var groups []LogGroup
	for _, g := range stored {
		groups = append(groups, s.inspectGroup(g))
	}
	return groups
}

func (s *Server) inspectGroup(g logstore.Group) LogGroup {
	streams, _ := s.store.Streams(logstore.StreamList{Group: g.Name, Limit: math.MaxInt})
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
		RetentionDays: retention(g),
		KMSKeyID:      g.KMSKeyID,
		Class:         g.Class,
		Tags:          tags,
		CreationTime:  time.UnixMilli(g.Created).UTC(),
		Streams:       names,
	}
}

// CreateLogGroup creates a log group directly: no fault applies and the
// request log does not show it. The rules are those of the operation. The
// error is an *[APIError].
func (s *Server) CreateLogGroup(name string) error {
	return s.prepare(&createLogGroup{LogGroupName: &name})
}

// CreateLogStream creates a log stream directly, like [Server.CreateLogGroup].
func (s *Server) CreateLogStream(group, stream string) error {
	return s.prepare(&createLogStream{LogGroupName: &group, LogStreamName: &stream})
}

// DeleteLogGroup deletes a log group directly, like [Server.CreateLogGroup].
func (s *Server) DeleteLogGroup(name string) error {
	return s.prepare(&deleteLogGroup{LogGroupName: &name})
}

// DeleteLogStream deletes a log stream directly, like [Server.CreateLogGroup].
func (s *Server) DeleteLogStream(group, stream string) error {
	return s.prepare(&deleteLogStream{LogGroupName: &group, LogStreamName: &stream})
}

func (s *Server) prepare(op operation) error {
	_, err := op.handle(s.call(context.Background(), defaultRegion))
	if err != nil {
		return err
	}
	return nil
}
