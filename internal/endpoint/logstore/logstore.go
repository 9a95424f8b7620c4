// Package logstore is what the endpoint keeps its state in: log groups, log
// streams and events. A [Store] knows what exists and nothing of the API: what
// a request may ask, and what it is answered, is decided before a store is
// called. [Memory] is one store; the command has another one, on disk. Package
// storetest holds the tests that every store passes.
package logstore

import (
	"context"
	"errors"
	"maps"
)

// What a store cannot find, or has already. Any other error of a store means
// that it failed.
var (
	ErrNoGroup      = errors.New("no such log group")
	ErrNoStream     = errors.New("no such log stream")
	ErrGroupExists  = errors.New("the log group exists")
	ErrStreamExists = errors.New("the log stream exists")
)

// Store keeps log groups, log streams and events. Its methods may be called
// from many goroutines; each takes effect as a whole. What a method changes is
// as safe as the store can make it when it returns. All times are in
// milliseconds since 1970. Lists are in the order of the bytes of names.
type Store interface {
	// CreateGroup adds a log group: all of Group is kept.
	CreateGroup(Group) error
	// Group returns a log group.
	Group(name string) (Group, error)
	// Groups returns at most limit log groups whose names begin with prefix
	// and come after a name.
	Groups(prefix, after string, limit int) ([]Group, error)
	// UpdateGroup has change alter the group, all but its name. An error of
	// change is returned as it is, and nothing is altered. change may be called
	// more than once.
	UpdateGroup(name string, change func(*Group) error) error
	// DeleteGroup removes a log group with all that is in it, if allow returns
	// nil for it. An error of allow is returned as it is.
	DeleteGroup(name string, allow func(Group) error) error
	// StoredBytes is the size of the group's events from a time on.
	StoredBytes(group string, since int64) (int64, error)

	// CreateStream adds an empty log stream.
	CreateStream(group, name string, created int64) error
	// Stream returns a log stream.
	Stream(group, name string) (Stream, error)
	// Streams returns log streams of a group. See [StreamList].
	Streams(StreamList) ([]Stream, error)
	// DeleteStream removes a log stream and its events, if allow returns nil
	// for its group. An error of allow is returned as it is.
	DeleteStream(group, name string, allow func(Group) error) error

	// Append adds events to a stream, which are in the order of time and have
	// been accepted at the time ingestion. It numbers them, and returns the
	// number of the last one. The store keeps neither the slice nor changes it.
	Append(group, stream string, ingestion int64, events []NewEvent) (last int64, err error)
	// Scan calls visit for each event of a range, in its order, until visit
	// returns false or ctx ends, whose error it returns. Events that come or go
	// while it runs may be seen or not. The store may be used by visit. What
	// the event points to is good during the call only: who keeps a message
	// clones it, since it may share its memory with many others.
	Scan(ctx context.Context, r Range, visit func(*Event) (more bool)) error
	// Arrived returns all events of a stream in the order they were accepted.
	Arrived(group, stream string) ([]Event, error)
	// Take removes all events of a stream and returns them like Arrived. The
	// stream is then as if just created.
	Take(group, stream string) ([]Event, error)

	// Expire removes the earliest events of a group from before a time, at most
	// limit of them, and returns how many.
	Expire(group string, before int64, limit int) (removed int, err error)
	// Trim removes the earliest events of whatever group, at most limit of
	// them, while all that is stored takes more than so many bytes, and returns
	// how many. What a store counts as taken is its own matter.
	Trim(bytes int64, limit int) (removed int, err error)

	// Close releases what the store holds. Nothing may be under way or follow.
	Close() error
}

// Overhead is what an event counts in a size besides the bytes of its message.
// Source: API reference, PutLogEvents.
const Overhead = 26

// Group is a log group.
type Group struct {
	Name      string
	Class     string
	KMSKeyID  string
	Retention int // days; 0 = for ever
	Protected bool
	Created   int64
	Tags      map[string]string

	// Records is what else the rules keep with a group, as JSON under names of
	// their own, such as its metric filters.
	Records map[string]string
}

// Clone returns a copy that shares no map.
func (g Group) Clone() Group {
	g.Tags, g.Records = maps.Clone(g.Tags), maps.Clone(g.Records)
	return g
}

// Stream is a log stream.
type Stream struct {
	Name    string
	Created int64

	// The rest is 0 for a stream that has never had an event. Events that
	// retention removed count on, but for Bytes.
	First, Last   int64 // times of the earliest and the latest event
	LastIngestion int64 // when the last one was accepted
	LastNumber    int64 // the number of the last one
	Bytes         int64 // size of the events that are there
}

// NewEvent is an event to be added.
type NewEvent struct {
	Timestamp int64
	Message   string
}

// Event is an event that was accepted.
type Event struct {
	Position
	Stream    string // name
	Ingestion int64  // when it was accepted
	Message   string
}

// Size is what the event counts in a size.
func (e *Event) Size() int { return len(e.Message) + Overhead }

// StreamList asks for log streams of a group.
type StreamList struct {
	Group      string
	Prefix     string // of their names
	ByTime     bool   // by Stream.Last, then by name; otherwise by name
	Descending bool
	After      *StreamPlace // only streams after this place; nil = all
	Limit      int          // at most so many
}

// StreamPlace is a place in a list of streams.
type StreamPlace struct {
	Last int64 // 0 in a list by name
	Name string
}

// Range asks for events of a group: those at or after From and before To.
type Range struct {
	Group    string
	Streams  []string // names, each once; nil = all that begin with Prefix
	Prefix   string
	From, To Position
	Backward bool // from the latest to the earliest
}
