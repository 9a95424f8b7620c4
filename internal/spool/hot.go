package spool

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/crash"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// hotFiles is how many files there are. A log call that finds no room waits until one
// of them is on disk, so they are small.
const hotFiles = 8

// hot is where log calls store events in hot mode: files on a RAM file system, in the
// format of segments, that are filled in turn. One is used again when all it had is
// on disk or settled. This process never reads them. The next one does if this one
// is killed.
type hot struct {
	spool *Spool
	gap   atomic.Uint64 // events up to this position may be missing
	left  atomic.Int64  // bytes left in the file that is being filled; grows under mu
	since atomic.Uint64 // but none up to this one

	mu     sync.Mutex
	areas  [hotFiles]*area
	fills  int    // index of the one that is being filled
	low    uint64 // everything up to this position is settled
	buf    []byte
	broken bool // the files cannot be used any more
	why    error
}

// area is one of the files, mapped.
type area struct {
	*openFile
	Mapping
}

func newHot(s *Spool) (*hot, error) {
	h := &hot{spool: s}
	for i := range h.areas {
		a, err := newArea(s)
		if err != nil {
			h.close(false)
			return nil, err
		}
		h.areas[i] = a
	}
	return h, nil
}

func newArea(s *Spool) (*area, error) {
	header := s.cfg.Header
	header.Number, header.Hot = s.numbered.Add(1), true
	f, err := newFile(s.cfg.Hot, header, hotEnding, s.cfg.HotBytes/hotFiles)
	if err != nil {
		return nil, err
	}
	m, err := f.Map(int(s.cfg.HotBytes / hotFiles))
	if err != nil {
		_ = s.cfg.Hot.Remove(f.name)
		_ = f.Close()
		return nil, err
	}
	return &area{f, m}, nil
}

// room reports whether an event can be stored, or never can be. Otherwise the second
// result is the position up to which everything must be on disk before.
func (h *hot) room(e batch.Event) (bool, uint64) {
	length := int64(segment.Length(len(e.Wire))) // a little more than it takes
	if length <= h.left.Load() {
		return true, 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.after(1)
	if h.broken || h.fits(h.areas[h.fills], length) || length > next.Size()-segment.Start || h.empty(next) {
		return true, 0
	}
	return false, next.last
}

// after returns the area that will be filled n areas later.
func (h *hot) after(n int) *area { return h.areas[(h.fills+n)%hotFiles] }

func (h *hot) fits(a *area, length int64) bool { return a.offset+length <= a.Size() }

// add stores an event. It reports whether there was room.
func (h *hot) add(position uint64, e batch.Event) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	payload := batch.Message(e.Wire)
	length := int64(segment.Length(len(payload)))
	if !h.fits(h.areas[h.fills], length) {
		next := h.after(1)
		if length > next.Size()-segment.Start || !h.empty(next) || !h.reuse(next, position) {
			h.miss(position)
			return false
		}
		h.fills = (h.fills + 1) % hotFiles
		// Half of the files shall be empty, or soon be.
		h.spool.raise(h.after(hotFiles/2 + 1).last)
	}
	a := h.areas[h.fills]
	h.buf = segment.AppendRecord(h.buf[:0], a.header.ID, a.offset, a.records+1, segment.Record{
		Seq: position, Time: e.Time, Level: uint8(e.Level), Size: e.Size, Payload: payload,
	})
	crash.At("before hot record")
	if h.broken || !h.store(a, int(a.offset), h.buf) {
		h.miss(position)
		return false
	}
	crash.At("after hot record")
	a.offset += length
	a.records++
	a.last = position
	h.left.Store(a.Size() - a.offset)
	return true
}

// miss enters that an event is not in the files.
func (h *hot) miss(position uint64) {
	if h.gap.Load() <= h.spool.stored.Load() {
		h.since.Store(position - 1)
	}
	h.gap.Store(position)
}

// empty reports whether nothing in the area is needed any more.
func (h *hot) empty(a *area) bool { return a.last <= max(h.low, h.spool.stored.Load()) }

// reuse empties an area. What it had is marked as settled before the header
// changes: should the process die in between, there is nothing in it. With
// another id, none of the old records is valid.
func (h *hot) reuse(a *area, position uint64) bool {
	if a.records > 0 {
		a.openFile.settle(a.first, a.last+1)
		h.acknowledge(a)
	}
	crash.At("before hot reuse")
	header := a.header
	header.ID, header.Created = rand.Uint64(), time.Now()
	header.Number = h.spool.numbered.Add(1)
	page, err := header.Encode()
	if err != nil || !h.store(a, 0, page) {
		return false
	}
	crash.At("after hot reuse")
	*a.openFile = openFile{File: a.File, name: a.name, header: header, offset: segment.Start, first: position}
	return true
}

// settle enters that the events from one position to before another are done with.
func (h *hot) settle(from, to, low uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.low = max(h.low, low)
	for _, a := range h.areas {
		if a.records == 0 {
			continue
		}
		if a.openFile.settle(from, min(to, a.last+1)); a.unacked {
			h.acknowledge(a)
		}
	}
}

// moved enters that everything up to a position is on disk or settled: it is not
// needed here.
func (h *hot) moved(position uint64) { h.settle(0, position+1, 0) }

// acknowledge writes which events of the area are done with.
func (h *hot) acknowledge(a *area) {
	acks := a.nextAcks()
	slot, at := a.encode(acks)
	h.store(a, int(at), slot)
	a.acked(acks)
}

// store writes into the mapping.
func (h *hot) store(a *area, offset int, data []byte) bool {
	if h.broken {
		return false
	}
	if err := a.Mapping.Write(offset, data); err != nil {
		h.fail(err)
	}
	return !h.broken
}

// fail gives the files up: from now on log calls wait for the disk.
func (h *hot) fail(err error) {
	if !h.broken {
		h.broken, h.why = true, err
		h.since.Store(0)
		h.gap.Store(h.spool.taken.Load())
		h.spool.raise(h.spool.taken.Load())
		h.spool.cfg.Failed("use hot file", h.spool.cfg.Hot.Path(), err)
	}
}

// check looks whether somebody has removed or changed the files.
func (h *hot) check() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.areas {
		if err := a.intact(); err != nil {
			h.fail(err)
		}
	}
}

// close gives the files up. They stay if they are needed.
func (h *hot) close(needed bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, a := range h.areas {
		if a == nil {
			continue
		}
		errs = append(errs, a.Mapping.Close())
		if !needed && a.named() {
			errs = append(errs, h.spool.cfg.Hot.Remove(a.name))
		}
		errs = append(errs, a.File.Close())
	}
	return errors.Join(errs...)
}
