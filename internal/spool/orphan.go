package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/crash"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Orphan is a segment whose process has ended. An open Orphan is locked by this process.
type Orphan struct {
	Header segment.Header
	Name   string

	dir          Directory
	file         File
	acked        segment.Ranges // acknowledged when it was opened, or skipped
	elsewhere    segment.Ranges // events in other segments, which may be missing here; see SetElsewhere
	written      uint32         // records known to have been written
	truncation   error          // an ErrTruncated if the file was truncated
	acks         segment.Acks   // as last written; after opening used only by Acknowledge, Skip and Trim
	newestMillis int64          // time of the newest event, in ms
	encoder      batch.Encoder
	wire         []byte

	// Results of the last scan.
	records uint32         // number of the last record
	end     int64          // offset after it
	clean   bool           // the scan reached the end of the file, with only zeros after the last record
	seqs    segment.Ranges // of all records
	span    segment.Range  // of the records and those missing before, between and after them
}

// ErrHeaderDamaged is returned by [OpenOrphan] if both copies of the header are damaged. Other
// errors are [disk.ErrLocked] if the process is alive, and [*segment.VersionError] if the file
// needs a newer version of this library.
var ErrHeaderDamaged = errors.New("header is damaged")

// ErrTruncated is the error for a truncated segment: whatever followed is lost, even if its extent
// is unknown.
var ErrTruncated = errors.New("file is truncated")

// ErrTooLarge is the error for a file that was not read to its end.
var ErrTooLarge = fmt.Errorf("file is larger than any segment; only its first %d MiB are read", segment.MaxFileBytes>>20)

// ErrEmpty is the error for a segment that has lost all of its records.
var ErrEmpty = errors.New("all of its records are lost")

// IsPermanent reports whether an error of [OpenOrphan] is permanent.
func IsPermanent(err error) bool {
	var newer *segment.VersionError
	var unsafe *disk.UnsafeError
	return errors.As(err, &newer) || errors.As(err, &unsafe)
}

