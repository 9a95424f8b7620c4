package segment

import "slices"

// Record is one event.
type Record struct {
	Seq     uint64 // sequence number of the event: ascending within a segment, with gaps, from 1 on
	Time    int64  // milliseconds since 1970 UTC
	Level   uint8  // severity class
	Size    int    // bytes of the message as CloudWatch Logs counts them
	Payload []byte // the message, JSON-escaped, without quotes; never empty
}

// A record is a header and a payload, padded with zeros to a multiple of eight bytes:
//
//	 0       4       8       12      16      20    22 23 24      28      32
//	+-------+-------+---------------+-------------+--+--+-------+-------+---------
//	|length | CRC32C| seq           | time        |lv|fl|number | size  | payload
//	+-------+-------+---------------+-------------+--+--+-------+-------+---------
//
// length is the size of the payload; zero means no record. number counts the records of the
// segment without gaps, so that a reader knows how many it could not read. The checksum covers all
// other bytes including the padding and is XORed with the salt of the offset. Flags are zero, and
// ignored by readers of this version.
const (
	RecordBytes = 32 // size of a record header

	recordLength = 0  // uint32
	recordCRC    = 4  // uint32
	recordSeq    = 8  // uint64
	recordTime   = 16 // 48 bits, signed
	recordLevel  = 22 // uint8
	recordFlags  = 23 // uint8
	recordNumber = 24 // uint32
	recordSize   = 28 // uint32
)

// MaxPayload is the largest payload in bytes: six for each byte of the largest message,
// 1,048,550 bytes of control characters, with some reserve.
//
// The limit also keeps the top byte of a length zero. Escaped text has no zero bytes, so no
// text inside a record looks like the start of one.
const MaxPayload = 6 << 20

// minTime and maxTime are the limits of 48 bits, the years -2490 to 6429.
const minTime, maxTime = -1 << 47, 1<<47 - 1

// Length returns the size in bytes of a record with a payload of that size.
func Length(payload int) int { return RecordBytes + (payload+align-1)&^(align-1) }

// AppendRecord appends to dst the record for an offset in the file of the segment with that ID.
// The offset must be a multiple of eight from [Start] on, number one more than that of the
// record before it, starting at 1, and the payload 1 to [MaxPayload] bytes long. A time that
// does not fit is moved to the nearest that does; CloudWatch Logs accepts neither. AppendRecord
// does not allocate if dst has room.
func AppendRecord(dst []byte, id uint64, offset int64, number uint32, r Record) []byte {
	n, length := len(dst), Length(len(r.Payload))
	dst = slices.Grow(dst, length)[:n+length]
	b := dst[n:]
	little.PutUint32(b[recordLength:], uint32(len(r.Payload)))
	little.PutUint64(b[recordSeq:], r.Seq)
	// One store: the level replaces the upper bits of the time, the flags are zero.
	time := uint64(min(max(r.Time, minTime), maxTime))
	little.PutUint64(b[recordTime:], time<<16>>16|uint64(r.Level)<<48)
	little.PutUint32(b[recordNumber:], number)
	little.PutUint32(b[recordSize:], uint32(r.Size))
	little.PutUint64(b[length-align:], 0) // padding, except for what the payload overwrites
	copy(b[RecordBytes:], r.Payload)
	little.PutUint32(b[recordCRC:], sum(b, recordCRC)^salt(id, offset))
	return dst
}

// decodeRecord decodes a record whose checksum was verified. The payload aliases b.
func decodeRecord(b []byte) Record {
	return Record{
		Seq:     little.Uint64(b[recordSeq:]),
		Time:    int64(little.Uint64(b[recordTime:])<<16) >> 16,
		Level:   b[recordLevel],
		Size:    int(little.Uint32(b[recordSize:])),
		Payload: b[RecordBytes:][:little.Uint32(b[recordLength:])],
	}
}
