package spool_test

import (
	"slices"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// loaded returns the events that Load visits.
func (p *program) loaded(after, to int) (list []int) {
	p.t.Helper()
	p.spool.Load(uint64(after), uint64(to), func(position uint64, e batch.Event) {
		if n := numberOf(p.t, e); uint64(n) != position {
			p.t.Errorf("event %d has position %d", n, position)
		}
		list = append(list, numberOf(p.t, e))
	})
	return list
}

// TestLoad checks that every range of events is returned in order, including ranges over
// several segments.
func TestLoad(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(1000)
		pass(0)
		for after := 0; after < 1000; after += 37 {
			for _, to := range []int{after + 1, after + 50, after + 400, 1000} {
				to = min(to, 1000)
				wantList(t, "loaded", p.loaded(after, to), span(after+1, to))
			}
		}
		wantList(t, "nothing", p.loaded(1000, 1000), nil)
		wantList(t, "beyond the last event", p.loaded(990, 2000), span(991, 1000))
	})
}

// TestLoadAfterRescue checks the order when the segments that now have the events are out of
// order.
func TestLoadAfterRescue(t *testing.T) {
	for victim := range 3 {
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start(direct)
			p.log(800)
			pass(0)
			m.disk.unlink(m.disk.names(".seg")[victim])
			pass(checkEvery)
			p.log(200)
			pass(0)
			wantList(t, "loaded", p.loaded(0, 1000), span(1, 1000))
			wantList(t, "loaded", p.loaded(250, 650), span(251, 650))
		})
	}
}

// The segment being read is closed, and the copy has its events.
func TestLoadDuringRescue(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct, roomy)
		p.log(200)
		pass(2 * syncEvery)
		name := m.disk.names(".seg")[0]
		release := m.disk.stall("read", name)
		loaded := make(chan []int)
		go func() { loaded <- p.loaded(0, 200) }()
		pass(0)
		m.disk.unlink(name)
		pass(2 * checkEvery)
		release()
		wantList(t, "loaded", <-loaded, span(1, 200))
	})
}

// TestLoadBeforeRescue: while the disk is full, the suspect segment is read as far as possible.
func TestLoadBeforeRescue(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(800)
		pass(0)
		m.disk.inject(fault{op: "create", err: errNoSpace})
		for _, name := range m.disk.names(".seg")[:2] {
			m.disk.unlink(name)
		}
		pass(checkEvery)
		wantList(t, "loaded", p.loaded(0, 800), span(1, 800))
	})
}

// TestLoadSkipsDamage checks that only unreadable events are missing.
func TestLoadSkipsDamage(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(500)
		pass(0)
		victim := m.segments()[0]
		var bad []int
		m.disk.tamper(victim.name, func(data []byte) []byte {
			at := segment.Start
			for i, n := range victim.records {
				if i%40 == 7 {
					bad = append(bad, n)
					data[at+50]++
				}
				at += segment.Length(len(payload(n)))
			}
			return data
		})
		want := slices.DeleteFunc(span(1, 500), func(n int) bool { return slices.Contains(bad, n) })
		wantList(t, "loaded", p.loaded(0, 500), want)
	})
}

// TestLoadStartsNearby checks that segments are not always read from the start.
func TestLoadStartsNearby(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct, large)
		for range 6000 {
			p.log(1)
			if p.last%100 == 0 {
				p.queue.Relieve()
			}
		}
		pass(0)
		read := 0
		m.disk.watch(func(op, name string, off int64, data []byte) {
			if op == "read" {
				read += len(data)
			}
		})
		for after := 0; after < 6000; after += 100 {
			wantList(t, "loaded", p.loaded(after, after+100), span(after+1, after+100))
		}
		if got := m.disk.names(".seg"); len(got) > 2 {
			t.Errorf("%d segments", len(got))
		}
		if most := 60 * (256 + 64) << 10; read > most {
			t.Errorf("%d bytes were read, want at most %d", read, most)
		}
	})
}
