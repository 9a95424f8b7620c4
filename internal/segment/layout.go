// Package segment implements the file format of the spool. A segment is one file of log events:
//
//	     0  +--------------------------+
//	        | header                   |  who wrote it and where the events go;
//	 8 KiB  +--------------------------+  changed by repair only
//	        | the same header again    |
//	16 KiB  +--------------------------+
//	        | ack slot 0               |  which events are acknowledged;
//	20 KiB  +--------------------------+  written alternately
//	        | ack slot 1               |
//	24 KiB  +--------------------------+
//	        | record                   |  one event each, contiguous,
//	        | record ...               |  only ever appended
//	        |                          |
//	        | zeros                    |  reserved when the file was made
//	        +--------------------------+
//
// Header, ack slots and records each have a checksum, and nothing is trusted without it. One
// damaged byte costs at most one record: the header has a copy, and a damaged ack slot costs
// events sent twice, never a loss. A file that ends in the middle of a record is what a killed
// process leaves, not damage.
//
// The package opens no files and starts no goroutines. docs/spool-format.md describes every byte;
// a test compares it with the code.
package segment

import (
	"encoding/binary"
	"hash/crc32"
)

// File offsets and sizes, in bytes.
const (
	HeaderBytes = 2 * copyBytes           // both copies of the header
	AcksBytes   = 2 * slotBytes           // both ack slots
	Start       = HeaderBytes + AcksBytes // offset of the first record

	copyBytes = 8 << 10
	slotBytes = 4 << 10 // one page, so that a torn write leaves the other slot intact
)

// MaxFileBytes is larger than any segment. Segments are created with 8 MiB, or with as much as
// their largest record needs.
const MaxFileBytes = 64 << 20

// Version is the format version that this package writes, and the newest that it reads.
const Version = 1

// align is the alignment of record offsets and lengths.
const align = 8

// little is the byte order of every number.
var little = binary.LittleEndian

// castagnoli is the table for CRC-32C, which processors compute in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum returns the checksum of b without the four bytes at field, where the checksum itself is
// stored.
func sum(b []byte, field int) uint32 {
	crc := ^uint32(0)
	for _, x := range b[:field] { // a few bytes: faster here than setting up the hardware instruction
		crc = castagnoli[byte(crc)^x] ^ crc>>8
	}
	return crc32.Update(^crc, castagnoli, b[field+4:])
}

// salt is XORed into the checksum of what is stored at offset in the segment with that ID.
// Records that an older file left on the disk therefore do not validate in this one, and the
// same bytes never validate at a second offset of the same file: the salts of two offsets
// always differ.
func salt(id uint64, offset int64) uint32 {
	return uint32(id) ^ uint32(id>>32) ^ uint32(offset/align)
}
