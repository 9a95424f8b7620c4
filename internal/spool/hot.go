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

// hotFiles is the number of hot files. A log call that finds no room waits until one of them is
// on disk, so they are small.
const hotFiles = 8

// hot stores the events of log calls in hot mode: files on a RAM file system in the format of
// segments, filled in turn. A file is reused once all of its events are on disk or
// acknowledged. This process never reads the files; the next one does if this one is killed.
type hot struct {
	spool        *Spool
	missingTo    atomic.Uint64 // events in (missingAfter, missingTo] may not be in the files
	left         atomic.Int64  // bytes left in the current file; increased under mu
	missingAfter atomic.Uint64 // see missingTo

	mu      sync.Mutex
	areas   [hotFiles]*area
	filling int    // index of the current file
	ackedTo uint64 // everything up to this position is acknowledged
	buf     []byte
	broken  bool // the files are no longer usable
	err     error
}

// area is a mapped hot file.
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
	header.Number, header.Hot = s.lastNumber.Add(1), true
	f, err := newFile(s.cfg.Hot, header, hotExt, s.cfg.HotBytes/hotFiles)
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

// hasRoom reports whether the event can be stored now. It also returns true if the event can
// never be stored. Otherwise the second result is the position up to which everything must be
// on disk first.
func (h *hot) hasRoom(e batch.Event) (bool, uint64) {
	length := int64(segment.Length(len(e.Wire))) // slightly more than it needs
	if length <= h.left.Load() {
		return true, 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.after(1)
	if h.broken || h.fits(h.areas[h.filling], length) || length > next.Size()-segment.Start || h.reusable(next) {
		return true, 0
	}
	return false, next.last
}

// after returns the area that will be filled n areas later.
func (h *hot) after(n int) *area { return h.areas[(h.filling+n)%hotFiles] }

func (h *hot) fits(a *area, length int64) bool { return a.offset+length <= a.Size() }

// add stores an event. It reports whether there was room.
func (h *hot) add(position uint64, e batch.Event) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	payload := batch.Message(e.Wire)
	length := int64(segment.Length(len(payload)))
	if !h.fits(h.areas[h.filling], length) {
		next := h.after(1)
		if length > next.Size()-segment.Start || !h.reusable(next) || !h.reuse(next, position) {
			h.markMissing(position)
			return false
		}
		h.filling = (h.filling + 1) % hotFiles
		// Keep half of the files empty, or about to be.
		h.spool.raise(h.after(hotFiles/2 + 1).last)
	}
	a := h.areas[h.filling]
	h.buf = segment.AppendRecord(h.buf[:0], a.header.ID, a.offset, a.records+1, segment.Record{
		Seq: position, Time: e.Time, Level: uint8(e.Level), Size: e.Size, Payload: payload,
	})
	crash.At("before hot record")
	if h.broken || !h.store(a, int(a.offset), h.buf) {
		h.markMissing(position)
		return false
	}
	crash.At("after hot record")
	a.offset += length
	a.records++
	a.last = position
	h.left.Store(a.Size() - a.offset)
	return true
}

// markMissing records that an event is not in the files.
func (h *hot) markMissing(position uint64) {
	if h.missingTo.Load() <= h.spool.stored.Load() {
		h.missingAfter.Store(position - 1)
	}
	h.missingTo.Store(position)
}

// reusable reports whether nothing in the area is needed any more.
func (h *hot) reusable(a *area) bool { return a.last <= max(h.ackedTo, h.spool.stored.Load()) }

// reuse empties an area. Its events are acknowledged before the header changes: if the process
// dies in between, the file is empty. The new ID invalidates the old records.
func (h *hot) reuse(a *area, position uint64) bool {
	if a.records > 0 {
		a.openFile.ack(a.first, a.last+1)
		h.acknowledge(a)
	}
	crash.At("before hot reuse")
	header := a.header
	header.ID, header.Created = rand.Uint64(), time.Now()
	header.Number = h.spool.lastNumber.Add(1)
	page, err := header.Encode()
	if err != nil || !h.store(a, 0, page) {
		return false
	}
	crash.At("after hot reuse")
	*a.openFile = openFile{File: a.File, name: a.name, header: header, offset: segment.Start, first: position}
	return true
}

// ack acknowledges the events in [from, to).
func (h *hot) ack(from, to, low uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ackedTo = max(h.ackedTo, low)
	for _, a := range h.areas {
		if a.records == 0 {
			continue
		}
		if a.openFile.ack(from, min(to, a.last+1)); a.acksStale {
			h.acknowledge(a)
		}
	}
}

// persisted acknowledges everything up to a position in the hot files: it is on disk or
// acknowledged.
func (h *hot) persisted(position uint64) { h.ack(0, position+1, 0) }

// acknowledge writes the acks of the area.
func (h *hot) acknowledge(a *area) {
	acks := a.nextAcks()
	slot, at := a.encode(acks)
	h.store(a, int(at), slot)
	a.wroteAcks(acks)
}

// store writes to the mapping.
func (h *hot) store(a *area, offset int, data []byte) bool {
	if h.broken {
		return false
	}
	if err := a.Mapping.Write(offset, data); err != nil {
		h.fail(err)
	}
	return !h.broken
}

// fail disables the files: from now on log calls wait for the disk.
func (h *hot) fail(err error) {
	if !h.broken {
		h.broken, h.err = true, err
		h.missingAfter.Store(0)
		h.missingTo.Store(h.spool.newest.Load())
		h.spool.raise(h.spool.newest.Load())
		h.spool.cfg.Failed("use hot file", h.spool.cfg.Hot.Path(), err)
	}
}

// check looks for files that were removed or changed externally.
func (h *hot) check() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.areas {
		if err := a.intact(); err != nil {
			h.fail(err)
		}
	}
}

// close closes the files and removes them unless they are needed.
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
