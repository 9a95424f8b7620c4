package segment

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// Header describes who wrote a segment and where its events go. It is written before the first
// record. Only repair changes it.
type Header struct {
	ID       uint64 // random; part of every checksum after the header
	Producer uint64 // random; one per process and log stream
	Number   uint32 // numbers the segments of a producer
	Hot      bool   // the file is on a RAM file system
	Copy     bool   // the records were copied from earlier segments of the producer
	Grows    bool   // the file ends in zeros until its acks are final
	Size     int64  // file size at creation; a shorter file was truncated, unless its acks are final

	// Informational.
	Created time.Time // in milliseconds
	Boot    string    // boot ID of the machine
	PID     int       // process ID
	Program string    // program name
	Writer  string    // library version

	// The destination. [Header.Encode] removes user name and password from the endpoint, and
	// [DecodeHeader] those that older versions wrote.
	Region, Endpoint, Group, Stream string
}

// The first 20 bytes of a copy and how they are verified never change between versions of the
// format. An old program can therefore tell a newer file, which it must not touch, from a damaged
// one.
//
//	 0                       8       10      12              16              20
//	+-----------------------+-------+-------+---------------+---------------+------
//	| CWSPOOL\0             |version|minimum| body length   | CRC32C        | body
//	+-----------------------+-------+-------+---------------+---------------+------
//
// The checksum covers the first 16 bytes and the body. minimum is the oldest version that can
// read the file: a newer format that only adds to the body, or only uses flags that readers may
// ignore, does not raise it.
const (
	magic = "CWSPOOL\x00"

	headerVersion = 8  // uint16
	headerMinimum = 10 // uint16
	headerLength  = 12 // uint32
	headerCRC     = 16 // uint32

	// The body of version 1. Seven strings follow, each prefixed with its length as a uint16.
	headerNumber   = 20 // uint32
	headerID       = 24 // uint64
	headerProducer = 32 // uint64
	headerCreated  = 40 // int64, milliseconds since 1970 UTC
	headerPID      = 48 // uint32
	headerFlags    = 52 // uint32
	headerSize     = 56 // int64
	headerStrings  = 64

	body        = headerNumber
	stringCount = 7
)

// Flags. Unknown flags are ignored.
const (
	flagHot   = 1 << 0 // the file is on a RAM file system
	flagCopy  = 1 << 1 // the records may also be in earlier segments of the producer
	flagGrows = 1 << 2 // the file ends in at least eight zero bytes until its acks are final; without them it was truncated
)

// maxDiagnostic is the length in bytes to which [Header.Encode] truncates Boot, Program and
// Writer each. The rest of a copy is left to the destination: enough for a log group and a log
// stream of 512 characters each, in any encoding.
const (
	maxDiagnostic  = 256
	maxDestination = copyBytes - headerStrings - stringCount*2 - 3*maxDiagnostic
)

// Errors of [DecodeHeader].
var (
	ErrUnwritten = errors.New("segment: the header was never written")
	ErrDamaged   = errors.New("segment: both copies of the header are damaged")
)

// VersionError is the error for a segment that only newer programs can read. Such a file must
// be left alone.
type VersionError struct {
	Version uint16 // format version
	Minimum uint16 // oldest version that can read the file
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("segment: format version %d needs a program that knows version %d, this one knows %d", e.Version, e.Minimum, Version)
}

