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

// Orphan is a segment whose process has ended. Whoever has opened it is the only one
// who has.
type Orphan struct {
	Header segment.Header
	Name   string

	dir     Directory
	file    File
	before  segment.Ranges // what was settled when it was opened, or is skipped
	others  segment.Ranges // what other segments have: here it may be missing, see Elsewhere
	written uint32         // records that were written for certain
	short   error          // an ErrShort if it was cut
	acks    segment.Acks   // as last written; only Acknowledge, Skip and Trim use it from then on
	newest  int64          // time of the newest event, in ms
	encoder batch.Encoder
	wire    []byte

	// What the last scan has found.
	records uint32         // number of the last record
	end     int64          // behind it
	clean   bool           // it went to the end of the file, and only zeros are behind the last record
	seqs    segment.Ranges // of all records
	span    segment.Range  // of those, and of what is missing before, between and behind them
}

// ErrHeader is an error of OpenOrphan beside those of the disk: disk.ErrLocked if its
// process lives, *segment.VersionError if another version of this library must read it.
var ErrHeader = errors.New("its header is damaged")

// ErrShort is about a segment that was cut: what was behind is lost, whether or not
// somebody knows what that was.
var ErrShort = errors.New("it is shorter than it was made")

// ErrLong is about a file of which not everything was read.
var ErrLong = fmt.Errorf("it is larger than a segment can be, and only its first %d MiB are read", segment.MaxFileBytes>>20)

// ErrEmpty is about a segment that had records, and has none any more.
var ErrEmpty = errors.New("none of its records is left")

// Stays reports whether an error of OpenOrphan is about the file: it will be the same the
// next time.
func Stays(err error) bool {
	var newer *segment.VersionError
	var unsafe *disk.UnsafeError
	return errors.As(err, &newer) || errors.As(err, &unsafe)
}

// OpenOrphan opens a segment that another process left.
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
		return ErrHeader
	case err != nil:
		return err
	}
	o.Header = *header
	o.acks = segment.DecodeAcks(page[segment.HeaderBytes:], header.ID)
	o.before = append(o.before, o.acks.Settled...)
	o.written = o.acks.Written
	o.short, err = o.cut()
	return err
}

// cut returns an ErrShort if the file was cut. One that grows ends in zeros until it is
// final, any other one has the size it was made with. Of a final one its acks say how
// many records are missing.
func (o *Orphan) cut() (short, err error) {
	size := o.Size()
	switch {
	case o.acks.Final:
		return nil, nil
	case !o.Header.Grows:
		if size < o.Header.Size {
			short = fmt.Errorf("%w: %d of %d bytes", ErrShort, size, o.Header.Size)
		}
		return short, nil
	case size < segment.Start:
		return fmt.Errorf("%w: %d bytes", ErrShort, size), nil
	case size == segment.Start:
		return nil, nil
	}
	var tail [tailBytes]byte
	if _, err := o.file.ReadAt(tail[:], size-tailBytes); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if tail != [tailBytes]byte{} {
		short = fmt.Errorf("%w: %d bytes, and no zeros at the end", ErrShort, size)
	}
	return short, nil
}

// Size returns the size of the file in bytes.
func (o *Orphan) Size() int64 { return o.file.Size() }

// Short returns an ErrShort if the file was cut before it was opened.
func (o *Orphan) Short() error { return o.short }

// Ended returns the time of the newest event that Scan has found.
func (o *Orphan) Ended() time.Time { return time.UnixMilli(o.newest).UTC() }

// Estimate returns how many events are left, as far as acks say so: at least one if that
// is not certain.
func (o *Orphan) Estimate() (left int64, certain bool) {
	if o.acks.Final && len(o.before) == 0 {
		return int64(o.written), true
	}
	return max(int64(o.written)-int64(min(o.settled(0, math.MaxUint64), math.MaxInt32)), 1), false
}

// Count returns how many events are left, those that cannot be read included. It reads
// the whole file.
func (o *Orphan) Count() (left int64, err error) {
	damaged, err := o.scan(func(r segment.Record) bool {
		if !o.before.Contains(r.Seq) {
			left++
		}
		return true
	})
	return left + int64(damaged), err
}

// Scan visits the events that are not settled, until visit returns false. It returns
// how many more there were and cannot be read. What visit is given is only valid
// during the call.
func (o *Orphan) Scan(visit func(seq uint64, e batch.Event) bool) (damaged int, err error) {
	return o.scan(func(r segment.Record) bool {
		o.newest = max(o.newest, r.Time)
		if o.before.Contains(r.Seq) {
			return true
		}
		e := eventOf(&o.encoder, o.wire[:0], r)
		o.wire = e.Wire
		return visit(r.Seq, e)
	})
}

