package cloudwatchtest

import (
	"maps"
	"slices"
	"sort"
	"sync"
)

// memory is the endpoint's state. Its methods know which groups, streams and
// events exist; what a request may ask is decided before they are called.
type memory struct {
	mu      sync.Mutex // guards everything below, down to the events
	groups  map[string]*logGroup
	seq     int64         // number of the last event accepted
	changed chan struct{} // closed when events arrive; nil while nobody waits
}

// logGroup is a log group. Its fields are guarded by memory.mu.
type logGroup struct {
	name      string
	class     string
	kmsKeyID  string
	retention int // days; 0 = for ever
	protected bool
	tags      map[string]string
	created   int64
	streams   map[string]*logStream
}

// days returns the retention in force, 0 = for ever.
func (g *logGroup) days() int {
	if g.class == classDelivery {
		return deliveryRetentionDays
	}
	return g.retention
}

// storedBytes is the size of the events that retention still keeps.
func (g *logGroup) storedBytes(now int64) int64 {
	var n int64
	for _, s := range g.streams {
		n += s.bytesSince(retentionCutoff(g.days(), now))
	}
	return n
}

// group returns a group. The caller holds mu.
func (m *memory) group(name string) (*logGroup, *APIError) {
	g := m.groups[name]
	if g == nil {
		return nil, groupNotFound()
	}
	return g, nil
}

// stream returns a stream and its group. The caller holds mu.
func (m *memory) stream(group, stream string) (*logGroup, *logStream, *APIError) {
	g, err := m.group(group)
	if err != nil {
		return nil, nil, err
	}
	s := g.streams[stream]
	if s == nil {
		return nil, nil, streamNotFound()
	}
	return g, s, nil
}

func (m *memory) createGroup(g *logGroup) *APIError {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.groups[g.name] != nil {
		return groupExists()
	}
	m.groups[g.name] = g
	return nil
}

func (m *memory) createStream(group, stream string, now int64) *APIError {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(group)
	if err != nil {
		return err
	}
	if g.streams[stream] != nil {
		return streamExists()
	}
	g.streams[stream] = &logStream{name: stream, created: now}
	return nil
}

func (m *memory) deleteGroup(name string) *APIError {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(name)
	if err != nil {
		return err
	}
	if g.protected {
		return deletionProtected()
	}
	delete(m.groups, name)
	return nil
}

func (m *memory) deleteStream(group, stream string) *APIError {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, _, err := m.stream(group, stream)
	if err != nil {
		return err
	}
	if g.protected {
		return deletionProtected()
	}
	delete(g.streams, stream)
	return nil
}

// update changes a group under the lock.
func (m *memory) update(group string, change func(*logGroup) *APIError) *APIError {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(group)
	if err != nil {
		return err
	}
	return change(g)
}

// put accepts those events of a batch whose age allows it, and wakes waiters.
// The batch is in time order. scripted, if not nil, decides instead of the
// ages. It returns the number of the last event of the endpoint, from which
// sequence tokens are made.
func (m *memory) put(group, stream string, batch []inputEvent, now int64, scripted *RejectedInfo) (ages, int64, *APIError) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, s, err := m.stream(group, stream)
	if err != nil {
		return ages{}, 0, err
	}
	a := classify(batch, now, g.days())
	if a.tooWide {
		return ages{}, 0, batchTooWide()
	}
	if scripted != nil {
		a.first, a.last = scripted.keeps(len(batch))
	}
	if accepted := batch[a.first:a.last]; len(accepted) > 0 {
		s.append(accepted, now, m.seq)
		m.seq += int64(len(accepted))
		if m.changed != nil {
			close(m.changed)
			m.changed = nil
		}
	}
	return a, m.seq, nil
}

// page collects events of some streams of a group. See [pager].
func (m *memory) page(group string, now int64, p pager, pick func(*logGroup) ([]*logStream, *APIError)) (page, *APIError) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, err := m.group(group)
	if err != nil {
		return page{}, err
	}
	streams, err := pick(g)
	if err != nil {
		return page{}, err
	}
	p.from = p.from.max(position{time: retentionCutoff(g.days(), now)})
	return p.collect(streams), nil
}

