package cloudwatchtest

import (
	"context"
	"fmt"
	"maps"
	"net"
	"time"
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
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	return s.memory.inspect(group, stream)
}

// TakeEvents returns the events of a stream like [Server.Events] and removes
// them, so that a long run does not fill the memory. The stream stays, and
// looks to all operations like one that never had an event.
func (s *Server) TakeEvents(group, stream string) []Event {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	events := s.memory.inspect(group, stream)
	if events != nil {
		s.memory.groups[group].streams[stream].clear()
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
	for {
		s.memory.mu.Lock()
		events := s.memory.inspect(group, stream)
		arrived := s.memory.waiter()
		s.memory.mu.Unlock()
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

// inspect copies the events of a stream. The caller holds mu.
func (m *memory) inspect(group, stream string) []Event {
	_, s, err := m.stream(group, stream)
	if err != nil || len(s.events) == 0 {
		return nil
	}
	events := make([]Event, len(s.events))
	for i, e := range s.events {
		events[i] = Event{time.UnixMilli(e.time).UTC(), time.UnixMilli(e.ingestion).UTC(), e.message}
	}
	return events
}

// LogGroup returns a log group's state. It reports false if there is none of
// that name.
func (s *Server) LogGroup(name string) (LogGroup, bool) {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	g := s.memory.groups[name]
	if g == nil {
		return LogGroup{}, false
	}
	return g.inspect(), true
}

// LogGroups returns all log groups, sorted by name.
func (s *Server) LogGroups() []LogGroup {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	var groups []LogGroup
	for _, g := range s.memory.groupsSorted() {
		groups = append(groups, g.inspect())
	}
	return groups
}

func (g *logGroup) inspect() LogGroup {
	return LogGroup{
		Name:          g.name,
		RetentionDays: g.days(),
		KMSKeyID:      g.kmsKeyID,
		Class:         g.class,
		Tags:          maps.Clone(g.tags),
		CreationTime:  time.UnixMilli(g.created).UTC(),
		Streams:       sortedKeys(g.streams),
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
	_, err := op.handle(&call{memory: &s.memory, now: s.now().UnixMilli(), region: defaultRegion})
	if err != nil {
		return err
	}
	return nil
}
