package spool

import (
	"bytes"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// headBytes is what a segment takes beside its records when it is trimmed: a page of each
// copy of the header, one of acks, and the rest of the last page.
const headBytes = 4 * disk.PageBytes

// Trim gives back what the process had reserved and not used of a segment that takes so
// many bytes on the file system, and says on the disk how many records there are: after
// that it takes at most twice what they do, and 16 KiB. It is for a segment that stays,
// after Count or Scan have read all of it, and does nothing where the end is damaged, or
// where that would not save much.
func (o *Orphan) Trim(allocated int64) error {
	small := allocated <= 2*(o.end-segment.Start)+headBytes
	trimmed := o.acks.Final && o.Size() <= o.end+tailBytes
	if !o.clean || o.short != nil || o.records == 0 || o.Size() > segment.MaxFileBytes || small || trimmed {
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
	// The zeros stay, so that no power cut can make it look like one that was cut.
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
