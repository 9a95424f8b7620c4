package segment

import (
	"fmt"
	"io"
	"math"
)

const (
	windowBytes = 256 << 10
	pageBytes   = 4 << 10

	// workFactor bounds the bytes hashed per byte of a file, see [NewScanner].
	workFactor = 8

	// maxFailures is how many unreadable pages a scanner skips. A disk with more is broken, and
	// every attempt may take seconds.
	maxFailures = 16
)

// Scanner reads the records of a segment. It skips damage and finds every intact record. A
// record with a valid checksum cannot have been changed, moved, or left behind by another file.
//
// A Scanner buffers 256 KiB, or as much as the largest record needs. It is not safe for
// concurrent use.
type Scanner struct {
	r           io.ReaderAt
	id          uint64
	size        int64 // bytes to read; reduced if the file turns out to be shorter
	initialSize int64 // initial size

	window   []byte // bytes of the file from windowAt on; reused up to its capacity
	windowAt int64

	at     int64 // next offset to examine
	budget int64 // bytes that may still be hashed, see [NewScanner]

	// The last record found, and what was lost up to it.
	record  Record
	offset  int64
	number  uint32
	end     int64 // offset after the record
	lost    int
	skipped int64

	err      error // first read error
	failures int
}

// NewScanner returns a scanner of the segment with that ID, of which r has size bytes.
//
// The work is bounded by the size, whatever the file contains. Examining an offset is cheap
// unless it looks like the start of a record: then as many bytes are hashed as its length field
// claims. Text in payloads never looks like that (see [MaxPayload]) and damage rarely does, but
// a crafted file could consist of starts of long records. Once eight times the size has been
// hashed, the rest of such a file counts as unreadable. No more than [MaxFileBytes] are read,
// since a sparse file can claim any size.
func NewScanner(r io.ReaderAt, size int64, id uint64) *Scanner {
	size = min(size, MaxFileBytes)
	return &Scanner{r: r, id: id, size: size, initialSize: size, windowAt: Start, at: Start, end: Start, budget: workFactor*size + MaxPayload}
}

// Resume makes [Scanner.Next] continue at offset, where the record with that number and
// sequence number starts. [Scanner.Lost] and [Scanner.Skipped] count from there.
func (s *Scanner) Resume(offset int64, number uint32, seq uint64) {
	resumed := NewScanner(s.r, s.size, s.id)
	resumed.window, resumed.windowAt = s.window[:0], offset
	resumed.at, resumed.end = offset, offset
	resumed.number, resumed.record.Seq = number-1, seq-1
	*s = *resumed
}

// Next advances to the next record. It returns false at the end of the file.
func (s *Scanner) Next() bool {
	for {
		b := s.load(RecordBytes)
		if b == nil {
			return false
		}
		if little.Uint64(b) == 0 { // zeros inside a file are skipped, not taken for its end
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
				s.accept(b)
				return true
			}
		}
		s.at += align
		s.skipped += align
	}
}

// plausible returns the length of the record that b starts with, or 0 if b cannot be the start
// of a record. It is a cheap check that avoids hashing almost everything else.
func (s *Scanner) plausible(b []byte) int {
	payload, number, seq := little.Uint32(b[recordLength:]), little.Uint32(b[recordNumber:]), little.Uint64(b[recordSeq:])
	if payload == 0 || payload > MaxPayload {
		return 0
	}
	length := Length(int(payload))
	if int64(length) > s.size-s.at || number <= s.number || seq <= s.record.Seq || seq == math.MaxUint64 { // math.MaxUint64 cannot end a half-open range
		return 0
	}
	// The records between the last one and this one must have had room, and a sequence number
	// each.
	between := number - s.number - 1
	if int64(between) > (s.at-s.end)/int64(Length(1)) || uint64(between) >= seq-s.record.Seq {
		return 0
	}
	return length
}

func (s *Scanner) accept(b []byte) {
	s.record, s.offset = decodeRecord(b), s.at
	number := little.Uint32(b[recordNumber:])
	s.lost += int(number - s.number - 1)
	s.number = number
	s.at += int64(len(b))
	s.end = s.at
}

// load returns the n bytes at s.at, or nil if the file ends before. They are valid until the
// next call.
func (s *Scanner) load(n int) []byte {
	from := int(s.at - s.windowAt) // at most len(s.window), since s.at only moves over loaded bytes
	if from+n <= len(s.window) {
		return s.window[from:][:n]
	}
	left := s.size - s.at
	if int64(n) > left {
		return nil
	}
	window := s.window[:cap(s.window)]
	if n > len(window) {
		window = make([]byte, min(int64(n+windowBytes-1)/windowBytes*windowBytes, left))
	}
	window = window[:min(int64(len(window)), left)]
	have := copy(window, s.window[from:]) // less than n, so copying costs no more than examining the n bytes will
	s.window, s.windowAt = window[:s.fill(window, have)], s.at
	if n > len(s.window) {
		return nil
	}
	return s.window[:n]
}

// fill reads the bytes of the file from s.at on into b, which already has the first have bytes.
// It returns how many b has then: fewer than len(b) if the file has become shorter.
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
		// Disks fail in blocks. The rest of the page counts as damaged.
		page := b[have:min(int64(have)+pageBytes-at%pageBytes, int64(len(b)))]
		clear(page)
		have += len(page)
	}
	return have
}

// Record returns the record found by [Scanner.Next]. Its payload is valid until the next call
// of Next.
func (s *Scanner) Record() Record { return s.record }

// Offset returns the file offset of the record.
func (s *Scanner) Offset() int64 { return s.offset }

// Number returns the number of the record within the segment, starting at 1.
func (s *Scanner) Number() uint32 { return s.number }

// Lost returns how many records before the current one were not found, since the start of the
// segment or since [Scanner.Resume].
func (s *Scanner) Lost() int { return s.lost }

// Missing returns how many records after the last one were not found, once [Scanner.Next] has
// returned false. written is [Acks.Written], the number of a record known to have been written,
// and made is [Header.Size], since the file may have been truncated. Lost and Missing add up to
// the records lost. An unreadable record after written may never have been finished and does
// not count.
//
// Missing returns 0 if written is a number that the file never had room for.
func (s *Scanner) Missing(written uint32, made int64) int {
	missing := max(int64(written)-int64(s.number), 0)
	space := max(s.initialSize, min(made, MaxFileBytes)) - s.end
	if missing > space/int64(Length(1)) {
		return 0
	}
	return int(missing)
}

// Skipped returns how many bytes Next has skipped that are neither zero nor part of a record,
// in steps of eight.
func (s *Scanner) Skipped() int64 { return s.skipped }

// Err returns the first read error. Next continues after it: the 4 KiB page that could not be
// read counts as damaged. After more than 16 errors it stops.
func (s *Scanner) Err() error { return s.err }
