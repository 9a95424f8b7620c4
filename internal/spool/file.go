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

// Endings of file names. What stands before is the producer and the number of the
// segment, in hexadecimal digits: names of the user never become part of a path.
const (
	segmentEnding = ".seg"
	hotEnding     = ".hot"
	newEnding     = ".new" // being made or copied, or without records yet: nothing is only there
	badEnding     = ".bad" // set aside, never read again
)

func fileName(h *segment.Header, ending string) string {
	return fmt.Sprintf("%s-%08x%s", processName(h.Producer), h.Number, ending)
}

// processName is what ProcessOf returns for the files of a producer.
func processName(producer uint64) string { return fmt.Sprintf("%016x", producer) }

// ProcessOf returns the part of a file name that says whose it is.
func ProcessOf(name string) string {
	producer, _, _ := strings.Cut(name, "-")
	return producer
}

// openFile is a segment of this process. The lock of the spool guards what
// changes, but for what the comments say.
type openFile struct {
	File
	name   string
	header segment.Header

	sealed  bool           // no more records are written to it
	offset  int64          // where the next record goes
	records uint32         // in the file
	places  []place        // some records, so that none has to be looked for from the start
	first   uint64         // position of the first event it may have
	last    uint64         // of the last one it has
	have    segment.Ranges // of the events it has, and of some between them that were settled before
	settled segment.Ranges
	acks    segment.Acks   // as last written
	both    segment.Ranges // of settled: both ack slots have them
	sure    segment.Ranges // and they had when the file was synced: no record of them is needed
	spare   bool           // sure has changed since space was given back
	unacked bool           // settled has changed since
	dirty   bool           // written since the last sync, first at dirtyAt
	dirtyAt time.Time
	syncing bool           // a goroutine syncs it
	synced  segment.Ranges // what of have stays on the disk
	placed  bool           // and so does its name
	dead    int64          // bytes of settled events that were given back
	step    int64          // by which it grew last; like grown only for whoever writes
	grown   time.Time      // when it did

	// A sync has failed, or somebody changed the file: it is suspect. It is not written
	// to or synced again, and what is needed of it is written to a copy. When that is
	// synced, the file is retired: all that the copy has counts as settled.
	suspect  error
	failed   bool      // a sync has
	copy     *openFile // of what could be found; nil until that is written
	vain     error     // why the last copy was given up; nil once the writer knows
	retired  bool
	original *openFile // of a copy that is not synced yet
	void     bool      // such a copy that is suspect itself: the original is still there
}

// pending reports whether it is suspect, and what is needed of it not written to a copy
// yet.
func (f *openFile) pending() bool {
	return f.suspect != nil && f.copy == nil && !f.retired && !f.finished()
}

// unsure reports whether what it has may be nowhere else: it is suspect, and no copy has
// been made. Where a sync has failed, a copy must be synced to count: the disk may keep
// nothing.
func (f *openFile) unsure() bool {
	return f.pending() || f.failed && f.copy != nil && !f.retired && !f.finished()
}

// intact returns an error if the file is not as it was left: if it is not there, or
// has another header.
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

// named reports whether its name is still that of the file, and not of another one.
func (f *openFile) named() bool {
	err := f.Intact()
	return err == nil || errors.Is(err, disk.ErrTruncated)
}

// finished reports whether all it had is done with.
func (f *openFile) finished() bool { return f.sealed && (f.void || f.settled.CoversAll(f.have)) }

// place says where in a segment a record stands.
type place struct {
	seq    uint64
	offset int64
	number uint32
}

// How far apart places are, in bytes: while records are written, and of what is kept of
// them then.
const (
	placeEvery = 16 << 10
	keepEvery  = 64 << 10
)

// thinPlaces forgets most places of a file to which nothing is written any more. The
// caller holds mu.
func (f *openFile) thinPlaces() {
	kept := f.places[:0]
	for _, p := range f.places {
		if n := len(kept); n == 0 || p.offset-kept[n-1].offset >= keepEvery {
			kept = append(kept, p)
		}
	}
	f.places = slices.Clip(slices.Clone(kept))
}

// settle enters that the events from one position to before another are done with.
// The one that takes records may not have them, and will not get them then: that
// need not be on the disk.
func (f *openFile) settle(from, to uint64) {
	from = max(from, f.first)
	if f.sealed {
		to = min(to, f.last+1)
	}
	if from < to {
		f.settled.Add(from, to)
		f.unacked = f.unacked || from <= f.last
	}
}

// made is a segment that was made ahead, or why it could not be.
type made struct {
	file *openFile
	err  error
}

// newFile makes a file with a header. Nothing is synced, so that a log call that needs
// another segment does not wait for that. A file gets the name of a segment after its
// first record: one of that name that has no header, or no record, has lost it.
func newFile(dir Directory, header segment.Header, ending string, size int64) (*openFile, error) {
	header.ID, header.Size = rand.Uint64(), size
	if header.Grows { // and is trimmed
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
	if err = f.begin(page, dir, ending); err != nil {
		_ = dir.Remove(f.name) // or its space would stay taken
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// create makes the file. Another process that looks for what was left unfinished may
// have opened it before its lock was taken, and be about to remove it by its name, or one
// that somebody else has left. Then another name is tried.
func (f *openFile) create(dir Directory, size int64) (err error) {
	const attempts = 20
	ending := newEnding
	for n := range attempts {
		if n > 0 {
			ending = fmt.Sprintf("-%d%s", n, newEnding)
		}
		f.name = fileName(&f.header, ending)
		f.File, err = dir.Create(f.name, size)
		if !errors.Is(err, disk.ErrLocked) && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return err
}

// begin writes the header, and gives the file its name.
func (f *openFile) begin(page []byte, dir Directory, ending string) error {
	if err := f.writeHeader(page); err != nil {
		return err
	}
	crash.At("after header")
	if ending == newEnding { // it is synced with the first records
		return nil
	}
	if err := errors.Join(f.Sync(), f.rename(ending)); err != nil {
		return err
	}
	return dir.Sync()
}

// writeHeader writes both copies of the header. The pages that they do not need are
// given back.
func (f *openFile) writeHeader(page []byte) error {
	const copyBytes = segment.HeaderBytes / 2
	used := len(bytes.TrimRight(page[:copyBytes], "\x00"))
	for at := 0; at < segment.HeaderBytes; at += copyBytes {
		if _, err := f.WriteAt(page[at:at+used], int64(at)); err != nil {
			return err
		}
		if from := pageUp(int64(at + used)); from < int64(at+copyBytes) {
			_ = f.Punch(from, int64(at+copyBytes)) // or they stay taken
		}
	}
	return nil
}

// markCopy has the header say that what comes was copied from other segments. There is
// no record yet.
func (f *openFile) markCopy() error {
	f.header.Copy = true
	page, err := f.header.Encode()
	if err != nil {
		return err
	}
	return f.writeHeader(page)
}

func (f *openFile) rename(ending string) error {
	name := fileName(&f.header, ending)
	if err := f.Rename(name); err != nil {
		return err
	}
	f.name = name
	return nil
}
