package recovery

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// Bounds of a survey. They avoid reading a backlog of any size twice at the start, and writing
// to segments that are about to be removed. Segments beyond them are counted by their acks, as
// at least one event, until they are replayed or tidy reaches them.
const (
	surveyBytes = 64 << 20 // segments whose records are counted
	surveyTrims = 256      // segments to trim
	tidyAfter   = 5 * time.Second
)

// leftover is a segment to replay.
type leftover struct {
	name     string
	producer uint64
	number   uint32
	created  time.Time
	stream   string
	copy     bool
	events   int64 // unacknowledged events, as far as known
}

// survey examines all leftover files. It returns those whose processes seem to be alive.
func (r *Recovery) survey() (locked []string) {
	locked, err := r.cfg.Spool.Adopt(func(name string, bytes int64, cause error) { r.hold("move hot file to disk", name, bytes, cause) })
	r.mu.Lock()
	r.unmoved = r.cfg.Spool.Unmoved()
	r.mu.Unlock()
	list, listErr := r.cfg.Spool.Leftovers()
	r.reportOnce("recover", r.cfg.Path, errors.Join(err, listErr))
	s := surveyor{Recovery: r, bytes: surveyBytes, trims: surveyTrims}
	present := make(map[string]*leftover)
	for _, l := range list {
		if l.Blocked { // its process has died since this round began
			locked = append(locked, l.Name)
			r.rescan.soon(l.Name)
			continue
		}
		found, busy := s.inspect(l)
		if busy {
			locked = append(locked, l.Name)
		}
		if found != nil {
			present[l.Name] = found
		}
	}
	// Segments after a locked one of the same process have to wait.
	alive := make(map[string]bool)
	for _, name := range locked {
		alive[spool.ProcessOf(name)] = true
	}
	for name, l := range present {
		if alive[spool.ProcessOf(name)] {
			r.drop(l)
			delete(present, name)
		}
	}
	for name, old := range r.segments {
		if present[name] == nil {
			r.drop(old)
		}
	}
	r.mu.Lock()
	r.returned = 0 // counted again
	r.mu.Unlock()
	r.segments = present
	r.forget(list)
	r.untidy = s.untidy
	return locked
}

// tidy counts and trims more of what the survey has left out. It is called repeatedly while
// nothing can be sent.
func (r *Recovery) tidy() {
	s := surveyor{Recovery: r, bytes: surveyBytes, trims: surveyTrims}
	list := r.untidy
	for len(list) > 0 && s.trims > 0 && s.bytes > 0 {
		l := list[0]
		list = list[1:]
		o, err := spool.OpenOrphan(r.cfg.Spool.Directory(), l.Name)
		if err != nil { // it is being replayed, or locked by another process
			continue
		}
		s.bytes -= l.Size
		events := s.count(o, l, 0)
		o.Release()
		if found := r.segments[l.Name]; found != nil {
			r.mu.Lock()
			r.waiting += events - found.events
			r.mu.Unlock()
			found.events = events
		}
	}
	r.untidy = list
}

// forget drops what is known about segments that are gone.
func (r *Recovery) forget(list []spool.Leftover) {
	present := make(map[string]bool, len(list))
	for _, l := range list {
		present[l.Name] = true
	}
	maps.DeleteFunc(r.fileStates, func(name string, _ *fileState) bool { return spool.KindOf(name) == spool.Segment && !present[name] })
}

// surveyor is the state of one survey.
type surveyor struct {
	*Recovery
	bytes  int64            // bytes that may still be read
	trims  int              // segments that may still be trimmed
	untidy []spool.Leftover // segments beyond these bounds
}

