package logstore

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
)

// Memory is a store in memory.
type Memory struct {
	mu     sync.Mutex // guards the fields below and everything they refer to
	groups map[string]*memoryGroup
	last   int64 // number of the last event accepted
}

type memoryGroup struct {
	Group
	streams map[string]*memoryStream
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{groups: make(map[string]*memoryGroup)} }

// group returns a group. The caller must hold mu.
func (m *Memory) group(name string) (*memoryGroup, error) {
	g := m.groups[name]
	if g == nil {
		return nil, ErrNoGroup
	}
	return g, nil
}

// stream returns a stream and its group. The caller must hold mu.
func (m *Memory) stream(group, name string) (*memoryGroup, *memoryStream, error) {
	g, err := m.group(group)
	if err != nil {
		return nil, nil, err
	}
	s := g.streams[name]
	if s == nil {
		return nil, nil, ErrNoStream
	}
	return g, s, nil
}

// CreateGroup implements [Store].
func (m *Memory) CreateGroup(g Group) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.groups[g.Name] != nil {
		return ErrGroupExists
	}
	m.groups[g.Name] = &memoryGroup{Group: g.Clone(), streams: make(map[string]*memoryStream)}
	return nil
}

// Group implements [Store].
func (m *Memory) Group(name string) (Group, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(name)
	if err != nil {
		return Group{}, err
	}
	return g.Clone(), nil
}

// Groups implements [Store].
func (m *Memory) Groups(prefix, after string, limit int) ([]Group, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for name := range m.groups {
		if strings.HasPrefix(name, prefix) && name > after {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var list []Group
	for _, name := range names[:min(limit, len(names))] {
		list = append(list, m.groups[name].Clone())
	}
	return list, nil
}

// UpdateGroup implements [Store].
func (m *Memory) UpdateGroup(name string, change func(*Group) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(name)
	if err != nil {
		return err
	}
	changed := g.Clone()
	if err := change(&changed); err != nil {
		return err
	}
	changed.Name = name
	g.Group = changed.Clone() // change may have retained a map
	return nil
}

// DeleteGroup implements [Store].
func (m *Memory) DeleteGroup(name string, allow func(Group) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(name)
	if err != nil {
		return err
	}
	if err := allow(g.Clone()); err != nil {
		return err
	}
	delete(m.groups, name)
	return nil
}

// StoredBytes implements [Store].
func (m *Memory) StoredBytes(group string, since int64) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(group)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, s := range g.streams {
		n += s.bytesSince(since)
	}
	return n, nil
}

// CreateStream implements [Store].
func (m *Memory) CreateStream(group, name string, created int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(group)
	if err != nil {
		return err
	}
	if g.streams[name] != nil {
		return ErrStreamExists
	}
	g.streams[name] = &memoryStream{Stream: Stream{Name: name, Created: created}}
	return nil
}

// Stream implements [Store].
func (m *Memory) Stream(group, name string) (Stream, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, s, err := m.stream(group, name)
	if err != nil {
		return Stream{}, err
	}
	return s.Stream, nil
}

// Streams implements [Store].
func (m *Memory) Streams(l StreamList) ([]Stream, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(l.Group)
	if err != nil {
		return nil, err
	}
	compare := func(a, b StreamPlace) int {
		order := cmp.Or(cmp.Compare(a.Last, b.Last), cmp.Compare(a.Name, b.Name))
		if l.Descending {
			return -order
		}
		return order
	}
	var places []StreamPlace
	for name, s := range g.streams {
		p := StreamPlace{Name: name}
		if l.ByTime {
			p.Last = s.Last
		}
		if strings.HasPrefix(name, l.Prefix) && (l.After == nil || compare(p, *l.After) > 0) {
			places = append(places, p)
		}
	}
	slices.SortFunc(places, compare)
	var list []Stream
	for _, p := range places[:min(l.Limit, len(places))] {
		list = append(list, g.streams[p.Name].Stream)
	}
	return list, nil
}

// DeleteStream implements [Store].
func (m *Memory) DeleteStream(group, name string, allow func(Group) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, _, err := m.stream(group, name)
	if err != nil {
		return err
	}
	if err := allow(g.Clone()); err != nil {
		return err
	}
	delete(g.streams, name)
	return nil
}

// Append implements [Store].
func (m *Memory) Append(group, stream string, ingestion int64, events []NewEvent) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, s, err := m.stream(group, stream)
	if err != nil {
		return 0, err
	}
	s.append(events, ingestion, m.last)
	m.last += int64(len(events))
	return m.last, nil
}

// Scan implements [Store]. It holds the lock for a number of events at a time, and never during
// visit.
func (m *Memory) Scan(ctx context.Context, r Range, visit func(*Event) bool) error {
	const most = 4096
	for size := 64; ; size = min(2*size, most) {
		some, err := m.first(r, size)
		if err != nil {
			return err
		}
		for i := range some {
			if !visit(&some[i]) {
				return nil
			}
		}
		if len(some) < size {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		r = r.after(some[size-1].Position)
	}
}

// first returns the first events of a range.
func (m *Memory) first(r Range, limit int) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(r.Group)
	if err != nil {
		return nil, err
	}
	var streams []*memoryStream
	for _, name := range r.Streams {
		if g.streams[name] == nil {
			return nil, ErrNoStream
		}
		streams = append(streams, g.streams[name])
	}
	if r.Streams == nil {
		for name, s := range g.streams {
			if strings.HasPrefix(name, r.Prefix) {
				streams = append(streams, s)
			}
		}
	}
	return merge(streams, r, limit), nil
}

// after returns the part of the range after a position in it.
func (r Range) after(p Position) Range {
	if r.Backward {
		r.To = p
	} else {
		r.From = Position{p.Time, p.Number + 1}
	}
	return r
}

// Arrived implements [Store].
func (m *Memory) Arrived(group, stream string) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, s, err := m.stream(group, stream)
	if err != nil {
		return nil, err
	}
	return s.arrived(), nil
}

// Take implements [Store].
func (m *Memory) Take(group, stream string) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, s, err := m.stream(group, stream)
	if err != nil {
		return nil, err
	}
	g.streams[stream] = &memoryStream{Stream: Stream{Name: s.Name, Created: s.Created}}
	return s.arrived(), nil
}

// Expire implements [Store].
func (m *Memory) Expire(group string, before int64, limit int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(group)
	if err != nil {
		return 0, err
	}
	return g.expire(before, limit, math.MaxInt64), nil
}

// Trim implements [Store]. The size is that of StoredBytes.
func (m *Memory) Trim(bytes int64, limit int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var oldest *memoryGroup
	var at, stored int64
	for _, g := range m.groups {
		for _, s := range g.streams {
			stored += s.Bytes
			if first, ok := s.earliest(); ok && (oldest == nil || first < at) {
				oldest, at = g, first
			}
		}
	}
	if stored <= bytes {
		return 0, nil
	}
	return oldest.expire(math.MaxInt64, limit, stored-bytes), nil
}

// expire removes the earliest events before a time, until at least that many bytes are removed.
func (g *memoryGroup) expire(before int64, limit int, bytes int64) (removed int) {
	r := Range{To: Position{Time: before}}
	counts := make(map[string]int)
	for _, e := range merge(slices.Collect(maps.Values(g.streams)), r, limit) {
		if bytes <= 0 {
			break
		}
		bytes -= int64(e.Size())
		counts[e.Stream]++
		removed++
	}
	for stream, n := range counts {
		g.streams[stream].dropEarliest(n)
	}
	return removed
}

// Close implements [Store]. It does nothing: the state stays readable.
func (m *Memory) Close() error { return nil }
