package segment

import (
	"fmt"
	"io"
	"math"
)

const (
	windowBytes = 256 << 10
	pageBytes   = 4 << 10

	// workFactor bounds the bytes that are hashed to read a file, see NewScanner.
	workFactor = 8

	// maxFailures is how many pages that cannot be read a scanner passes over. A
	// disk with more of them is broken, and every attempt may take seconds.
	maxFailures = 16
)

// Scanner reads the records of a segment. It passes over what is damaged, and finds
// each record that is not. One that stands at the place of its checksum cannot have
// been changed, moved, or left there by another file.
//
// It holds a window of 256 KiB, or as much as the largest record takes. It is not
// safe for concurrent use.
type Scanner struct {
	r    io.ReaderAt
	id   uint64
	size int64 // of what is read; less if the file turns out to be shorter
	room int64 // size before that

	window   []byte // bytes of the file from windowAt on; its capacity is used
	windowAt int64

	at     int64 // where a record may stand that was not looked at yet
	budget int64 // bytes that may still be hashed, see NewScanner

	// The last record found, and how much was not.
	record  Record
	offset  int64
	number  uint32
	end     int64 // behind it
	lost    int
	skipped int64

	err      error // the first one
	failures int
}

// NewScanner returns a scanner of the segment with that ID, of which r has size
// bytes.
//
// Its work is bounded by the size, whatever is in the file. To look at a place
// costs little, unless there is something that looks like the start of a record: then
// as many bytes are hashed as it says it has. Text in payloads never looks like that
// (see MaxPayload), and damage seldom does, but somebody could fill a file with
// starts of long records. After eight times the size in bytes the rest of such a
// file counts as unreadable. Of a file that is larger than MaxFileBytes, which no
// segment is, only so much is read: a sparse one may claim any size.
func NewScanner(r io.ReaderAt, size int64, id uint64) *Scanner {
	size = min(size, MaxFileBytes)
	return &Scanner{r: r, id: id, size: size, room: size, windowAt: Start, at: Start, end: Start, budget: workFactor*size + MaxPayload}
}

// Resume has Next go on at an offset where a record of that number and that
// sequence number stands. Lost and Skipped count from there.
func (s *Scanner) Resume(offset int64, number uint32, seq uint64) {
	resumed := NewScanner(s.r, s.size, s.id)
	resumed.window, resumed.windowAt = s.window[:0], offset
	resumed.at, resumed.end = offset, offset
	resumed.number, resumed.record.Seq = number-1, seq-1
	*s = *resumed
}

// Next goes to the next record. It returns false if there is none up to the end of
// the file.
func (s *Scanner) Next() bool {
	for {
		b := s.load(RecordBytes)
		if b == nil {
			return false
		}
		if little.Uint64(b) == 0 { // zeros hide what follows only for as long as they last
			s.at += align
			continue
		}
		if length := s.plausible(b); length > 0 {
			if s.budget -= int64(length); s.budget < 0 {
				s.skipped += s.size - s.at
				s.size = s.at
				return false
			}
			if b = s.load(length); b != nil && little.Uint32(b[recordCRC:]) == sum(b, recordCRC)^salt(s.id, s.at) {
				s.take(b)
				return true
			}
		}
		s.at += align
		s.skipped += align
	}
}

// plausible returns the length of the record that begins with b, or 0 if there can be
// none. It costs almost nothing, and saves hashing nearly everything that is none.
func (s *Scanner) plausible(b []byte) int {
	payload, number, seq := little.Uint32(b[recordLength:]), little.Uint32(b[recordNumber:]), little.Uint64(b[recordSeq:])
	if payload == 0 || payload > MaxPayload {
		return 0
	}
	length := Length(int(payload))
	if int64(length) > s.size-s.at || number <= s.number || seq <= s.record.Seq || seq == math.MaxUint64 { // no range ends behind that one
		return 0
	}
	// The records between this one and the last one must have had room, and a
	// sequence number each.
	between := number - s.number - 1
	if int64(between) > (s.at-s.end)/int64(Length(1)) || uint64(between) >= seq-s.record.Seq {
		return 0
	}
	return length
}

func (s *Scanner) take(b []byte) {
	s.record, s.offset = decodeRecord(b), s.at
	number := little.Uint32(b[recordNumber:])
	s.lost += int(number - s.number - 1)
	s.number = number
	s.at += int64(len(b))
	s.end = s.at
}

// load returns the n bytes from s.at on, or nil if the file ends before. They are
// valid until it is called again.
func (s *Scanner) load(n int) []byte {
	from := int(s.at - s.windowAt) // at most len(s.window), since s.at only moves over what was loaded
	if from+n <= len(s.window) {
		return s.window[from:][:n]
	}
	left := s.size - s.at
	if int64(n) > left {
		return nil
	}
	room := s.window[:cap(s.window)]
	if n > len(room) {
		room = make([]byte, min(int64(n+windowBytes-1)/windowBytes*windowBytes, left))
	}
	room = room[:min(int64(len(room)), left)]
	have := copy(room, s.window[from:]) // less than n, so it costs no more than looking at the n bytes will
	s.window, s.windowAt = room[:s.fill(room, have)], s.at
	if n > len(s.window) {
		return nil
	}
	return s.window[:n]
}

// fill reads the bytes of the file from s.at on into b, of which it has the first
// ones already. It returns how many there are: fewer if the file is shorter than
// it was.
func (s *Scanner) fill(b []byte, have int) int {
	for have < len(b) && s.at+int64(have) < s.size {
		at := s.at + int64(have)
		n, err := s.r.ReadAt(b[have:], at)
		have += n
		at += int64(n)
		if have == len(b) {
			break
		}
		if err == io.EOF {
			s.size = at
			break
		}
		if s.err == nil {
			s.err = fmt.Errorf("segment: read at offset %d: %w", at, err)
		}
		if s.failures++; s.failures > maxFailures {
			s.size = at
			break
		}
		// Disks fail by blocks. The rest of the page counts as damaged.
		page := b[have:min(int64(have)+pageBytes-at%pageBytes, int64(len(b)))]
		clear(page)
		have += len(page)
	}
	return have
}

// Record returns the record that Next went to. Its payload is valid until the next
// call of Next.
func (s *Scanner) Record() Record { return s.record }

// Offset returns where in the file it stands.
func (s *Scanner) Offset() int64 { return s.offset }

// Number returns its number: it is the so-many-th of the segment.
func (s *Scanner) Number() uint32 { return s.number }

// Lost returns how many records before it were not found, since the start of the
// segment or since Resume.
func (s *Scanner) Lost() int { return s.lost }

// Missing returns how many records behind the last one were not found, when Next has
// returned false. written is Acks.Written, the number of a record known to have been
// there, and made is Header.Size: the file may have been cut since. All that is lost is
// Lost and Missing together. A record behind written that cannot be read may be one that
// was never finished, and does not count.
//
// More records than the file had room for were never there, so such a number says
// nothing.
func (s *Scanner) Missing(written uint32, made int64) int {
	missing := max(int64(written)-int64(s.number), 0)
	room := max(s.room, min(made, MaxFileBytes)) - s.end
	if missing > room/int64(Length(1)) {
		return 0
	}
	return int(missing)
}

// Skipped returns the bytes that Next has passed over and that are neither zero nor
// part of a record, in steps of eight.
func (s *Scanner) Skipped() int64 { return s.skipped }

// Err returns the first error of reading the file. Next goes on behind it: the page
// of 4 KiB that could not be read counts as damaged. After more than 16 errors it
// gives up.
func (s *Scanner) Err() error { return s.err }