// scan visits all records, until visit returns false.
func (o *Orphan) scan(visit func(segment.Record) bool) (damaged int, err error) {
	scan := segment.NewScanner(o.file, o.file.Size(), o.Header.ID)
	o.records, o.end, o.clean, o.seqs, o.span = 0, segment.Start, false, o.seqs[:0], segment.Range{}
	last, lost, skipped := uint64(0), 0, int64(0) // sequence number of the last record; what was lost and skipped before it
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
			if !o.before.Contains(r.Seq) {
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
	if o.emptied() {
		return max(missing, 1), err
	}
	return damaged + o.damagedAfter(last, missing), err
}

// beyondFinal reports whether the record that a scanner has found was left by a write that has
// failed: what it has is in another segment.
func (o *Orphan) beyondFinal(scan *segment.Scanner) bool {
	return o.acks.Final && scan.Number() > o.acks.Written
}

// recordIn returns the record that a scanner has found. Its checksum says that this is
// what was written, but not that this library wrote it: a forged record may cost itself,
// and nothing else. So its time is one that the service takes, its size one that the
// message can have, and ok is false if the message is malformed.
func recordIn(scan *segment.Scanner) (r segment.Record, ok bool) {
	r = scan.Record()
	r.Time = max(r.Time, 0)
	if !encode.IsWire(r.Payload) {
		return r, false
	}
	const longestEscape = len(`\u000a`)
	if n := len(r.Payload); r.Size > n || r.Size*longestEscape < n {
		r.Size = encode.Size(encode.Unescape(r.Payload))
	}
	return r, true
}

// missing returns how many records are lost behind the last one that was found.
func (o *Orphan) missing(scan *segment.Scanner) int {
	made := o.Header.Size
	if o.Header.Grows { // how large it was is not known
		made = segment.MaxFileBytes
	}
	return scan.Missing(o.written, made)
}

// tooLong returns an error if the file is larger than what is read of it.
func (o *Orphan) tooLong() error {
	if o.Size() <= segment.MaxFileBytes {
		return nil
	}
	return fmt.Errorf("%w: %d bytes", ErrLong, o.Size())
}

// emptied reports whether a segment that was scanned has lost all of its records: one
// that grows gets its name when it has the first one. Older ones were made ahead.
func (o *Orphan) emptied() bool {
	return o.Header.Grows && o.records == 0 && o.written == 0 && !o.acks.Final
}

// Emptied returns an ErrEmpty if Scan has found that all records are lost, and nothing
// says how many there were.
func (o *Orphan) Emptied() error {
	if o.emptied() {
		return ErrEmpty
	}
	return nil
}

// refresh reads the acks again, of a segment whose process lives.
func (o *Orphan) refresh() {
	slots := make([]byte, segment.AcksBytes)
	if _, err := o.file.ReadAt(slots, segment.HeaderBytes); err != nil {
		return
	}
	for _, r := range segment.DecodeAcks(slots, o.Header.ID).Settled {
		o.before.Add(r.From, r.To)
	}
}

// damagedBefore returns how many of n records that cannot be read were not settled:
// those between two sequence numbers, of which last is 0 if they are the first ones of
// the segment. Then they count as the ones right before the other number.
func (o *Orphan) damagedBefore(seq, last uint64, n int) int {
	from := last + 1
	if last == 0 {
		from = seq - uint64(n)
	}
	return min(n, int(min(seq-from-o.settled(from, seq), 1<<30)))
}

// damagedAfter is damagedBefore for those behind the last one that can be read.
func (o *Orphan) damagedAfter(last uint64, n int) int {
	to := last + 1 + uint64(n)
	if last == 0 { // nothing is known of their numbers
		to = math.MaxUint64
	}
	return n - int(min(o.settled(last+1, to), uint64(n)))
}

// settled returns how many sequence numbers from one to before another are settled, or
// are elsewhere.
func (o *Orphan) settled(from, to uint64) (n uint64) {
	if len(o.others) == 0 {
		return o.before.Count(from, to)
	}
	all := slices.Clone(o.before)
	for _, r := range o.others {
		all.Add(r.From, r.To)
	}
	return all.Count(from, to)
}

// Sequences returns the sequence numbers of all records that can be read, and of those
// that were settled. It reads the whole file, and brings it to the disk: what is here may
// be removed elsewhere.
func (o *Orphan) Sequences() (have segment.Ranges, err error) {
	if _, err := o.scan(func(segment.Record) bool { return true }); err != nil {
		return nil, err
	}
	have = slices.Clone(o.before)
	for _, r := range o.seqs {
		have.Add(r.From, r.To)
	}
	return have, o.file.Sync()
}

// found adds what the last scan has found, and what was settled.
func (o *Orphan) found(have *segment.Ranges) {
	for _, list := range []segment.Ranges{o.seqs, o.before} {
		for _, r := range list {
			have.Add(r.From, r.To)
		}
	}
}

// Judged adds the sequence numbers that the last Scan has found or counted as damaged, and
// those that were settled.
func (o *Orphan) Judged(have *segment.Ranges) {
	o.found(have)
	have.Add(o.span.From, o.span.To)
}

// Skip has Scan leave out what a copy of the segment has, and says so on the disk:
// whoever comes next may not find the copy any more.
func (o *Orphan) Skip(copied segment.Ranges) {
	if len(copied) == 0 {
		return
	}
	for _, r := range copied {
		o.before.Add(r.From, r.To)
	}
	o.Acknowledge(copied)
}

// Elsewhere says which sequence numbers other segments of the process have, or were counted
// as damaged there: if they are missing here, that is no damage.
func (o *Orphan) Elsewhere(have segment.Ranges) { o.others = have }

// Acknowledge writes to the disk which sequence numbers are settled, beside those
// that were before. It may be called beside Scan.
func (o *Orphan) Acknowledge(settled segment.Ranges) {
	for _, r := range settled {
		o.acks.Settled.Add(r.From, r.To)
	}
	o.acks.Generation++
	// Where this fails, events are delivered twice: nothing to be done about.
	_, _ = o.file.WriteAt(o.acks.EncodeSlot(o.Header.ID), segment.SlotOffset(o.acks.Generation))
}

// Remove removes the segment: nothing in it is needed any more.
func (o *Orphan) Remove() error {
	crash.At("before unlink of orphan")
	return errors.Join(o.dir.Remove(o.Name), o.file.Close())
}

// Release leaves the segment to others, or to a later attempt.
func (o *Orphan) Release() { _ = o.file.Close() }

// Directory returns where the segments are.
func (s *Spool) Directory() Directory { return s.cfg.Dir }

// Leftover is a segment that is not of this spool, as the directory has it.
type Leftover struct {
	Name  string
	Size  int64
	Bytes int64 // that it takes on the file system
	// Waits: its process has hot files that Adopt has not seen, or that were locked. They
	// may have the same events, and once the segment is sent, nobody would know of those.
	Waits bool
}

// Leftovers returns the segments in the directory that are not of this spool, sorted by
// name: those of one process in a row, in the order of their numbers. Some may have
// owners. It is for the goroutine that calls Adopt.
func (s *Spool) Leftovers() ([]Leftover, error) {
	segments, err := foreign(s.cfg.Dir, s.cfg.Header.Producer, segmentEnding)
	waits := make(map[string]bool) // processes
	if s.cfg.HotLeft != nil {
		// After the segments: whoever made one of those has his hot files by now.
		hot, _ := foreign(s.cfg.HotLeft, s.cfg.Header.Producer, hotEnding) // a directory that fails has nothing to wait for
		for _, f := range hot {
			if !s.adopted[f.Name] {
				waits[ProcessOf(f.Name)] = true
			}
		}
	}
	list := make([]Leftover, len(segments))
	for i, f := range segments {
		list[i] = Leftover{Name: f.Name, Size: f.Size, Bytes: f.Bytes, Waits: waits[ProcessOf(f.Name)]}
	}
	return list, err
}

// foreign returns the files in a directory with that ending that are not of a producer.
func foreign(dir Directory, producer uint64, ending string) (list []disk.Entry, err error) {
	own := processName(producer)
	files, err := dir.List()
	for _, f := range files {
		if strings.HasSuffix(f.Name, ending) && ProcessOf(f.Name) != own {
			list = append(list, f)
		}
	}
	return list, err
}

// SetAside gives a file that cannot be read a name under which nobody tries again,
// and returns its size. Such files take at most an eighth of MaxBytes: the first ones
// are removed then, and their names returned.
func (s *Spool) SetAside(name string) (bytes int64, removed []string, err error) {
	return setAside(s.cfg.Dir, name, s.cfg.MaxBytes/8)
}

func setAside(dir Directory, name string, most int64) (bytes int64, removed []string, err error) {
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
		if strings.HasSuffix(other.Name, badEnding) {
			bad += other.Size
		}
	}
	for _, other := range files {
		if bad <= most {
			break
		}
		if strings.HasSuffix(other.Name, badEnding) && dir.Remove(other.Name) == nil {
			bad -= other.Size
			removed = append(removed, other.Name)
		}
	}
	return f.Size(), removed, f.Rename(strings.TrimSuffix(name, path.Ext(name)) + badEnding)
}
