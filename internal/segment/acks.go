package segment

import "slices"

// Acks records which events of a segment are acknowledged: delivered, or refused for good. It
// is rewritten as they are delivered. The file is removed once all of its events are
// acknowledged.
type Acks struct {
	Generation uint64 // incremented with every write, from 1 on
	Written    uint32 // number of the last record at the time of the write; more may follow unless Final is set
	Final      bool   // no record follows Written; the missing ones are lost
	Acked      Ranges // sequence numbers; some may be missing, none is wrong
}

// The slots are written alternately, so that a torn write leaves the other one intact. A slot:
//
//	 0       4       8               16      20      24                      40
//	+-------+-------+---------------+-------+-------+-----------------------+------
//	| CRC32C| ranges| generation    |written| flags | from          to      | ...
//	+-------+-------+---------------+-------+-------+-----------------------+------
//
// The checksum covers the other bytes up to the end of the last range and is XORed with the salt
// of the slot's offset.
const (
	slotCRC        = 0  // uint32
	slotCount      = 4  // uint32, number of ranges
	slotGeneration = 8  // uint64
	slotWritten    = 16 // uint32
	slotFlags      = 20 // uint32; unknown flags are ignored
	slotRanges     = 24 // two uint64 each

	flagFinal = 1 << 0

	rangeBytes = 16
	maxRanges  = (slotBytes - slotRanges) / rangeBytes
)

// MaxRanges is the maximum number of ranges in a slot.
const MaxRanges = maxRanges

// SlotOffset returns the file offset of the acks of a generation.
func SlotOffset(generation uint64) int64 {
	return HeaderBytes + int64(generation%2)*slotBytes
}

// EncodeSlot returns the 4 KiB to write at [SlotOffset] of a.Generation, for the segment with
// that ID. Only the 254 largest ranges fit; events in the others are sent again after a crash.
func (a *Acks) EncodeSlot(id uint64) []byte {
	acked := a.Acked
	if len(acked) > maxRanges {
		acked = slices.Clone(acked)
		acked.Cut(maxRanges)
	}
	b := make([]byte, slotBytes)
	little.PutUint32(b[slotCount:], uint32(len(acked)))
	little.PutUint64(b[slotGeneration:], a.Generation)
	little.PutUint32(b[slotWritten:], a.Written)
	if a.Final {
		little.PutUint32(b[slotFlags:], flagFinal)
	}
	end := slotRanges
	for _, r := range acked {
		little.PutUint64(b[end:], r.From)
		little.PutUint64(b[end+8:], r.To)
		end += rangeBytes
	}
	little.PutUint32(b[slotCRC:], sum(b[:end], slotCRC)^salt(id, SlotOffset(a.Generation)))
	return b
}

// DecodeAcks returns the newest valid slot in b, the [AcksBytes] after the header or as many of
// them as exist. Without a valid slot it returns the zero value, and all events are sent again.
func DecodeAcks(b []byte, id uint64) (newest Acks) {
	for place := uint64(0); place < 2 && len(b) >= slotBytes; place++ {
		a, ok := decodeSlot(b[:slotBytes], id, SlotOffset(place))
		if ok && a.Generation > newest.Generation { // generations start at 1
			newest = a
		}
		b = b[slotBytes:]
	}
	return newest
}

func decodeSlot(b []byte, id uint64, offset int64) (a Acks, ok bool) {
	count := little.Uint32(b[slotCount:])
	if count > maxRanges {
		return a, false
	}
	b = b[:slotRanges+int(count)*rangeBytes]
	if little.Uint32(b[slotCRC:]) != sum(b, slotCRC)^salt(id, offset) {
		return a, false
	}
	a.Generation = little.Uint64(b[slotGeneration:])
	a.Written = little.Uint32(b[slotWritten:])
	a.Final = little.Uint32(b[slotFlags:])&flagFinal != 0
	for b = b[slotRanges:]; len(b) > 0; b = b[rangeBytes:] {
		a.Acked = append(a.Acked, Range{little.Uint64(b), little.Uint64(b[8:])})
	}
	return a, SlotOffset(a.Generation) == offset && a.Acked.valid()
}
