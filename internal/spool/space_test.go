package spool_test

import (
	"fmt"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// inBatches logs n batches of 200 events each, in one segment.
func (p *program) inBatches(n int) (items []*queue.Item) {
	p.t.Helper()
	for range n {
		p.log(200)
		it, list := p.next()
		if len(list) != 200 {
			p.t.Fatalf("a batch of %s", short(list))
		}
		items = append(items, it)
	}
	return items
}

// A hole may reach the medium before the acks of its records. They must not count as lost.
func TestReclaimAndPowerCut(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T, _ *machine) {
				m := newMachineOf(t, seed)
				m.powerCut = true
				p := m.start(direct, large)
				items := p.inBatches(30)
				pass(2 * syncEvery)
				for _, it := range items[1:] {
					p.ack(it)
					pass(syncEvery / 20)
				}
				if m.disk.callsOf("punch") == 0 {
					t.Error("no space was reclaimed")
				}
				m.disk.powerCut()
				p.crash()
				if _, damaged := m.orphans(m.disk); damaged > 0 {
					t.Errorf("%d are damaged", damaged)
				}
			})
		})
	}
}

// What is reclaimed is acknowledged on the disk, whichever writes of acks have failed.
func TestReclaimAfterFailedAcknowledgements(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct, large)
		for i, it := range p.inBatches(30)[1:] {
			if i >= 10 && i < 13 || i >= 20 && i < 27 {
				m.disk.inject(fault{op: "write", err: errBroken, once: true})
			}
			p.ack(it)
			pass(2 * syncEvery)
			c := m.snapshot()
			if _, damaged := c.orphans(c.disk); damaged > 0 {
				t.Fatalf("%d are damaged after %d batches", damaged, i+1)
			}
		}
	})
}

// A slot does not fit all ranges.
func TestReclaimWithManyRanges(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct, func(c *config) { c.SegmentBytes, c.MaxBytes, c.queue.MaxBytes = 16<<20, 64<<20, 64<<20 })
		for n := range 600 {
			p.last++
			if err := p.queue.Append(sized(p.last, 20_000)); err != nil {
				t.Fatal(err)
			}
			if it, _ := p.next(); n%2 > 0 {
				p.ack(it)
				pass(syncEvery / 10)
			}
		}
		pass(2 * syncEvery)
		c := m.snapshot()
		if _, damaged := c.orphans(c.disk); damaged > 0 {
			t.Errorf("%d are damaged", damaged)
		}
	})
}
