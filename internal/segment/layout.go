// Package segment is the byte format of the spool's files. A segment is one file
// with log events:
//
//	     0  +--------------------------+
//	        | header                   |  who wrote it and where the events go;
//	 8 KiB  +--------------------------+  changed by repair only
//	        | the same header again    |
//	16 KiB  +--------------------------+
//	        | ack slot 0               |  which events are settled;
//	20 KiB  +--------------------------+  written in turns
//	        | ack slot 1               |
//	24 KiB  +--------------------------+
//	        | record                   |  an event each, one behind the other,
//	        | record ...               |  only ever appended
//	        |                          |
//	        | zeros                    |  reserved when the file was made
//	        +--------------------------+
//
// Everything that counts has a checksum of its own, and nothing is trusted without
// it. One damaged byte costs one record at most: the header has a copy, and an ack
// slot that is damaged costs events sent twice, never a loss. A file that ends in
// the middle of a record is what a killed process leaves; that is no damage.
//
// The package is pure. It opens no files and starts no goroutines. The page
// docs/spool-format.md has each byte; a test compares it with the code.
package segment

import (
	"encoding/binary"
	"hash/crc32"
)

// Places in the file, in bytes.
const (
	HeaderBytes = 2 * copyBytes           // both copies of the header
	AcksBytes   = 2 * slotBytes           // both ack slots
	Start       = HeaderBytes + AcksBytes // where the first record stands

	copyBytes = 8 << 10
	slotBytes = 4 << 10 // a page, so that a torn write leaves the other slot whole
)

// MaxFileBytes is more than any segment has: they are made with 8 MiB, or as much as
// their largest record takes.
const MaxFileBytes = 64 << 20

// Version is the version of the format that this package writes, and the newest
// that it reads.
const Version = 1

// align is what offset and length of each record are a multiple of.
const align = 8

// little is the byte order of all numbers.
var little = binary.LittleEndian

// castagnoli is for CRC32C, which processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum returns the checksum of b. It leaves out the four bytes at field, where the
// checksum itself is kept.
func sum(b []byte, field int) uint32 {
	crc := ^uint32(0)
	for _, x := range b[:field] { // a few bytes: faster than to prepare the instruction for them
		crc = castagnoli[byte(crc)^x] ^ crc>>8
	}
	return crc32.Update(^crc, castagnoli, b[field+4:])
}

// salt is combined (XOR) with the checksum of what stands at an offset of the
// segment with such an ID. So a record that an older file has left on the disk is
// not taken for one of this file. And the same bytes are never valid at a second
// place of the same file: the salts of two places always differ.
func salt(id uint64, offset int64) uint32 {
	return uint32(id) ^ uint32(id>>32) ^ uint32(offset/align)
}
