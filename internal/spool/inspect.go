package spool

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Kind is what the name of a file says about it.
type Kind int

const (
	Other      Kind = iota // not a segment
	Segment                // on the disk
	Hot                    // on a RAM file system
	Unfinished             // being made or copied; nothing is only there
	SetAside               // unreadable, and never tried again
)

// KindOf returns what a file is by its name.
func KindOf(name string) Kind {
	for ending, kind := range map[string]Kind{
		segmentEnding: Segment, hotEnding: Hot, newEnding: Unfinished, badEnding: SetAside,
	} {
		if strings.HasSuffix(name, ending) {
			return kind
		}
	}
	return Other
}

var ownName = regexp.MustCompile(`^[0-9a-f]{16}-[0-9a-f]{8}(\.seg|\.hot|\.bad|(-[0-9]+)?\.new)$`)

// IsOwn reports whether a spool gives such a name to a file.
func IsOwn(name string) bool { return ownName.MatchString(name) }

// View is a segment that is only looked at: its process may live and write to it
// meanwhile, or remove it.
type View struct {
	Header segment.Header
	Copies int  // of the header that are whole: 1 or 2
	Short  bool // the file was cut

	orphan Orphan // of which nothing is used that writes
	end    int64  // behind the last record that Scan has found; 0 before
}

// Look opens a segment without its lock, whoever it belongs to and whoever can write to
// it. The errors are those of OpenOrphan, but for disk.ErrLocked.
func Look(dir *disk.Dir, name string) (*View, error) {
	f, err := dir.Inspect(name)
	if err != nil {
		return nil, err
	}
	v := &View{orphan: Orphan{Name: name, file: osFile{f}}}
	if err := v.orphan.read(); err != nil {
		_ = f.Close()
		return nil, err
	}
	v.Header, v.Short = v.orphan.Header, v.orphan.Short() != nil
	for _, whole := range wholeCopies(f) {
		if whole {
			v.Copies++
		}
	}
	return v, nil
}

// copyBytes is the size of a copy of the header.
const copyBytes = segment.HeaderBytes / 2

// wholeCopies reports which copies of the header can be read.
func wholeCopies(f *disk.File) (whole [2]bool) {
	for i := range whole {
		page := make([]byte, copyBytes)
		n, _ := f.ReadAt(page, int64(i)*copyBytes) // what cannot be read is not whole
		_, err := segment.DecodeHeader(page[:n])
		whole[i] = err == nil
	}
	return whole
}

// Found is what Scan has found in a segment.
type Found struct {
	Records int // that can be read
	Settled int // of those
	Lost    int // records that cannot be read, malformed ones included, but not settled ones that were given back
	Damaged int // of those, the ones that were not settled: events that are lost

	// Unreadable bytes are neither zero nor part of a record. Behind the last record
	// they may be one that its process did not finish, which is no damage.
	Unreadable int64

	// Malformed are the offsets of records whose checksum is right, but whose message is
	// not one.
	Malformed []int64
}

// Scan visits all records in their order, until visit returns false. The payload is
// only valid during the call.
//
// It reads piece by piece. While a process writes, what a piece did not have yet can be
// followed by what the next one has, which looks like damage. So if it is done again,
// it goes as far as it came before: up to there everything is written.
func (v *View) Scan(visit func(r segment.Record, settled bool) bool) (f Found, err error) {
	o := &v.orphan
	scan := segment.NewScanner(o.file, cmp.Or(v.end, o.file.Size()), o.Header.ID)
	last, lost := uint64(0), 0 // sequence number of the last record, and records lost before it
	for scan.Next() {
		if o.beyondFinal(scan) {
			return f, scan.Err()
		}
		r, ok := recordIn(scan)
		if n := scan.Lost() - lost; n > 0 {
			o.refresh()
			f.miss(o, n, o.damagedBefore(r.Seq, last, n))
		}
		last, lost = r.Seq, scan.Lost()
		v.end = scan.Offset() + int64(segment.Length(len(r.Payload)))
		settled := o.before.Contains(r.Seq)
		if !ok {
			f.Malformed = append(f.Malformed, scan.Offset())
			f.Lost++
			if !settled {
				f.Damaged++
			}
			continue
		}
		f.Records++
		if settled {
			f.Settled++
		}
		if !visit(r, settled) {
			return f, scan.Err()
		}
	}
	if n := o.missing(scan); n > 0 {
		o.refresh()
		f.miss(o, n, o.damagedAfter(last, n))
	}
	f.Unreadable = scan.Skipped()
	return f, cmp.Or(scan.Err(), o.tooLong())
}

// miss enters that n records were not found, of which some were not settled. In a file
// that grows, settled ones are given back, perhaps just now.
func (f *Found) miss(o *Orphan, n, damaged int) {
	if damaged > 0 || !o.Header.Grows {
		f.Lost += n
	}
	f.Damaged += damaged
}

// Close closes the file.
func (v *View) Close() { v.orphan.Release() }
