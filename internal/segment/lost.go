package segment

import "io"

// FindID returns an ID for a file whose header is lost. Its records and acks validate with it
// as with the original: checksums use only 32 bits of an ID, and every intact record reveals
// them. FindID takes the ID on which the most pairs of neighboring records agree. Without such
// a pair ok is false, since nothing in the file can be verified.
//
// It reads the first 16 MiB, and its work is bounded like that of a [Scanner].
func FindID(r io.ReaderAt, size int64) (id uint64, ok bool) {
	const enough = 16 << 20
	b := make([]byte, min(max(size-Start, 0), enough))
	n, _ := r.ReadAt(b, Start) // a file that ends early or fails to read is examined up to there
	b = b[:n]
	budget := workFactor*n + MaxPayload
	votes := map[uint32]int{}
	for at := 0; at < n && budget > 0; at += align {
		next := at + lengthAt(b, at)
		if next == at || lengthAt(b, next) == 0 || numberAt(b, next) != numberAt(b, at)+1 {
			continue
		}
		budget -= next - at + lengthAt(b, next)
		// Damage can make one record yield a wrong ID, and two the same wrong ID, because
		// checksums are linear. Hence the vote.
		if x := idAt(b, at); x == idAt(b, next) {
			votes[x]++
			at = next - align
		}
	}
	most := 0
	for x, n := range votes {
		if n >= most {
			id, ok, most = uint64(x), n > most, n
		}
	}
	return id, ok
}

// lengthAt returns the length of the record at offset at of the records, or 0 if no record can
// start there.
func lengthAt(b []byte, at int) int {
	if at+RecordBytes > len(b) {
		return 0
	}
	payload := little.Uint32(b[at+recordLength:])
	if payload == 0 || payload > MaxPayload || at+Length(int(payload)) > len(b) {
		return 0
	}
	return Length(int(payload))
}

func numberAt(b []byte, at int) uint32 { return little.Uint32(b[at+recordNumber:]) }

// idAt returns the part of the ID with which the checksum of the record is valid.
func idAt(b []byte, at int) uint32 {
	record := b[at : at+lengthAt(b, at)]
	return little.Uint32(record[recordCRC:]) ^ sum(record, recordCRC) ^ salt(0, Start+int64(at))
}