// inspect examines a segment. busy is set if its process seems to be alive.
func (s *surveyor) inspect(l spool.Leftover) (found *leftover, busy bool) {
	state := s.about(l.Name)
	if state.foreign && isClosed(s.finish) {
		return nil, false // no later round would need the result
	}
	o, err := spool.OpenOrphan(s.cfg.Spool.Directory(), l.Name)
	if err != nil {
		return s.segments[l.Name], s.unusable(l, err)
	}
	defer o.Release()
	ours := s.cfg.Destination == Destination{o.Header.Region, o.Header.Endpoint, o.Header.Group}
	if state.foreign = !ours; !ours {
		h := &o.Header
		s.hold("send segment", l.Name, o.Size(), fmt.Errorf("%w: log group %q, region %q, endpoint %q", errElsewhere, h.Group, h.Region, h.Endpoint))
	} else if truncated := o.Truncated(); truncated != nil { // how much is missing may be unknown
		s.hold("read segment", l.Name, 0, truncated)
	}
	if old := s.segments[l.Name]; old != nil { // it was counted, and could not be sent
		return old, false
	}
	events, certain := o.Estimate()
	switch {
	case certain || state.counted:
	case l.Size > s.bytes:
		s.untidy = append(s.untidy, l)
	default:
		state.counted = true
		s.bytes -= l.Size
		events = s.count(o, l, events)
	}
	if !ours {
		return nil, false
	}
	found = &leftover{l.Name, o.Header.Producer, o.Header.Number, o.Header.Created, o.Header.Stream, o.Header.Copy, events}
	s.mu.Lock()
	s.waiting += events
	s.mu.Unlock()
	return found, false
}

var errElsewhere = errors.New("its events have another destination")

// count counts the events of a segment and trims it.
func (s *surveyor) count(o *spool.Orphan, l spool.Leftover, estimate int64) int64 {
	events, err := o.Count()
	if err != nil { // reported when it is replayed
		return max(events, estimate)
	}
	if s.trims == 0 {
		s.untidy = append(s.untidy, l)
		return events
	}
	s.trims--
	s.reportOnce("trim segment", l.Name, o.Trim(l.Bytes))
	return events
}

// unusable handles a segment that cannot be opened. It reports whether the segment is locked.
func (r *Recovery) unusable(l spool.Leftover, err error) (locked bool) {
	switch {
	case errors.Is(err, disk.ErrLocked):
		return true
	case errors.Is(err, fs.ErrNotExist): // another process was faster
	case errors.Is(err, spool.ErrHeaderDamaged):
		return !r.setAside(l.Name, err)
	case spool.IsPermanent(err): // of another version or another user
		r.hold("send segment", l.Name, l.Size, err)
	default: // the disk fails
		r.reportOnce("read segment", l.Name, err)
	}
	return false
}

// setAside renames an unreadable segment so that it is not retried. It returns false if the
// segment is locked just now.
func (r *Recovery) setAside(name string, cause error) bool {
	bytes, removed, err := r.cfg.Spool.SetAside(name)
	for _, old := range removed {
		r.cfg.Report("keep unreadable file", old, spool.ErrTooMany)
	}
	switch {
	case errors.Is(err, disk.ErrLocked):
		return false
	case err != nil:
		r.hold("set segment aside", name, bytes, err)
		return true
	}
	r.cfg.Report("read segment", name, fmt.Errorf("%w; set aside", cause))
	r.addHeld(bytes)
	return true
}

// drop removes a segment that is gone or was given to a replayer from the counts.
func (r *Recovery) drop(l *leftover) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting -= l.events
	l.events = 0
}

// process is the segments of one process, in order.
type process []*leftover

// copies reports whether some segments are copies.
func (p process) copies() bool {
	return slices.ContainsFunc(p, func(l *leftover) bool { return l.copy })
}

// byStream groups processes by log stream. Processes, and log streams, are ordered by the start
// of the process.
func byStream(segments map[string]*leftover) (streams [][]process) {
	processes := make(map[uint64]process)
	for _, l := range segments {
		processes[l.producer] = append(processes[l.producer], l)
	}
	var all []process
	for _, p := range processes {
		slices.SortFunc(p, func(a, b *leftover) int { return cmp.Compare(a.number, b.number) })
		// Segments may have been redirected by repair: each log stream gets its part.
		for len(p) > 0 {
			n := 1
			for n < len(p) && p[n].stream == p[0].stream {
				n++
			}
			all = append(all, p[:n:n])
			p = p[n:]
		}
	}
	slices.SortFunc(all, func(a, b process) int {
		return cmp.Or(a[0].created.Compare(b[0].created), cmp.Compare(a[0].producer, b[0].producer), cmp.Compare(a[0].number, b[0].number))
	})
	index := make(map[string]int) // index of a log stream in streams
	for _, p := range all {
		i, ok := index[p[0].stream]
		if !ok {
			i = len(streams)
			index[p[0].stream] = i
			streams = append(streams, nil)
		}
		streams[i] = append(streams[i], p)
	}
	return streams
}
