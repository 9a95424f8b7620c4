package spool_test

import (
	"slices"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// batches takes all batches and fails for fewer than atLeast.
func (p *program) batches(atLeast int) (items []*queue.Item, lists [][]int) {
	p.t.Helper()
	for it, list := p.next(); it != nil; it, list = p.next() {
		items, lists = append(items, it), append(lists, list)
	}
	if len(items) < atLeast {
		p.t.Fatalf("%d batches, want %d or more", len(items), atLeast)
	}
	return items, lists
}

// TestAcknowledgements checks that acks are on disk soon after a delivery, in any order, and
// that the slots alternate.
func TestAcknowledgements(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(190) // in one segment
		items, lists := p.batches(2)
		p.log(30)
		more, list := p.next()
		items, lists = append(items, more), append(lists, list)
		var slots []int64
		m.disk.watch(func(op, name string, off int64, data []byte) {
			if op == "write" && off >= segment.HeaderBytes && off < segment.Start {
				slots = append(slots, off)
			}
		})
		left := span(1, 220)
		for _, i := range []int{1, 2, 0} {
			if i == 0 {
				p.log(1) // or the segment is finished
				left = append(left, 221)
			}
			p.ack(items[i])
			left = slices.DeleteFunc(left, func(n int) bool { return slices.Contains(lists[i], n) })
			pass(0)
			wantList(t, "left on disk", m.onDisk(), left)
		}
		if want := []int64{segment.SlotOffset(1), segment.SlotOffset(2), segment.SlotOffset(3)}; !slices.Equal(slots, want) {
			t.Errorf("written at %v, want %v", slots, want)
		}
		c := m.segments()[0]
		if c.acks.Generation != 3 || c.acks.Written != 221 || len(c.acks.Acked) != 1 {
			t.Errorf("acknowledged: %+v", c.acks)
		}

		// Where the newer slot is torn, the older one counts.
		p.crash()
		m.disk.tamper(c.name, func(data []byte) []byte {
			data[segment.SlotOffset(3)]++
			return data
		})
		got, damaged := m.orphans(m.disk)
		wantList(t, "left by the older slot", got, append(slices.Clone(lists[0]), 221))
		if damaged > 0 {
			t.Errorf("%d are damaged", damaged)
		}
	})
}

// The queue acknowledges whole batches only.
func TestPartOfABatchIsNotAcknowledged(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(20)
		it, _ := p.next()
		p.queue.Settle(it, &account.Outcome{Delivered: 3, Settled: it.Loss(0, 3)}, false)
		pass(0)
		wantList(t, "left on disk", m.onDisk(), span(1, 20))
	})
}

// The disk is so slow that the delivery is faster.
func TestAcknowledgedDuringTheWrite(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(1)
		p.deliver()
		pass(syncEvery + maxStall) // no log call writes for itself
		release := m.disk.stall("write", "")
		p.log(3)
		p.deliver()
		release()
		pass(0)
		wantList(t, "left on disk", m.onDisk(), nil)
	})
}

// TestFinishedSegmentIsRemoved also checks that the segment taking records is not.
func TestFinishedSegmentIsRemoved(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(400) // in two segments
		pass(0)
		first, second, ahead := m.segments()[0], m.segments()[1], m.disk.names(".new")[0]
		items, lists := p.batches(3)
		for i, it := range items {
			if slices.Contains(lists[i], first.records[0]) {
				continue
			}
			p.ack(it)
		}
		pass(0)
		if got := m.disk.names(""); len(got) != 3 {
			t.Errorf("%v: a file was removed too early", got)
		}
		for i, it := range items {
			if slices.Contains(lists[i], first.records[0]) {
				p.ack(it)
			}
		}
		pass(0)
		if got := m.disk.names(""); !slices.Equal(got, []string{second.name, ahead}) {
			t.Errorf("left: %v, want %s and %s", got, second.name, ahead)
		}
		if p.log(1); !slices.Equal(m.segments()[0].left, []int{401}) {
			t.Errorf("the current segment has %v", m.segments()[0].left)
		}
		p.deliver()
		p.log(400)
		p.deliver()
		pass(0)
		if got := m.disk.names(""); len(got) != 2 || spool.KindOf(got[0]) != spool.Segment || got[0][:25] != ahead[:25] {
			t.Errorf("left: %v", got)
		}
	})
}

// The segment is removed after its sync.
func TestFinishedDuringASync(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct, roomy) // so that it is synced on schedule

		p.log(400)
		pass(0)
		names := m.disk.names(".seg")
		release := m.disk.stall("sync", names[0])
		pass(syncEvery)
		p.deliver()
		pass(0)
		if got := m.disk.names(".seg"); !slices.Equal(got, names) {
			t.Errorf("left: %v, want %v", got, names)
		}
		if got := m.onDisk(); len(got) > 0 {
			t.Errorf("not acknowledged: %s", short(got))
		}
		release()
		pass(0)
		if got := m.disk.names(".seg"); !slices.Equal(got, names[1:]) {
			t.Errorf("left: %v, want %v", got, names[1:])
		}
	})
}

// After a crash these events are sent twice, with no other effect.
func TestFailedAcknowledgement(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(20)
		pass(0)
		end := m.disk.inject(fault{op: "write", err: errBroken})
		p.deliver()
		pass(0)
		end()
		p.log(5)
		p.wantAtRisk(0, 0)
		wantList(t, "left on disk", m.onDisk(), span(1, 25))
		p.deliver()
		pass(0)
		wantList(t, "left on disk", m.onDisk(), nil)
	})
}

// The file stays, and the next process finds nothing to send in it.
func TestFailedRemoval(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(400)
		pass(0)
		first := m.disk.names(".seg")[0]
		end := m.disk.inject(fault{op: "remove", err: errReadOnly})
		p.deliver()
		pass(0)
		end()
		p.log(1)
		p.crash()
		if got := m.disk.names(".seg"); len(got) != 2 || got[0] != first {
			t.Errorf("left: %v", got)
		}
		got, damaged := m.orphans(m.disk)
		if wantList(t, "left", got, []int{401}); damaged > 0 {
			t.Errorf("%d damaged", damaged)
		}
	})
}
