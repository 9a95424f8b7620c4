package spool_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// When a log call has returned, kill -9 cannot lose the event.
func TestLogCallWaitsForTheDisk(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		for n := range 300 {
			p.log(1)
			if got := p.spool.Stored(); got != uint64(n+1) {
				t.Fatalf("event %d: stored up to %d", n+1, got)
			}
		}
		p.wantAtRisk(0, 0)
		p.crash()
		got, damaged := m.orphans(m.disk)
		wantList(t, "left", got, span(1, 300))
		if damaged > 0 {
			t.Errorf("%d are damaged", damaged)
		}
	})
}

// Events logged while the disk is busy are written together, in pieces of limited size.
func TestWritesAreGrouped(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		var writes []int
		m.disk.watch(func(op, name string, off int64, data []byte) {
			if op == "write" && off >= segment.Start {
				writes = append(writes, len(data))
			}
		})
		p.log(1)
		pass(time.Millisecond)
		release := m.disk.stall("write", "")
		p.log(201) // the first is being written, the others wait for that
		release()
		pass(0)
		if len(writes) != 3 {
			t.Errorf("%d writes for 1, 1 and 200 events", len(writes))
		}
		wantList(t, "on disk", m.onDisk(), span(1, 202))

		// No piece is larger than 64 KiB.
		writes = nil
		big := m.start(direct, large)
		pass(time.Millisecond)
		release = m.disk.stall("write", "")
		for n := 1; n <= 20; n++ {
			if err := big.queue.Append(sized(n, 10<<10)); err != nil {
				t.Fatal(err)
			}
		}
		release()
		pass(0)
		for i, n := range writes {
			if n > 64<<10 {
				t.Errorf("write %d has %d bytes", i, n)
			}
		}
		if len(writes) > 5 {
			t.Errorf("%d writes of %d bytes for 200 KiB", len(writes), writes)
		}
	})
}

// The next event goes to another segment, which was created ahead.
func TestFullSegment(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(1)
		pass(0)
		if got := m.disk.names(""); len(got) != 1 {
			t.Errorf("%v: want the current segment", got)
		}
		p.log(199) // more than half of one
		pass(0)
		if got := m.disk.names(".new"); len(got) != 1 {
			t.Errorf("%v: want one created ahead", got)
		}
		release := m.disk.stall("create", "")
		p.log(100)
		release()
		p.log(100)
		p.wantAtRisk(0, 0) // no log call has waited for a file to be created
		pass(0)
		list := m.segments()
		if len(list) != 2 || len(m.disk.names(".new")) != 1 {
			t.Fatalf("%d segments, want two with events and one created ahead", len(list))
		}
		wantList(t, "in all", append(list[0].records, list[1].records...), span(1, 400))
		room := segmentBytes - segment.Start
		for _, n := range list[0].records {
			room -= segment.Length(len(payload(n)))
		}
		if next := segment.Length(len(payload(list[1].records[0]))); room >= next {
			t.Errorf("%d bytes left in the first segment, the next event needs %d", room, next)
		}
		for i, c := range list {
			if c.header.Number != uint32(i+1) || c.header.Producer != 1 || c.header.Stream != "stream 1" || c.header.Hot {
				t.Errorf("segment %d is %+v", i+1, c.header)
			}
			if !strings.HasPrefix(c.name, "0000000000000001-0000000") {
				t.Errorf("its name is %s", c.name)
			}
			for _, other := range list[:i] {
				if c.header.ID == other.header.ID {
					t.Error("two segments have the same ID")
				}
			}
		}
	})
}

func payload(n int) string {
	wire := event(n).Wire
	return string(wire[len(`{"timestamp":1763812800000,"message":"`) : len(wire)-len(`"}`)])
}

// The events in the current segment stay there.
func TestEventThatNeedsItsOwnSegment(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(3)
		p.last++
		if err := p.queue.Append(sized(4, segmentBytes-segment.Start-100)); err != nil {
			t.Fatal(err)
		}
		p.log(2)
		pass(0)
		list := m.segments()
		if len(list) != 3 {
			t.Fatalf("%d segments", len(list))
		}
		for i, want := range [][]int{span(1, 3), span(4, 4), span(5, 6)} {
			wantList(t, list[i].name, list[i].records, want)
		}
		wantList(t, "delivered", p.deliver(), span(1, 6))
	})
}

// TestAcknowledgedEventsAreNotWritten checks that the writer skips them, and that the segment
// is removed although it never had them.
func TestAcknowledgedEventsAreNotWritten(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		end := m.disk.inject(fault{op: "create", err: errBroken})
		p := m.start(direct)
		p.log(10)
		wantList(t, "delivered", p.deliver(), span(1, 10))
		p.log(5)
		end()
		pass(time.Minute) // until it retries
		p.log(1)
		wantList(t, "on disk", m.onDisk(), span(11, 16))
		if it, list := p.next(); it != nil {
			wantList(t, "delivered", list, span(11, 16))
			p.ack(it)
		}
		for range 8 { // fill the segment, so that it can be removed
			p.log(50)
			p.deliver()
		}
		pass(0)
		if got := m.disk.names(".seg"); len(got) != 1 {
			t.Errorf("%v: want the current segment", got)
		}
	})
}

// TestAllAcknowledgedBeforeTheWrite leaves nothing to write.
func TestAllAcknowledgedBeforeTheWrite(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		end := m.disk.inject(fault{op: "create", err: errBroken})
		p := m.start(direct)
		p.log(10)
		p.deliver()
		end()
		pass(time.Minute)
		for range 8 {
			p.log(50)
			p.deliver()
		}
		pass(0)
		if got := m.disk.names(".seg"); len(got) != 1 {
			t.Errorf("%v: want the current segment", got)
		}
		p.close()
		if got := m.disk.names(""); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
	})
}
