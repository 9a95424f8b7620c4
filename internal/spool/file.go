package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/crash"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Extensions of file names. The base is the producer and the number of the segment in
// hexadecimal digits, so names given by users never become part of a path.
const (
	segmentExt = ".seg"
	hotExt     = ".hot"
	newExt     = ".new" // being created or copied, or without records; holds no event that is not elsewhere too
	badExt     = ".bad" // set aside, never read again
)

func fileName(h *segment.Header, ext string) string {
	return fmt.Sprintf("%s-%08x%s", processName(h.Producer), h.Number, ext)
}

// processName returns what [ProcessOf] returns for the files of a producer.
func processName(producer uint64) string { return fmt.Sprintf("%016x", producer) }

// ProcessOf returns the part of a file name that identifies its process.
func ProcessOf(name string) string {
	producer, _, _ := strings.Cut(name, "-")
	return producer
}

// openFile is a segment of this process. Spool.mu guards the mutable fields, except where
// noted.
type openFile struct {
	File
	name   string
	header segment.Header

	sealed      bool           // no more records are written to it
	offset      int64          // of the next record
	records     uint32         // written so far
	places      []place        // some of the records, so that reads need not start at the beginning
	first       uint64         // position of the first event it may contain
	last        uint64         // position of the last event it contains
	have        segment.Ranges // events it contains, including some that were acknowledged and skipped
	acked       segment.Ranges
	acks        segment.Acks   // as last written
	ackedBoth   segment.Ranges // those of acked that are in both ack slots
	ackedSynced segment.Ranges // those that were in both slots at the last sync: their records are no longer needed
	reclaimable bool           // ackedSynced has changed since space was last reclaimed
	acksStale   bool           // acked has changed since acks were last written
	dirty       bool           // written since the last sync, first at dirtyAt
	dirtyAt     time.Time
	syncing     bool           // a goroutine is syncing it
	stable      segment.Ranges // events of have that are on stable storage
	nameSynced  bool           // the file name is on stable storage too
	reclaimed   int64          // bytes of acknowledged events that were reclaimed
	step        int64          // size of the last growth; step and grown are guarded by Spool.writing
	grown       time.Time      // time of the last growth

	// A file whose sync has failed or that was changed externally is suspect. It is not written
	// or synced again; what is needed of it is written to a copy. Once that is synced, the file
	// is retired: the events of the copy count as acknowledged in it.
	suspect    error
	syncFailed bool      // a sync has failed
	copy       *openFile // of what could be found; nil until it is written
	copyErr    error     // why the last copy was discarded; nil once the writer has handled it
	retired    bool
	original   *openFile // set in a copy until it is synced
	discarded  bool      // a copy that became suspect itself: the original still exists
}

// needsCopy reports whether the file is suspect and its events are not yet written to a copy.
func (f *openFile) needsCopy() bool {
	return f.suspect != nil && f.copy == nil && !f.retired && !f.finished()
}

// unreliable reports whether the events may exist nowhere else: the file is suspect and has no
// copy. After a failed sync only a synced copy counts, since the disk may not keep anything.
func (f *openFile) unreliable() bool {
	return f.needsCopy() || f.syncFailed && f.copy != nil && !f.retired && !f.finished()
}

// intact returns an error if the file was deleted, replaced or truncated, or has another
// header.
func (f *openFile) intact() error {
	if err := f.Intact(); err != nil {
		return err
	}
	page := make([]byte, segment.HeaderBytes)
	if _, err := f.ReadAt(page, 0); err != nil {
		return err
	}
	h, err := segment.DecodeHeader(page)
	if err == nil && h.ID != f.header.ID {
		err = disk.ErrReplaced
	}
	return err
}

// named reports whether the name still refers to this file.
func (f *openFile) named() bool {
	err := f.Intact()
	return err == nil || errors.Is(err, disk.ErrTruncated)
}

// finished reports whether all events of the file are acknowledged.
func (f *openFile) finished() bool { return f.sealed && (f.discarded || f.acked.CoversAll(f.have)) }

