package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
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
	before  segment.Ranges // what was settled when it was opened
	written uint32         // records that were written for certain
	acks    segment.Acks   // as last written; only Acknowledge uses it from then on
	newest  int64          // time of the newest event, in ms
	encoder batch.Encoder
	wire    []byte
}

// ErrHeader is an error of OpenOrphan beside those of the disk: disk.ErrLocked if its
// process lives, *segment.VersionError if another version of this library must read it.
var ErrHeader = errors.New("its header is damaged")

// ErrShort is about a segment that was cut: what was behind is lost, whether or not
// somebody knows what that was.
var ErrShort = errors.New("it is shorter than it was made")

// ErrLong is about a file of which not everything was read.
var ErrLong = fmt.Errorf("it is larger than a segment can be, and only its first %d MiB are read", segment.MaxFileBytes>>20)

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
	return nil
}

// Size returns the size of the file in bytes.
func (o *Orphan) Size() int64 { return o.file.Size() }

// Short returns an ErrShort if the file was cut.
func (o *Orphan) Short() error {
	if o.Size() >= o.Header.Size {
		return nil
	}
	return fmt.Errorf("%w: %d of %d bytes", ErrShort, o.Size(), o.Header.Size)
}

// Ended returns the time of the newest event that Scan has found.
func (o *Orphan) Ended() time.Time { return time.UnixMilli(o.newest).UTC() }

// Scan visits the events that are not settled, until visit returns false. It returns
// how many more there were and cannot be read. What visit is given is only valid
// during the call.
func (o *Orphan) Scan(visit func(seq uint64, e batch.Event) bool) (damaged int, err error) {
	scan := segment.NewScanner(o.file, o.file.Size(), o.Header.ID)
	last, lost := uint64(0), 0 // sequence number of the last record, and records lost before it
	for scan.Next() {
		r, ok := recordIn(scan)
		if n := scan.Lost() - lost; n > 0 {
			damaged += o.damagedBefore(r.Seq, last, n)
		}
		last, lost = r.Seq, scan.Lost()
		o.newest = max(o.newest, r.Time)
		if o.before.Contains(r.Seq) {
			continue
		}
		if !ok {
			damaged++
			continue
		}
		e := eventOf(&o.encoder, o.wire[:0], r)
		o.wire = e.Wire
		if !visit(r.Seq, e) {
			return damaged, scan.Err()
		}
	}
	return damaged + o.damagedAfter(last, o.missing(scan)), cmp.Or(scan.Err(), o.tooLong())
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

// settled returns how many sequence numbers from one to before another are.
func (o *Orphan) settled(from, to uint64) (n uint64) {
	for _, r := range o.before {
		if a, b := max(r.From, from), min(r.To, to); a < b {
			n += b - a
		}
	}
	return n
}

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

// SameProcess reports whether two segments are of the same process.
func SameProcess(a, b string) bool { return ProcessOf(a) == ProcessOf(b) }

// Orphans returns the names of the segments in a directory that are not of this
// spool, those of one process in a row. Some may have owners.
func (s *Spool) Orphans() ([]string, error) {
	return s.foreign(s.cfg.Dir, segmentEnding)
}

// SizeOf returns the size of a file in the directory; 0 if there is none.
func (s *Spool) SizeOf(name string) int64 { return sizeOf(s.cfg.Dir, name) }

func sizeOf(dir Directory, name string) int64 {
	files, _ := dir.List() // what cannot be listed has no size
	for _, f := range files {
		if f.Name == name {
			return f.Size
		}
	}
	return 0
}

func (s *Spool) foreign(dir Directory, endings ...string) (names []string, err error) {
	files, err := dir.List()
	for _, f := range files {
		for _, ending := range endings {
			if strings.HasSuffix(f.Name, ending) && ProcessOf(f.Name) != fmt.Sprintf("%016x", s.cfg.Header.Producer) {
				names = append(names, f.Name)
			}
		}
	}
	return names, err
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
