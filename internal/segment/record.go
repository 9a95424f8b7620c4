package segment

import "slices"

// Record is one event.
type Record struct {
	Seq     uint64 // number of the event, ascending in a segment, with gaps, from 1 on
	Time    int64  // milliseconds since 1970 UTC
	Level   uint8  // class of its level
	Size    int    // bytes of the message as the service counts them
	Payload []byte // the message, JSON-escaped, without quotes; never empty
}

// A record is a header and the payload, padded with zeros to a multiple of eight
// bytes:
//
//	 0       4       8       12      16      20    22 23 24      28      32
//	+-------+-------+---------------+-------------+--+--+-------+-------+---------
//	|length | CRC32C| seq           | time        |lv|fl|number | size  | payload
//	+-------+-------+---------------+-------------+--+--+-------+-------+---------
//
// length is that of the payload; zero means that there is no record here. number
// counts the records of the segment without gaps, so that a reader knows how many it
// could not read. The checksum is that of all other bytes, padding too, combined with
// the salt of the place. Flags are zero, and ignored by readers of this version.
const (
	RecordBytes = 32 // header of a record

	recordLength = 0  // uint32
	recordCRC    = 4  // uint32
	recordSeq    = 8  // uint64
	recordTime   = 16 // 48 bits, signed
	recordLevel  = 22 // uint8
	recordFlags  = 23 // uint8
	recordNumber = 24 // uint32
	recordSize   = 28 // uint32
)

// MaxPayload is the largest payload, in bytes: six for each byte of the largest
// message there is, 1,048,550 bytes of control characters, and some more.
//
// It also keeps the topmost byte of a length zero. Escaped text has no zero bytes,
// so no text inside of a record looks like the start of one.
const MaxPayload = 6 << 20

// minTime and maxTime are what fits into 48 bits, from the year -2490 to 6429.
const minTime, maxTime = -1 << 47, 1<<47 - 1

// Length returns how many bytes a record with such a payload takes.
func Length(payload int) int { return RecordBytes + (payload+align-1)&^(align-1) }

// AppendRecord appends a record made for that offset in the file of a segment. The
// offset is a multiple of eight from Start on, number one more than that of the
// record before it, from 1 on, and the payload has 1 to MaxPayload bytes. A time
// that does not fit is moved to the nearest that does, which is as far from what
// the service accepts. Nothing is allocated if dst has room.
func AppendRecord(dst []byte, id uint64, offset int64, number uint32, r Record) []byte {
	n, length := len(dst), Length(len(r.Payload))
	dst = slices.Grow(dst, length)[:n+length]
	b := dst[n:]
	little.PutUint32(b[recordLength:], uint32(len(r.Payload)))
	little.PutUint64(b[recordSeq:], r.Seq)
	// One word: the level replaces the upper bits of the time, flags are zero.
	time := uint64(min(max(r.Time, minTime), maxTime))
	little.PutUint64(b[recordTime:], time<<16>>16|uint64(r.Level)<<48)
	little.PutUint32(b[recordNumber:], number)
	little.PutUint32(b[recordSize:], uint32(r.Size))
	little.PutUint64(b[length-align:], 0) // padding; the payload overwrites the rest
	copy(b[RecordBytes:], r.Payload)
	little.PutUint32(b[recordCRC:], sum(b, recordCRC)^salt(id, offset))
	return dst
}

// decodeRecord reads a record whose checksum was right. The payload is part of b.
func decodeRecord(b []byte) Record {
	return Record{
		Seq:     little.Uint64(b[recordSeq:]),
		Time:    int64(little.Uint64(b[recordTime:])<<16) >> 16,
		Level:   b[recordLevel],
		Size:    int(little.Uint32(b[recordSize:])),
		Payload: b[RecordBytes:][:little.Uint32(b[recordLength:])],
	}
}
