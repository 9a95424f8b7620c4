package segment

import "slices"

// Acks says which events of a segment are settled: the service has them, or has
// refused them for good. It grows while they are delivered. When all events are
// settled, the file is removed.
type Acks struct {
	Generation uint64 // counts the times they were written, from 1 on
	Written    uint32 // number of the last record when this was written: there may be more by now, unless it is final
	Final      bool   // no record comes after Written: all those that are not there are lost
	Settled    Ranges // sequence numbers; some may be missing, none is wrong
}

// The slots are written in turns, so that a write that is torn leaves the other one
// as it was. In a slot:
//
//	 0       4       8               16      20      24                      40
//	+-------+-------+---------------+-------+-------+-----------------------+------
//	| CRC32C| ranges| generation    |written| flags | from          to      | ...
//	+-------+-------+---------------+-------+-------+-----------------------+------
//
// The checksum is that of the other bytes up to the end of the last range, combined
// with the salt of the place.
const (
	slotCRC        = 0  // uint32
	slotCount      = 4  // uint32, number of ranges
	slotGeneration = 8  // uint64
	slotWritten    = 16 // uint32
	slotFlags      = 20 // uint32; those that are not known are ignored
	slotRanges     = 24 // two uint64 each

	flagFinal = 1 << 0

	rangeBytes = 16
	maxRanges  = (slotBytes - slotRanges) / rangeBytes
)

// MaxRanges is how many ranges a slot has room for.
const MaxRanges = maxRanges

// SlotOffset returns where in the file acks of that generation are written.
func SlotOffset(generation uint64) int64 {
	return HeaderBytes + int64(generation%2)*slotBytes
}

// EncodeSlot returns the acks as the 4 KiB that are written at SlotOffset, for the
// segment with that ID. If there are more ranges than the 254 that fit, the
// smallest are left out: after a crash those events are sent twice.
func (a *Acks) EncodeSlot(id uint64) []byte {
	settled := a.Settled
	if len(settled) > maxRanges {
		settled = slices.Clone(settled)
		settled.Cut(maxRanges)
	}
	b := make([]byte, slotBytes)
	little.PutUint32(b[slotCount:], uint32(len(settled)))
	little.PutUint64(b[slotGeneration:], a.Generation)
	little.PutUint32(b[slotWritten:], a.Written)
	if a.Final {
		little.PutUint32(b[slotFlags:], flagFinal)
	}
	end := slotRanges
	for _, r := range settled {
		little.PutUint64(b[end:], r.From)
		little.PutUint64(b[end+8:], r.To)
		end += rangeBytes
	}
	little.PutUint32(b[slotCRC:], sum(b[:end], slotCRC)^salt(id, SlotOffset(a.Generation)))
	return b
}

// DecodeAcks reads the acks from the AcksBytes behind the header, or as many of them
// as there are: the newest slot whose checksum is right. If there is none it
// returns the zero value, and all events are sent again.
func DecodeAcks(b []byte, id uint64) (newest Acks) {
	for place := uint64(0); place < 2 && len(b) >= slotBytes; place++ {
		a, ok := decodeSlot(b[:slotBytes], id, SlotOffset(place))
		if ok && a.Generation > newest.Generation { // from 1 on
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
		a.Settled = append(a.Settled, Range{little.Uint64(b), little.Uint64(b[8:])})
	}
	return a, SlotOffset(a.Generation) == offset && a.Settled.valid()
}
