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

// Bounds of a survey, so that a backlog of any size is not read twice at the start, and
// little is written that is about to go. What is beyond them is counted as far as acks
// say, and at least as one event, until it is read to be sent, or the next part of it is
// looked at, see tidy.
const (
	surveyBytes = 64 << 20 // of segments whose records are counted
	surveyTrims = 256      // segments that are trimmed
	tidyAfter   = 5 * time.Second
)

// leftover is a segment that is ours to send.
type leftover struct {
	name     string
	producer uint64
	number   uint32
	created  time.Time
	stream   string
	copy     bool
	events   int64 // that are left, as far as is known
}

// survey looks at everything that is there. It returns files whose processes seem to
// live.
func (r *Recovery) survey() (locked []string) {
	locked, err := r.cfg.Spool.Adopt(func(name string, bytes int64, why error) { r.hold("move hot file to disk", name, bytes, why) })
	r.mu.Lock()
	r.unmoved = r.cfg.Spool.Unmoved()
	r.mu.Unlock()
	list, listing := r.cfg.Spool.Leftovers()
	r.reportOnce("recover", r.cfg.Path, errors.Join(err, listing))
	s := surveyor{Recovery: r, bytes: surveyBytes, trims: surveyTrims}
	there := make(map[string]*leftover)
	for _, l := range list {
		if l.Waits { // its process has died since this round began
			locked = append(locked, l.Name)
			r.rescan.soon(l.Name)
			continue
		}
		found, busy := s.look(l)
		if busy {
			locked = append(locked, l.Name)
		}
		if found != nil {
			there[l.Name] = found
		}
	}
	// What is behind a segment that is locked has to wait for it.
	living := make(map[string]bool)
	for _, name := range locked {
		living[spool.ProcessOf(name)] = true
	}
	for name, l := range there {
		if living[spool.ProcessOf(name)] {
			r.drop(l)
			delete(there, name)
		}
	}
	for name, old := range r.segments {
		if there[name] == nil {
			r.drop(old)
		}
	}
	r.mu.Lock()
	r.returned = 0 // it is counted again
	r.mu.Unlock()
	r.segments = there
	r.forget(list)
	r.untidy = s.untidy
	return locked
}

// tidy counts and trims more of what the survey has left out. It is called now and then
// while nothing can be sent.
func (r *Recovery) tidy() {
	s := surveyor{Recovery: r, bytes: surveyBytes, trims: surveyTrims}
	list := r.untidy
	for len(list) > 0 && s.trims > 0 && s.bytes > 0 {
		l := list[0]
		list = list[1:]
		o, err := spool.OpenOrphan(r.cfg.Spool.Directory(), l.Name)
		if err != nil { // it is being sent, or another process is at it
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

// forget forgets segments that are not there any more.
func (r *Recovery) forget(list []spool.Leftover) {
	there := make(map[string]bool, len(list))
	for _, l := range list {
		there[l.Name] = true
	}
	maps.DeleteFunc(r.known, func(name string, _ *known) bool { return spool.KindOf(name) == spool.Segment && !there[name] })
}

// surveyor is one survey.
type surveyor struct {
	*Recovery
	bytes  int64            // that may still be read
	trims  int              // segments that may still be trimmed
	untidy []spool.Leftover // what is beyond that
}

// look looks at a segment. busy: its process seems to live.
func (s *surveyor) look(l spool.Leftover) (found *leftover, busy bool) {
	known := s.about(l.Name)
	if known.elsewhere && isClosed(s.finish) {
		return nil, false // nobody waits to see that again
	}
	o, err := spool.OpenOrphan(s.cfg.Spool.Directory(), l.Name)
	if err != nil {
		return s.segments[l.Name], s.unusable(l, err)
	}
	defer o.Release()
	ours := s.cfg.Destination == Destination{o.Header.Region, o.Header.Endpoint, o.Header.Group}
	if known.elsewhere = !ours; !ours {
		h := &o.Header
		s.hold("send segment", l.Name, o.Size(), fmt.Errorf("%w: log group %q, region %q, endpoint %q", errElsewhere, h.Group, h.Region, h.Endpoint))
	} else if short := o.Short(); short != nil { // how much was behind nobody may know
		s.hold("read segment", l.Name, 0, short)
	}
	if old := s.segments[l.Name]; old != nil { // it was counted, and could not be sent
		return old, false
	}
	events, certain := o.Estimate()
	switch {
	case certain || known.counted:
	case l.Size > s.bytes:
		s.untidy = append(s.untidy, l)
	default:
		known.counted = true
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

// count counts the events of a segment, and has it take no more space than they need.
func (s *surveyor) count(o *spool.Orphan, l spool.Leftover, estimate int64) int64 {
	events, err := o.Count()
	if err != nil { // that is reported when it is sent
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

// unusable deals with a segment that cannot be opened. It reports whether it is locked.
func (r *Recovery) unusable(l spool.Leftover, err error) (locked bool) {
	switch {
	case errors.Is(err, disk.ErrLocked):
		return true
	case errors.Is(err, fs.ErrNotExist): // another process was faster
	case errors.Is(err, spool.ErrHeader):
		return !r.setAside(l.Name, err)
	case spool.Stays(err): // another version's, or somebody else's
		r.hold("send segment", l.Name, l.Size, err)
	default: // the disk fails
		r.reportOnce("read segment", l.Name, err)
	}
	return false
}

// setAside keeps a segment that cannot be read from being tried again and again. It
// reports false if somebody has it locked just now.
func (r *Recovery) setAside(name string, why error) bool {
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
	r.cfg.Report("read segment", name, fmt.Errorf("%w; set aside", why))
	r.held(bytes)
	return true
}

// drop forgets a segment that is not there any more, or was given to a lane.
func (r *Recovery) drop(l *leftover) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting -= l.events
	l.events = 0
}

// process is the segments of one, in their order.
type process []*leftover

// copies reports whether some have what others have.
func (p process) copies() bool {
	return slices.ContainsFunc(p, func(l *leftover) bool { return l.copy })
}

// byStream sorts segments: processes that wrote to one log stream are together, in the
// order in which they began, and so are log streams.
func byStream(segments map[string]*leftover) (streams [][]process) {
	processes := make(map[uint64]process)
	for _, l := range segments {
		processes[l.producer] = append(processes[l.producer], l)
	}
	var all []process
	for _, p := range processes {
		slices.SortFunc(p, func(a, b *leftover) int { return cmp.Compare(a.number, b.number) })
		// Somebody may have sent some of them elsewhere: each log stream has its part.
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
	place := make(map[string]int) // of a log stream in streams
	for _, p := range all {
		i, ok := place[p[0].stream]
		if !ok {
			i = len(streams)
			place[p[0].stream] = i
			streams = append(streams, nil)
		}
		streams[i] = append(streams[i], p)
	}
	return streams
}
