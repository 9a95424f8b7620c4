package spool

import (
	"bytes"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// headBytes is what a trimmed segment occupies besides its records: a page for each copy of the
// header, one for acks, and the rest of the last page.
const headBytes = 4 * disk.PageBytes

// Trim frees the reserved but unused space of a segment that occupies allocated bytes, and
// persists the number of its records. Afterwards it occupies at most twice the size of its
// records plus 16 KiB. It is for segments that stay, after [Orphan.Count] or [Orphan.Scan] have
// read them completely. Trim does nothing if the end is damaged or little would be saved.
func (o *Orphan) Trim(allocated int64) error {
	small := allocated <= 2*(o.end-segment.Start)+headBytes
	trimmed := o.acks.Final && o.Size() <= o.end+tailBytes
	if !o.clean || o.truncation != nil || o.records == 0 || o.Size() > segment.MaxFileBytes || small || trimmed {
		return nil
	}
	head := make([]byte, segment.Start)
	if _, err := o.file.ReadAt(head, 0); err != nil {
		return err
	}
	o.acks.Generation++
	o.acks.Written, o.acks.Final, o.written = o.records, true, o.records
	at := segment.SlotOffset(o.acks.Generation)
	slot := o.acks.EncodeSlot(o.Header.ID)
	if _, err := o.file.WriteAt(slot, at); err != nil {
		return err
	}
	copy(head[at:], slot)
	// Keep the zeros, so that after a power cut the file does not look truncated.
	if end := o.end + tailBytes; end < o.Size() {
		if err := o.file.Trim(end); err != nil {
			return err
		}
	}
	for page := int64(0); page < segment.Start; page += disk.PageBytes {
		if len(bytes.TrimLeft(head[page:page+disk.PageBytes], "\x00")) > 0 {
			continue
		}
		if err := o.file.Punch(page, page+disk.PageBytes); err != nil {
			return err
		}
	}
	return nil
}
