// Package logstore is the storage of the endpoint: log groups, log streams and events. A [Store]
// has no rules of the API: what a request may contain and how it is answered is decided before a
// store is called. [Memory] is one store; the command has another one, on disk. Package storetest
// has the tests that every store must pass.
package logstore

import (
	"context"
	"errors"
	"maps"
)

// Errors for a name that does not exist, or already exists. Any other error of a store means that
// it failed.
var (
	ErrNoGroup      = errors.New("no such log group")
	ErrNoStream     = errors.New("no such log stream")
	ErrGroupExists  = errors.New("log group already exists")
	ErrStreamExists = errors.New("log stream already exists")
)

// Store holds log groups, log streams and events. Its methods may be called concurrently; each is
// atomic. A change is as durable as the store can make it when the method returns. All times are in
// milliseconds since 1970. Lists are ordered by the bytes of the names.
type Store interface {
	// CreateGroup adds a log group, with all fields of Group.
	CreateGroup(Group) error
	// Group returns a log group.
	Group(name string) (Group, error)
	// Groups returns at most limit log groups whose names begin with prefix and sort after a name.
	Groups(prefix, after string, limit int) ([]Group, error)
	// UpdateGroup applies change to a group, except its name. If change returns an error, the group
	// is unchanged and the error is returned unchanged. change may be called more than once.
	UpdateGroup(name string, change func(*Group) error) error
	// DeleteGroup removes a log group and its contents if allow returns nil for it. An error of
	// allow is returned unchanged.
	DeleteGroup(name string, allow func(Group) error) error
	// StoredBytes returns the size of the group's events at or after a time.
	StoredBytes(group string, since int64) (int64, error)

	// CreateStream adds an empty log stream.
	CreateStream(group, name string, created int64) error
	// Stream returns a log stream.
	Stream(group, name string) (Stream, error)
	// Streams returns log streams of a group. See [StreamList].
	Streams(StreamList) ([]Stream, error)
	// DeleteStream removes a log stream and its events if allow returns nil for its group. An error
	// of allow is returned unchanged.
	DeleteStream(group, name string, allow func(Group) error) error

	// Append adds events to a stream. They must be in time order; ingestion is the time at which
	// they were accepted. It numbers them and returns the number of the last one. It neither
	// retains nor modifies the slice.
	Append(group, stream string, ingestion int64, events []NewEvent) (last int64, err error)
	// Scan calls visit for each event of a range, in order, until visit returns false or ctx is
	// done, whose error it returns. Events added or removed during the scan may or may not be
	// visited. visit may use the store. The event is valid only during the call: a message to be
	// retained must be cloned, since it may share memory with many others.
	Scan(ctx context.Context, r Range, visit func(*Event) (more bool)) error
	// Arrived returns all events of a stream in the order in which they were accepted.
	Arrived(group, stream string) ([]Event, error)
	// Take removes all events of a stream and returns them like Arrived. The stream is then as if
	// newly created.
	Take(group, stream string) ([]Event, error)

	// Expire removes the earliest events of a group before a time, at most limit, and returns their
	// number.
	Expire(group string, before int64, limit int) (removed int, err error)
	// Trim removes the earliest events of all groups, at most limit, while the size of the store
	// exceeds bytes, and returns their number. The store decides what counts for its size.
	Trim(bytes int64, limit int) (removed int, err error)

	// Close releases the resources of the store. No call may be in progress or follow.
	Close() error
}

// Overhead is the number of bytes that an event counts in a size in addition to its message.
// Source: API reference, PutLogEvents.
const Overhead = 26

// Group is a log group.
type Group struct {
	Name      string
	Class     string
	KMSKeyID  string
	Retention int // days; 0 = unlimited
	Protected bool
	Created   int64
	Tags      map[string]string

	// Records are further settings of a group, as JSON by name, such as its metric filters.
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

	// The fields below are 0 for a stream that never had an event. They include expired events,
	// except Bytes.
	First, Last   int64 // times of the earliest and the latest event
	LastIngestion int64 // when the last one was accepted
	LastNumber    int64 // number of the last event
	Bytes         int64 // size of the stored events
}

// NewEvent is an event to add.
type NewEvent struct {
	Timestamp int64
	Message   string
}

// Event is a stored event.
type Event struct {
	Position
	Stream    string // name
	Ingestion int64  // when it was accepted
	Message   string
}

// Size returns the size of the event, including [Overhead].
func (e *Event) Size() int { return len(e.Message) + Overhead }

// StreamList selects log streams of a group.
type StreamList struct {
	Group      string
	Prefix     string // name prefix
	ByTime     bool   // by Stream.Last, then by name; otherwise by name
	Descending bool
	After      *StreamPlace // only streams after this position; nil = all
	Limit      int          // maximum number of streams
}

// StreamPlace is a position in a list of streams.
type StreamPlace struct {
	Last int64 // 0 in a list by name
	Name string
}

// Range selects events of a group: those in the half-open range [From, To).
type Range struct {
	Group    string
	Streams  []string // names, without duplicates; nil = all that begin with Prefix
	Prefix   string
	From, To Position
	Backward bool // latest event first
}