// Encode returns the first [HeaderBytes] of the file. Boot, Program and Writer are truncated to
// 256 bytes each. A destination that does not fit is an error.
func (h *Header) Encode() ([]byte, error) {
	endpoint := redact.URL(h.Endpoint)
	if n := len(h.Region) + len(endpoint) + len(h.Group) + len(h.Stream); n > maxDestination {
		return nil, fmt.Errorf("segment: encode header: destination of %d bytes, at most %d fit", n, maxDestination)
	}
	b := make([]byte, headerStrings, HeaderBytes)
	copy(b, magic)
	little.PutUint16(b[headerVersion:], Version)
	little.PutUint16(b[headerMinimum:], 1)
	little.PutUint32(b[headerNumber:], h.Number)
	little.PutUint64(b[headerID:], h.ID)
	little.PutUint64(b[headerProducer:], h.Producer)
	little.PutUint64(b[headerCreated:], uint64(h.Created.UnixMilli()))
	little.PutUint32(b[headerPID:], uint32(h.PID))
	little.PutUint32(b[headerFlags:], h.flags())
	little.PutUint64(b[headerSize:], uint64(h.Size))
	for _, s := range [stringCount]string{
		h.Region, endpoint, h.Group, h.Stream,
		truncate(h.Boot, maxDiagnostic), truncate(h.Program, maxDiagnostic), truncate(h.Writer, maxDiagnostic),
	} {
		b = little.AppendUint16(b, uint16(len(s)))
		b = append(b, s...)
	}
	little.PutUint32(b[headerLength:], uint32(len(b)-body))
	little.PutUint32(b[headerCRC:], sum(b, headerCRC))
	both := b[:HeaderBytes]
	copy(both[copyBytes:], b)
	return both, nil
}

func (h *Header) flags() (flags uint32) {
	if h.Hot {
		flags |= flagHot
	}
	if h.Copy {
		flags |= flagCopy
	}
	if h.Grows {
		flags |= flagGrows
	}
	return flags
}

// truncate cuts s to at most limit bytes without splitting a character.
func truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// DecodeHeader decodes the header from b, the first [HeaderBytes] of a file or as many as
// exist. It returns [ErrUnwritten] if they are all zero, a [*VersionError] for a format it
// cannot read, and [ErrDamaged] if neither copy is valid.
//
// If the copies differ, the one created later wins: after a power cut the other may be the
// header of an older file.
func DecodeHeader(b []byte) (*Header, error) {
	b = b[:min(len(b), HeaderBytes)]
	if len(bytes.TrimLeft(b, "\x00")) == 0 {
		return nil, ErrUnwritten
	}
	var newest *Header
	failure := ErrDamaged
	for at := 0; at < len(b); at += copyBytes {
		h, err := decodeCopy(b[at:min(len(b), at+copyBytes)])
		switch {
		case err != nil && err != ErrDamaged:
			failure = err
		case err == nil && (newest == nil || h.Created.After(newest.Created)):
			newest = h
		}
	}
	if newest == nil {
		return nil, failure
	}
	return newest, nil
}

func decodeCopy(b []byte) (*Header, error) {
	if len(b) < body || string(b[:len(magic)]) != magic {
		return nil, ErrDamaged
	}
	length := little.Uint32(b[headerLength:])
	if uint64(length) > uint64(len(b)-body) {
		return nil, ErrDamaged
	}
	b = b[:body+int(length)]
	if little.Uint32(b[headerCRC:]) != sum(b, headerCRC) {
		return nil, ErrDamaged
	}
	version, minimum := little.Uint16(b[headerVersion:]), little.Uint16(b[headerMinimum:])
	if minimum < 1 || minimum > Version || version < minimum {
		return nil, &VersionError{version, minimum}
	}
	if len(b) < headerStrings {
		return nil, ErrDamaged
	}
	h := &Header{
		ID:       little.Uint64(b[headerID:]),
		Producer: little.Uint64(b[headerProducer:]),
		Number:   little.Uint32(b[headerNumber:]),
		Size:     int64(little.Uint64(b[headerSize:])),
		Created:  time.UnixMilli(int64(little.Uint64(b[headerCreated:]))).UTC(),
		PID:      int(little.Uint32(b[headerPID:])),
	}
	flags := little.Uint32(b[headerFlags:])
	h.Hot, h.Copy, h.Grows = flags&flagHot != 0, flags&flagCopy != 0, flags&flagGrows != 0
	b = b[headerStrings:]
	for _, s := range [stringCount]*string{
		&h.Region, &h.Endpoint, &h.Group, &h.Stream,
		&h.Boot, &h.Program, &h.Writer,
	} {
		if len(b) < 2 {
			return nil, ErrDamaged
		}
		n := int(little.Uint16(b))
		if b = b[2:]; len(b) < n {
			return nil, ErrDamaged
		}
		*s, b = string(b[:n]), b[n:]
	}
	h.Endpoint = redact.URL(h.Endpoint)
	return h, nil // additions of newer formats to the body are ignored
}