// groupsSorted returns the groups by name. The caller holds mu.
func (m *memory) groupsSorted() []*logGroup {
	list := make([]*logGroup, 0, len(m.groups))
	for _, name := range sortedKeys(m.groups) {
		list = append(list, m.groups[name])
	}
	return list
}

// waiter returns a channel that is closed when the next events arrive. The
// caller holds mu.
func (m *memory) waiter() <-chan struct{} {
	if m.changed == nil {
		m.changed = make(chan struct{})
	}
	return m.changed
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

// logStream is a log stream. Its fields are guarded by memory.mu.
type logStream struct {
	name          string
	created       int64
	lastIngestion int64
	bytes         int64 // size of all events, 26 bytes each included

	events []event // in the order accepted
	// order lists the events by position, as indexes into events. It may lack
	// the latest ones (see sortByTime), and is nil while the order of arrival
	// has been the order of time, which is the usual case.
	order []int32
	mixed bool // the order of arrival is not the order of time
}

type event struct {
	position
	ingestion int64
	message   string
}

// position is an event's place in the order FilterLogEvents documents: time,
// then ingestion time, then request. Events are numbered as they are accepted,
// so the number stands for the last two.
type position struct {
	time int64 // milliseconds since 1970
	seq  int64
}

func (p position) before(q position) bool {
	return p.time < q.time || p.time == q.time && p.seq < q.seq
}

func (p position) max(q position) position {
	if p.before(q) {
		return q
	}
	return p
}

func (p position) min(q position) position {
	if q.before(p) {
		return q
	}
	return p
}

// append adds events, which are in time order among themselves. They get the
// numbers after seq.
func (s *logStream) append(batch []inputEvent, now, seq int64) {
	if n := len(s.events); n > 0 && batch[0].Timestamp < s.events[n-1].time {
		s.mixed = true
	}
	s.events = slices.Grow(s.events, len(batch))
	for i := range batch {
		seq++
		s.events = append(s.events, event{position{batch[i].Timestamp, seq}, now, batch[i].Message})
		s.bytes += int64(len(batch[i].Message) + eventOverhead)
	}
	s.lastIngestion = now
}

// clear forgets the events.
func (s *logStream) clear() {
	*s = logStream{name: s.name, created: s.created}
}

// sortByTime brings order up to date. New events are sorted among themselves
// and merged in from the end, so events that are only a little out of order
// cost little.
func (s *logStream) sortByTime() {
	if !s.mixed || len(s.order) == len(s.events) {
		return
	}
	old := len(s.order)
	for i := old; i < len(s.events); i++ {
		s.order = append(s.order, int32(i))
	}
	fresh := slices.Clone(s.order[old:])
	sort.Slice(fresh, func(i, j int) bool {
		return s.events[fresh[i]].before(s.events[fresh[j]].position)
	})
	for to, i, j := len(s.order)-1, old-1, len(fresh)-1; j >= 0; to-- {
		if i >= 0 && s.events[fresh[j]].before(s.events[s.order[i]].position) {
			s.order[to] = s.order[i]
			i--
		} else {
			s.order[to] = fresh[j]
			j--
		}
	}
}

// at returns the i-th event by position. sortByTime was called before.
func (s *logStream) at(i int) *event {
	if s.mixed {
		return &s.events[s.order[i]]
	}
	return &s.events[i]
}

// search returns how many events lie before p. sortByTime was called before.
func (s *logStream) search(p position) int {
	return sort.Search(len(s.events), func(i int) bool { return !s.at(i).before(p) })
}

// bytesSince is the size of the events from a time on.
func (s *logStream) bytesSince(cutoff int64) int64 {
	if cutoff <= 0 {
		return s.bytes
	}
	s.sortByTime()
	n := s.bytes
	for i := range s.search(position{time: cutoff}) {
		n -= int64(len(s.at(i).message) + eventOverhead)
	}
	return n
}

// span returns the times of the earliest and the latest event.
func (s *logStream) span() (first, last int64, ok bool) {
	if len(s.events) == 0 {
		return 0, 0, false
	}
	s.sortByTime()
	return s.at(0).time, s.at(len(s.events) - 1).time, true
}