// OpenOrphan opens and locks a segment that another process left.
func OpenOrphan(dir Directory, name string) (*Orphan, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	o := &Orphan{Name: name, dir: dir, file: f}
	if err := o.read(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return o, nil
}

func (o *Orphan) read() error {
	page := make([]byte, min(segment.Start, o.file.Size()))
	n, err := o.file.ReadAt(page, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	page = append(page[:n], make([]byte, segment.Start-n)...)
	header, err := segment.DecodeHeader(page[:segment.HeaderBytes])
	switch {
	case errors.Is(err, segment.ErrUnwritten), errors.Is(err, segment.ErrDamaged):
		return ErrHeaderDamaged
	case err != nil:
		return err
	}
	o.Header = *header
	o.acks = segment.DecodeAcks(page[segment.HeaderBytes:], header.ID)
	o.acked = append(o.acked, o.acks.Acked...)
	o.written = o.acks.Written
	o.truncation, err = o.checkTruncated()
	return err
}

// checkTruncated returns an ErrTruncated if the file was truncated. A growing file ends in zeros
// until it is final, any other has its initial size. The acks of a final one give the number of
// its records.
func (o *Orphan) checkTruncated() (truncated, err error) {
	size := o.Size()
	switch {
	case o.acks.Final:
		return nil, nil
	case !o.Header.Grows:
		if size < o.Header.Size {
			truncated = fmt.Errorf("%w: %d of %d bytes", ErrTruncated, size, o.Header.Size)
		}
		return truncated, nil
	case size < segment.Start:
		return fmt.Errorf("%w: %d bytes", ErrTruncated, size), nil
	case size == segment.Start:
		return nil, nil
	}
	var tail [tailBytes]byte
	if _, err := o.file.ReadAt(tail[:], size-tailBytes); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if tail != [tailBytes]byte{} {
		truncated = fmt.Errorf("%w: %d bytes without zeros at the end", ErrTruncated, size)
	}
	return truncated, nil
}

// Size returns the size of the file in bytes.
func (o *Orphan) Size() int64 { return o.file.Size() }

// Truncated returns an [ErrTruncated] if the file was truncated before it was opened.
func (o *Orphan) Truncated() error { return o.truncation }

// Newest returns the time of the newest event found by [Orphan.Scan].
func (o *Orphan) Newest() time.Time { return time.UnixMilli(o.newestMillis).UTC() }

// Estimate returns the number of unacknowledged events according to the acks, and whether it is
// exact. An inexact estimate is at least 1.
func (o *Orphan) Estimate() (left int64, certain bool) {
	if o.acks.Final && len(o.acked) == 0 {
		return int64(o.written), true
	}
	return max(int64(o.written)-int64(min(o.acknowledged(0, math.MaxUint64), math.MaxInt32)), 1), false
}

// Count returns the number of unacknowledged events, including unreadable ones. It reads the
// whole file.
func (o *Orphan) Count() (left int64, err error) {
	damaged, err := o.scanRecords(func(r segment.Record) bool {
		if !o.acked.Contains(r.Seq) {
			left++
		}
		return true
	})
	return left + int64(damaged), err
}

// Scan visits the unacknowledged events until visit returns false. damaged is the number of
// unreadable ones. The event is only valid during the call of visit.
func (o *Orphan) Scan(visit func(seq uint64, e batch.Event) bool) (damaged int, err error) {
	return o.scanRecords(func(r segment.Record) bool {
		o.newestMillis = max(o.newestMillis, r.Time)
		if o.acked.Contains(r.Seq) {
			return true
		}
		e := eventOf(&o.encoder, o.wire[:0], r)
		o.wire = e.Wire
		return visit(r.Seq, e)
	})
}

// scanRecords visits all records until visit returns false.
func (o *Orphan) scanRecords(visit func(segment.Record) bool) (damaged int, err error) {
	scan := segment.NewScanner(o.file, o.file.Size(), o.Header.ID)
	o.records, o.end, o.clean, o.seqs, o.span = 0, segment.Start, false, o.seqs[:0], segment.Range{}
	last, lost, skipped := uint64(0), 0, int64(0) // sequence number of the last record; records lost and bytes skipped before it
	for scan.Next() {
		if o.beyondFinal(scan) {
			return damaged, scan.Err()
		}
		r, ok := recordIn(scan)
		if n := scan.Lost() - lost; n > 0 {
			damaged += o.damagedBefore(r.Seq, last, n)
		}
		if last == 0 {
			o.span.From = r.Seq - uint64(scan.Lost())
		}
		last, lost, skipped = r.Seq, scan.Lost(), scan.Skipped()
		o.records, o.end = scan.Number(), scan.Offset()+int64(segment.Length(len(scan.Record().Payload)))
		if !ok {
			if !o.acked.Contains(r.Seq) {
				damaged++
			}
			continue
		}
		o.seqs.Add(r.Seq, r.Seq+1)
		if !visit(r) {
			return damaged, scan.Err()
		}
	}
	missing := o.missing(scan)
	if last > 0 {
		o.span.To = last + 1 + uint64(missing)
	}
	err = cmp.Or(scan.Err(), o.tooLong())
	o.clean = missing == 0 && scan.Skipped() == skipped && err == nil
	if o.lostAllRecords() {
		return max(missing, 1), err
	}
	return damaged + o.damagedAfter(last, missing), err
}

// beyondFinal reports whether the record is the remains of a failed write: its event is in
// another segment.
func (o *Orphan) beyondFinal(scan *segment.Scanner) bool {
	return o.acks.Final && scan.Number() > o.acks.Written
}

// recordIn returns the record found by a scanner. Its checksum proves that it was written, but
// not that this library wrote it: a forged record must affect nothing but itself. Its time is
// therefore limited to what a request can have and its size to what the message can have; ok is
// false if the message is malformed.
func recordIn(scan *segment.Scanner) (r segment.Record, ok bool) {
	r = scan.Record()
	r.Time = max(r.Time, 0)
	if !encode.IsWire(r.Payload) {
		return r, false
	}
	const longestEscape = len(`\u000a`)
	if n := len(r.Payload); r.Size < 0 || r.Size > n || r.Size*longestEscape < n {
		r.Size = encode.Size(encode.Unescape(r.Payload))
	}
	return r, true
}

// missing returns how many records are lost after the last one found.
func (o *Orphan) missing(scan *segment.Scanner) int {
	made := o.Header.Size
	if o.Header.Grows { // its previous size is unknown
		made = segment.MaxFileBytes
	}
	return scan.Missing(o.written, made)
}

// tooLong returns an error if the file is larger than what is read of it.
func (o *Orphan) tooLong() error {
	if o.Size() <= segment.MaxFileBytes {
		return nil
	}
	return fmt.Errorf("%w: %d bytes", ErrTooLarge, o.Size())
}

// lostAllRecords reports whether a scanned segment has lost all of its records. A growing file is
// named after its first record; older ones were named when created.
func (o *Orphan) lostAllRecords() bool {
	return o.Header.Grows && o.records == 0 && o.written == 0 && !o.acks.Final
}

// Emptied returns [ErrEmpty] if [Orphan.Scan] found that all records are lost and their number
// is unknown.
func (o *Orphan) Emptied() error {
	if o.lostAllRecords() {
		return ErrEmpty
	}
	return nil
}

// refresh rereads the acks of a segment whose process is alive.
func (o *Orphan) refresh() {
	slots := make([]byte, segment.AcksBytes)
	if _, err := o.file.ReadAt(slots, segment.HeaderBytes); err != nil {
		return
	}
	for _, r := range segment.DecodeAcks(slots, o.Header.ID).Acked {
		o.acked.Add(r.From, r.To)
	}
}

// damagedBefore returns how many of n unreadable records between the sequence numbers last and
// seq were unacknowledged. last is 0 before the first record; the n records then count as those
// right before seq.
func (o *Orphan) damagedBefore(seq, last uint64, n int) int {
	from := last + 1
	if last == 0 {
		from = seq - uint64(n)
	}
	return min(n, int(min(seq-from-o.acknowledged(from, seq), 1<<30)))
}

// damagedAfter is like damagedBefore for the records after last, the last readable one.
func (o *Orphan) damagedAfter(last uint64, n int) int {
	to := last + 1 + uint64(n)
	if last == 0 { // their numbers are unknown
		to = math.MaxUint64
	}
	return n - int(min(o.acknowledged(last+1, to), uint64(n)))
}

// acknowledged returns how many sequence numbers in [from, to) are acknowledged or elsewhere.
func (o *Orphan) acknowledged(from, to uint64) (n uint64) {
	if len(o.elsewhere) == 0 {
		return o.acked.Count(from, to)
	}
	all := slices.Clone(o.acked)
	for _, r := range o.elsewhere {
		all.Add(r.From, r.To)
	}
	return all.Count(from, to)
}

// Sequences returns the sequence numbers of all readable and all acknowledged records. It reads
// the whole file, and syncs it, since the caller may remove the events from other files.
func (o *Orphan) Sequences() (have segment.Ranges, err error) {
	if _, err := o.scanRecords(func(segment.Record) bool { return true }); err != nil {
		return nil, err
	}
	have = slices.Clone(o.acked)
	for _, r := range o.seqs {
		have.Add(r.From, r.To)
	}
	return have, o.file.Sync()
}

// addFound adds the sequence numbers found by the last scan and the acknowledged ones.
func (o *Orphan) addFound(have *segment.Ranges) {
	for _, list := range []segment.Ranges{o.seqs, o.acked} {
		for _, r := range list {
			have.Add(r.From, r.To)
		}
	}
}

// Accounted adds the sequence numbers that the last [Orphan.Scan] has found or counted as damaged,
// and the acknowledged ones.
func (o *Orphan) Accounted(have *segment.Ranges) {
	o.addFound(have)
	have.Add(o.span.From, o.span.To)
}

// Skip makes [Orphan.Scan] skip the events that copies of the segment have, and persists that:
// the next process may no longer find the copy.
func (o *Orphan) Skip(copied segment.Ranges) {
	if len(copied) == 0 {
		return
	}
	for _, r := range copied {
		o.acked.Add(r.From, r.To)
	}
	o.Acknowledge(copied)
}

// SetElsewhere sets the sequence numbers that other segments of the process contain or that were
// counted as damaged there. Their absence in this segment is not damage.
func (o *Orphan) SetElsewhere(have segment.Ranges) { o.elsewhere = have }

// Acknowledge persists further sequence numbers as acknowledged. It may be called during
// [Orphan.Scan].
func (o *Orphan) Acknowledge(acked segment.Ranges) {
	for _, r := range acked {
		o.acks.Acked.Add(r.From, r.To)
	}
	o.acks.Generation++
	// If this fails, the events are delivered twice, which cannot be avoided.
	_, _ = o.file.WriteAt(o.acks.EncodeSlot(o.Header.ID), segment.SlotOffset(o.acks.Generation))
}

// Remove removes the segment, which is no longer needed.
func (o *Orphan) Remove() error {
	crash.At("before unlink of orphan")
	return errors.Join(o.dir.Remove(o.Name), o.file.Close())
}

// Release closes and unlocks the segment for other processes or a later attempt.
func (o *Orphan) Release() { _ = o.file.Close() }

// Directory returns the directory of the segments.
func (s *Spool) Directory() Directory { return s.cfg.Dir }

// Leftover is a segment of another process in the spool directory.
type Leftover struct {
	Name  string
	Size  int64
	Bytes int64 // allocated on the file system
	// Blocked is set if the process has hot files that Adopt has not seen or found locked. They
	// may contain the same events, and once the segment is sent, those duplicates could no
	// longer be detected.
	Blocked bool
}

// Leftovers returns the segments of other processes in the directory, sorted by name: those of
// one process are adjacent and ordered by number. Some of the processes may be alive. It must
// be called from the goroutine that calls [Spool.Adopt].
func (s *Spool) Leftovers() ([]Leftover, error) {
	segments, err := filesOfOthers(s.cfg.Dir, s.cfg.Header.Producer, segmentExt)
	blocked := make(map[string]bool) // process names
	if s.cfg.HotLeftovers != nil {
		// List hot files after the segments: the process of a listed segment has created its
		// hot files by now.
		hot, _ := filesOfOthers(s.cfg.HotLeftovers, s.cfg.Header.Producer, hotExt) // nothing to wait for in a directory that fails
		for _, f := range hot {
			if !s.adopted[f.Name] {
				blocked[ProcessOf(f.Name)] = true
			}
		}
	}
	list := make([]Leftover, len(segments))
	for i, f := range segments {
		list[i] = Leftover{Name: f.Name, Size: f.Size, Bytes: f.Bytes, Blocked: blocked[ProcessOf(f.Name)]}
	}
	return list, err
}

// filesOfOthers returns the files of other producers in a directory, by extension.
func filesOfOthers(dir Directory, producer uint64, ext string) (list []disk.Entry, err error) {
	ownName := processName(producer)
	files, err := dir.List()
	for _, f := range files {
		if strings.HasSuffix(f.Name, ext) && ProcessOf(f.Name) != ownName {
			list = append(list, f)
		}
	}
	return list, err
}

// SetAside renames an unreadable file so that it is not retried, and returns its size. Such
// files may occupy at most an eighth of MaxBytes: beyond that the first ones by name are
// removed, and their names returned.
func (s *Spool) SetAside(name string) (bytes int64, removed []string, err error) {
	return moveAside(s.cfg.Dir, name, s.cfg.MaxBytes/8)
}

func moveAside(dir Directory, name string, most int64) (bytes int64, removed []string, err error) {
	f, err := dir.Open(name)
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	files, err := dir.List()
	if err != nil {
		return 0, nil, err
	}
	bad := f.Size()
	for _, other := range files {
		if strings.HasSuffix(other.Name, badExt) {
			bad += other.Size
		}
	}
	for _, other := range files {
		if bad <= most {
			break
		}
		if strings.HasSuffix(other.Name, badExt) && dir.Remove(other.Name) == nil {
			bad -= other.Size
			removed = append(removed, other.Name)
		}
	}
	return f.Size(), removed, f.Rename(strings.TrimSuffix(name, path.Ext(name)) + badExt)
}
