package segment

import "io"

// FindID returns an ID for a file whose header is lost, with which its records and
// acks validate as with the true one: what checksums have of an ID is 32 bits, and
// each record that is whole tells them. It is the ID that most neighbours agree on;
// without such two, nothing in the file can be checked.
//
// It looks at the first 16 MiB, and its work is bounded as that of a Scanner.
func FindID(r io.ReaderAt, size int64) (id uint64, ok bool) {
	const enough = 16 << 20
	b := make([]byte, min(max(size-Start, 0), enough))
	n, _ := r.ReadAt(b, Start) // a file that ends early, or cannot be read further, is looked at as far as it goes
	b = b[:n]
	budget := workFactor*n + MaxPayload
	votes := map[uint32]int{}
	for at := 0; at < n && budget > 0; at += align {
		next := at + lengthAt(b, at)
		if next == at || lengthAt(b, next) == 0 || numberAt(b, next) != numberAt(b, at)+1 {
			continue
		}
		budget -= next - at + lengthAt(b, next)
		// Damage can make one record tell something wrong, and two the same: checksums
		// are linear. Hence the votes.
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

// lengthAt returns the length of the record at an offset of the records, or 0 if there
// can be none.
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

// idAt returns what is needed of the ID for the checksum of a record to be right.
func idAt(b []byte, at int) uint32 {
	record := b[at : at+lengthAt(b, at)]
	return little.Uint32(record[recordCRC:]) ^ sum(record, recordCRC) ^ salt(0, Start+int64(at))
}
