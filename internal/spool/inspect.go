package spool

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// Kind is the kind of a file, according to its name.
type Kind int

const (
	Other      Kind = iota // not a segment
	Segment                // in the spool directory
	Hot                    // on a RAM file system
	Unfinished             // being created or copied; holds no event that is not elsewhere too
	SetAside               // unreadable, not retried
)

// KindOf returns the kind of the file with that name.
func KindOf(name string) Kind {
	for ext, kind := range map[string]Kind{
		segmentExt: Segment, hotExt: Hot, newExt: Unfinished, badExt: SetAside,
	} {
		if strings.HasSuffix(name, ext) {
			return kind
		}
	}
	return Other
}

var ownNamePattern = regexp.MustCompile(`^[0-9a-f]{16}-[0-9a-f]{8}(\.seg|\.hot|\.bad|(-[0-9]+)?\.new)$`)

// IsOwn reports whether name is one that a spool gives to its files.
func IsOwn(name string) bool { return ownNamePattern.MatchString(name) }

// View is a segment opened for inspection: its process may be alive, and may write to it or
// remove it meanwhile.
type View struct {
	Header    segment.Header
	Copies    int  // intact copies of the header: 1 or 2
	Truncated bool // the file was truncated

	orphan Orphan // used for reading only
	end    int64  // offset after the last record that Scan has found; initially 0
}

// Inspect opens a segment without locking it, regardless of its owner and permissions. The errors
// are those of [OpenOrphan], except for [disk.ErrLocked].
func Inspect(dir *disk.Dir, name string) (*View, error) {
	f, err := dir.Inspect(name)
	if err != nil {
		return nil, err
	}
	v := &View{orphan: Orphan{Name: name, file: osFile{f}}}
	if err := v.orphan.read(); err != nil {
		_ = f.Close()
		return nil, err
	}
	v.Header, v.Truncated = v.orphan.Header, v.orphan.Truncated() != nil
	for _, intact := range intactCopies(f) {
		if intact {
			v.Copies++
		}
	}
	return v, nil
}

// copyBytes is the size of one copy of the header.
const copyBytes = segment.HeaderBytes / 2

// intactCopies reports which copies of the header are valid.
func intactCopies(f *disk.File) (intact [2]bool) {
	for i := range intact {
		page := make([]byte, copyBytes)
		n, _ := f.ReadAt(page, int64(i)*copyBytes) // an unreadable copy is invalid
		_, err := segment.DecodeHeader(page[:n])
		intact[i] = err == nil
	}
	return intact
}

// Found is the result of [View.Scan].
type Found struct {
	Records int // readable records
	Acked   int // acknowledged ones among them
	Lost    int // unreadable records, including malformed ones, but not acknowledged ones whose space was reclaimed
	Damaged int // unacknowledged ones among Lost: events that are lost

	// Unreadable is the number of bytes that are neither zero nor part of a record. After the
	// last record they may be a record that the process did not finish, which is not damage.
	Unreadable int64

	// Malformed has the offsets of records with a valid checksum and a malformed message.
	Malformed []int64
}

// Scan visits all records in order until visit returns false. The payload is only valid during
// the call.
//
// Scan reads in chunks. If a process is writing, a chunk may miss a record that the next chunk
// has data after, which looks like damage. A repeated Scan therefore stops where the previous
// one ended: everything up to there is written.
func (v *View) Scan(visit func(r segment.Record, acked bool) bool) (f Found, err error) {
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
			f.addLost(o, n, o.damagedBefore(r.Seq, last, n))
		}
		last, lost = r.Seq, scan.Lost()
		v.end = scan.Offset() + int64(segment.Length(len(r.Payload)))
		acked := o.acked.Contains(r.Seq)
		if !ok {
			f.Malformed = append(f.Malformed, scan.Offset())
			f.Lost++
			if !acked {
				f.Damaged++
			}
			continue
		}
		f.Records++
		if acked {
			f.Acked++
		}
		if !visit(r, acked) {
			return f, scan.Err()
		}
	}
	if n := o.missing(scan); n > 0 {
		o.refresh()
		f.addLost(o, n, o.damagedAfter(last, n))
	}
	f.Unreadable = scan.Skipped()
	return f, cmp.Or(scan.Err(), o.tooLong())
}

// addLost counts n records that were not found, damaged of them unacknowledged. In a file that
// grows, the space of acknowledged ones is reclaimed, perhaps just now.
func (f *Found) addLost(o *Orphan, n, damaged int) {
	if damaged > 0 || !o.Header.Grows {
		f.Lost += n
	}
	f.Damaged += damaged
}

// Close closes the file.
func (v *View) Close() { v.orphan.Release() }