// place is the location of a record in a segment.
type place struct {
	seq    uint64
	offset int64
	number uint32
}

// Distance between places in bytes: while records are written, and of those kept afterwards.
const (
	placeEvery = 16 << 10
	keepEvery  = 64 << 10
)

// thinPlaces drops most places of a file that is no longer written. The caller holds mu.
func (f *openFile) thinPlaces() {
	kept := f.places[:0]
	for _, p := range f.places {
		if n := len(kept); n == 0 || p.offset-kept[n-1].offset >= keepEvery {
			kept = append(kept, p)
		}
	}
	f.places = slices.Clip(slices.Clone(kept))
}

// ack acknowledges the events in [from, to). The open segment may not contain them yet; they
// are then skipped.
func (f *openFile) ack(from, to uint64) {
	from = max(from, f.first)
	if f.sealed {
		to = min(to, f.last+1)
	}
	if from < to {
		f.acked.Add(from, to)
		f.acksStale = f.acksStale || from <= f.last
	}
}

// made is the result of creating a segment ahead.
type made struct {
	file *openFile
	err  error
}

// newFile creates a file with a header. It does not sync, so that a log call that needs another
// segment does not wait for a sync. A file is renamed to a segment after its first record, so a
// segment without a header or a record has lost it.
func newFile(dir Directory, header segment.Header, ext string, size int64) (*openFile, error) {
	header.ID, header.Size = rand.Uint64(), size
	if header.Grows { // the file may be trimmed to this size
		header.Size = segment.Start
	}
	header.Created = time.Now()
	page, err := header.Encode()
	if err != nil {
		return nil, err
	}
	f := &openFile{header: header, offset: segment.Start}
	if err = f.create(dir, size); err != nil {
		return nil, err
	}
	crash.At("after create")
	if err = f.begin(page, dir, ext); err != nil {
		_ = dir.Remove(f.name) // or its space would stay in use
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// create creates the file. Another process that cleans up unfinished files may have opened it
// before it was locked, and be about to remove it or another leftover by name. In that case
// create tries another name.
func (f *openFile) create(dir Directory, size int64) (err error) {
	const attempts = 20
	ext := newExt
	for n := range attempts {
		if n > 0 {
			ext = fmt.Sprintf("-%d%s", n, newExt)
		}
		f.name = fileName(&f.header, ext)
		f.File, err = dir.Create(f.name, size)
		if !errors.Is(err, disk.ErrLocked) && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return err
}

// begin writes the header and renames the file.
func (f *openFile) begin(page []byte, dir Directory, ext string) error {
	if err := f.writeHeader(page); err != nil {
		return err
	}
	crash.At("after header")
	if ext == newExt { // synced with the first records
		return nil
	}
	if err := errors.Join(f.Sync(), f.rename(ext)); err != nil {
		return err
	}
	return dir.Sync()
}

// writeHeader writes both copies of the header and frees the pages they do not need.
func (f *openFile) writeHeader(page []byte) error {
	const copyBytes = segment.HeaderBytes / 2
	used := len(bytes.TrimRight(page[:copyBytes], "\x00"))
	for at := 0; at < segment.HeaderBytes; at += copyBytes {
		if _, err := f.WriteAt(page[at:at+used], int64(at)); err != nil {
			return err
		}
		if from := pageUp(int64(at + used)); from < int64(at+copyBytes) {
			_ = f.Punch(from, int64(at+copyBytes)) // on failure the pages stay in use
		}
	}
	return nil
}

// markCopy marks the segment as a copy of other segments. It must not have records yet.
func (f *openFile) markCopy() error {
	f.header.Copy = true
	page, err := f.header.Encode()
	if err != nil {
		return err
	}
	return f.writeHeader(page)
}

func (f *openFile) rename(ext string) error {
	name := fileName(&f.header, ext)
	if err := f.Rename(name); err != nil {
		return err
	}
	f.name = name
	return nil
}
