package spool_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// inMemory returns the events in memory.
func (p *program) inMemory() (list []int) {
	p.queue.Copy(0, func(position uint64, _ batchEvent) bool {
		list = append(list, int(position))
		return true
	})
	return list
}

// evictedSegment returns the first segment with no event in memory.
func (p *program) evictedSegment(m *machine) (found content) {
	p.t.Helper()
	p.eventually("a segment has no event in memory", func() bool {
		memory, segments := p.inMemory(), m.segments()
		i := slices.IndexFunc(segments, func(c content) bool {
			return len(c.records) > 0 && !slices.ContainsFunc(c.records, func(n int) bool { return slices.Contains(memory, n) })
		})
		if i >= 0 {
			found = segments[i]
		}
		return i >= 0
	})
	return found
}

// TestMemoryIsReleasedAfterSync and not before: a disk that accepts a write may still lose it.
func TestMemoryIsReleasedAfterSync(t *testing.T) {
	for _, mode := range []string{"direct", "hot"} {
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start(func(c *config) {
				if c.queue.MaxBytes = 128 << 10; mode == "direct" {
					direct(c)
				}
			})
			pass(0)
			release := m.disk.stall("sync", "")
			p.log(500)
			pass(0)
			wantList(t, mode+": in memory, while nothing is synced", p.inMemory(), span(1, 500))
			began := time.Now()
			release()
			pass(0)
			if got := p.inMemory(); len(got) > 400 {
				t.Errorf("%s: %d events are in memory", mode, len(got))
			}
			if time.Since(began) > 0 {
				t.Errorf("%s: it took %v", mode, time.Since(began))
			}
			wantList(t, mode+": delivered", sorted(p.deliver()), span(1, 500))
		})
	}
}

func sorted(list []int) []int {
	slices.Sort(list)
	return list
}

// TestBurst is much larger than the memory: log calls wait for syncs, which do not wait for
// SyncEvery, and nothing is dropped.
func TestBurst(t *testing.T) {
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest, queue.Block} {
		for _, mode := range []string{"direct", "hot"} {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start(large, func(c *config) {
					c.MaxBytes, c.HotBytes, c.queue.OnFull = 64<<20, 1<<20, policy
					if mode == "direct" {
						direct(c)
					}
				})
				took := timed(func() {
					for n := range 5000 {
						if err := p.queue.Append(sized(n+1, 4000)); err != nil {
							t.Fatalf("%s, policy %d: event %d: %v", mode, policy, n+1, err)
						}
					}
				})
				if took > 0 {
					t.Errorf("%s, policy %d: it took %v", mode, policy, took)
				}
				pass(0)
				p.wantAtRisk(0, 0)
				if s := p.queue.State(); s.Pending != 5000 || s.PendingBytes > int64(p.cfg.queue.MaxBytes) {
					t.Errorf("%s, policy %d: %d pending, in %d bytes", mode, policy, s.Pending, s.PendingBytes)
				}
			})
		}
	}
}

// Log calls wait for MaxStall each, for one second in total, and then not at all until the sync
// has ended.
func TestBurstOnADiskThatDoesNotSync(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		pass(0)
		end := m.disk.stall("sync", "")
		dropped := 0
		took := timed(func() {
			for n := 1; n <= 600; n++ {
				if p.queue.Append(event(n)) != nil {
					dropped++
				}
			}
		})
		if took > time.Second+maxStall || dropped < 100 {
			t.Errorf("it took %v, and %d were dropped", took, dropped)
		}
		if state := p.spool.State(); state.Stalled || state.EverAtRisk > 0 {
			t.Errorf("the state is %+v", state) // accepted events are on the disk
		}
		end()
		pass(0)
		if err := p.queue.Append(event(601)); err != nil {
			t.Error(err)
		}
	})
}

// TestPagesLostBySyncs checks that no event is lost, whatever unsynced pages a disk loses, with
// little memory too.
func TestPagesLostBySyncs(t *testing.T) {
	for seed := range uint64(24) {
		synctest.Test(t, func(t *testing.T) {
			m := newMachineOf(t, seed)
			rng := rand.New(rand.NewPCG(seed, 7))
			p := m.start(func(c *config) {
				c.MaxBytes = 64 * segmentBytes
				if seed%2 == 0 {
					direct(c)
				}
				c.queue.MaxBytes <<= rng.IntN(3)
			})
			var got []int
			taken := func() {
				if it, list := p.next(); it != nil {
					got = append(got, list...)
					p.ack(it)
				}
			}
			dropped := 0
			for range 100 {
				for range rng.IntN(60) {
					p.last++
					if p.queue.Append(event(p.last)) != nil {
						dropped++
						got = append(got, p.last) // the caller was told
					}
				}
				switch rng.IntN(6) {
				case 0:
					m.disk.inject(fault{op: "sync", name: ".seg", err: errBroken, once: true, loses: true})
				case 1:
					end := m.disk.inject(fault{op: "sync", name: ".seg", err: errNoSpace, loses: true})
					pass(time.Duration(rng.Int64N(int64(3 * time.Second))))
					end()
				case 2:
					taken()
				case 3:
					pass(time.Duration(rng.Int64N(int64(3 * time.Second))))
				}
			}
			m.disk.mu.Lock()
			m.disk.faults = nil
			m.disk.mu.Unlock()
			if seed%3 == 0 { // the next process delivers the rest
				pass(time.Minute)
				p.wantAtRisk(0, p.spool.State().EverAtRisk)
				p.close()
				left, damaged := m.orphans(m.disk)
				got = append(got, left...)
				if damaged > 0 {
					t.Errorf("seed %d: %d are damaged", seed, damaged)
				}
			} else {
				got = append(got, p.deliver()...)
				if n := p.queue.State().Lost[account.Damaged]; n > 0 {
					t.Errorf("seed %d: %d are damaged", seed, n)
				}
				p.close()
				if left := m.disk.names(""); len(left) > 0 {
					t.Errorf("seed %d: left %v", seed, left)
				}
			}
			wantList(t, "delivered or left", sorted(got), span(1, p.last))
			if t.Failed() {
				t.Fatalf("seed %d, %d dropped", seed, dropped)
			}
		})
	}
}

// TestOriginalStaysWhileARecordIsMissing checks that the original acknowledges exactly what was
// copied, and that the next process counts exactly what is missing everywhere. If the record is
// readable again, nothing is lost.
func TestOriginalStaysWhileARecordIsMissing(t *testing.T) {
	for _, again := range []bool{false, true} { // readable for the next process
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start(direct)
			p.log(1000)
			pass(syncEvery)
			old := p.evictedSegment(m)
			bad := []int{old.records[3], old.records[50], old.records[51], old.records[52]}
			before := m.disk.read(old.name)
			m.disk.tamper(old.name, func(data []byte) []byte {
				damage(data, old.records, bad)
				return data
			})
			p.log(1)
			p.makeSuspect(m, old.name)
			var acked []int
			p.eventually("the original acknowledges what was copied", func() bool {
				acks := segment.DecodeAcks(m.disk.read(old.name)[segment.HeaderBytes:], old.header.ID)
				acked = slices.DeleteFunc(slices.Clone(old.records), func(n int) bool { return !acks.Acked.Contains(uint64(n)) })
				return len(acked) > 0
			})
			wantList(t, "acknowledged in the original", acked, without(old.records, bad))
			p.crash()
			if again {
				m.disk.tamper(old.name, func(data []byte) []byte {
					copy(data[segment.Start:], before[segment.Start:])
					return data
				})
			}
			got, damaged := m.orphans(m.disk)
			want, lost := without(span(1, 1001), bad), len(bad)
			if again {
				want, lost = span(1, 1001), 0
			}
			if wantList(t, "left", sorted(got), want); damaged != lost {
				t.Errorf("%d are damaged, want %d", damaged, lost)
			}
		})
	}
}

// A batch delivered without the missing record counts it as lost, and the original is removed.
func TestMissingRecordIsCountedAtDelivery(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(1000)
		pass(syncEvery)
		old := p.evictedSegment(m)
		bad := []int{old.records[5], old.records[6]}
		m.disk.tamper(old.name, func(data []byte) []byte { damage(data, old.records, bad); return data })
		p.makeSuspect(m, old.name)
		if got := m.disk.names(".seg"); !slices.Contains(got, old.name) {
			t.Errorf("left: %v", got)
		}
		wantList(t, "delivered", sorted(p.deliver()), without(span(1, 1000), bad))
		if n := p.queue.State().Lost[account.Damaged]; n != 2 {
			t.Errorf("%d are damaged", n)
		}
		p.close()
		if got := m.disk.names(""); len(got) > 0 {
			t.Errorf("left: %v", got)
		}
	})
}

// A batch was loaded into memory before its file turned out to be damaged. It is delivered, or
// the next process counts what is missing.
func TestLoadedBatchOfDamagedFile(t *testing.T) {
	for _, delivered := range []bool{false, true} {
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start(direct)
			p.log(1000)
			pass(syncEvery)
			for !p.queue.Closed() { // until one of the evicted ones is in flight
				it, list := p.next()
				after, to := it.Span()
				if !slices.Contains(p.inMemory(), list[0]) && to-after == uint64(len(list)) {
					old := m.segments()[0]
					if !slices.Contains(old.records, list[0]) {
						continue
					}
					bad := list[3:7]
					m.disk.tamper(old.name, func(data []byte) []byte { damage(data, old.records, bad); return data })
					p.makeSuspect(m, old.name)
					if delivered {
						p.ack(it)
						pass(0)
						if got := m.disk.names(".seg"); got[0] == old.name {
							t.Errorf("left: %v", got)
						}
						return
					}
					p.crash()
					got, damaged := m.orphans(m.disk)
					wantList(t, "left", slices.Compact(sorted(got)), without(span(1, 1000), bad))
					if damaged != len(bad) {
						t.Errorf("%d are damaged, want %d", damaged, len(bad))
					}
					return
				}
			}
		})
	}
}

// A rescue waits for the sealing of a batch: events in memory may no longer be in the file.
func TestRescueWhileABatchIsBeingSealed(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		var s *sealing
		p := m.start(direct, roomy, func(c *config) {
			c.source = func(q *queue.Queue) spool.Source {
				s = &sealing{Queue: q}
				return s
			}
		})
		p.log(200)
		pass(0)
		old := m.disk.names(".seg")[0]
		s.times = 5
		m.disk.inject(fault{op: "sync", name: old, err: errBroken, once: true, loses: true})
		pass(syncEvery)
		p.log(1)
		pass(0)
		p.crash()
		got, damaged := m.orphans(m.disk)
		wantList(t, "left", got, span(1, 201))
		if damaged > 0 {
			t.Errorf("%d are damaged", damaged)
		}
	})
}

// sealing is a queue that is sealing a batch for the first calls of Copy.
type sealing struct {
	*queue.Queue
	times int
}

func (s *sealing) Copy(after uint64, visit func(uint64, batch.Event) bool) uint64 {
	if s.times > 0 {
		s.times--
		return after
	}
	return s.Queue.Copy(after, visit)
}

// TestDiskThatDoesNotSync discards copies that cannot be synced, so that the spool does not
// grow with each attempt, and reports once. It recovers when the disk syncs again.
func TestDiskThatDoesNotSync(t *testing.T) {
	for _, mode := range []string{"direct", "hot"} {
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start(roomy, func(c *config) {
				if mode == "direct" {
					direct(c)
				}
			})
			p.log(100)
			pass(0)
			end := m.disk.inject(fault{op: "sync", name: ".seg", err: errBroken, loses: true})
			pass(spillAfter + 2*syncEvery)
			syncs := m.disk.callsOf("write")
			for range 60 {
				p.log(5)
				pass(time.Minute)
				if got := m.disk.names(".seg"); len(got) > 3 {
					t.Fatalf("%s: segments %v", mode, got)
				}
			}
			if n := m.disk.callsOf("write") - syncs; n > 130*10 {
				t.Errorf("%s: %d writes in an hour", mode, n)
			}
			if reports := p.reported(); len(reports) > 2 || !strings.Contains(reports[0], "sync segment") {
				t.Errorf("%s: reported %q", mode, reports)
			}
			if got := p.queue.Unsafe(); got < 100 {
				t.Errorf("%s: %d events are at risk", mode, got)
			}
			if state := p.spool.State(); state.Err == nil {
				t.Errorf("%s: the state is %+v", mode, state)
			}
			end()
			pass(31 * time.Second)
			pass(spillAfter + 2*syncEvery)
			p.log(5)
			if got := p.queue.Unsafe(); got != 0 {
				t.Errorf("%s: %d events are at risk", mode, got)
			}
			if state := p.spool.State(); state.Err != nil || state.Stalled {
				t.Errorf("%s: the state is %+v", mode, state)
			}
			pass(spillAfter + 2*syncEvery)
			m.disk.powerCut()
			m.ram.powerCut()
			p.crash()
			got, damaged := m.orphans(m.disk)
			wantList(t, mode+": left", sorted(got), span(1, 405))
			if damaged > 0 {
				t.Errorf("%s: %d are damaged", mode, damaged)
			}
		})
	}
}

// Events in an unreliable file count as at risk, and are not reported as kept at the end.
func TestAtRiskWhileARescueIsPending(t *testing.T) {
	for _, mode := range []string{"direct", "hot"} {
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start(roomy, func(c *config) {
				if mode == "direct" {
					direct(c)
				}
			})
			p.log(100)
			pass(spillAfter + 2*syncEvery)
			m.disk.inject(fault{op: "create", err: errNoSpace})
			for _, name := range m.disk.names("") {
				m.disk.unlink(name)
			}
			pass(checkEvery)
			if got := p.queue.Unsafe(); got != 100 {
				t.Errorf("%s: %d events are at risk", mode, got)
			}
			if state := p.spool.State(); state.Err == nil {
				t.Errorf("%s: the state is %+v", mode, state)
			}
			p.queue.Close()
			p.spool.Close(time.Second)
			if kept, dropped := p.queue.Abandon(); kept.Events != 0 || dropped.Events != 100 {
				t.Errorf("%s: kept %d, dropped %d", mode, kept.Events, dropped.Events)
			}
			p.kill()
		})
	}
}

// makeSuspect makes the spool find a segment changed without harming its contents: another file
// has its name until that is noticed.
func (p *program) makeSuspect(m *machine, name string) {
	p.t.Helper()
	m.disk.mu.Lock()
	n := m.disk.dir.files[name]
	m.disk.dir.files[name] = &inode{data: n.data}
	m.disk.mu.Unlock()
	release := m.disk.stall("create", "")
	p.eventually("the spool has noticed", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return slices.ContainsFunc(p.failed, func(report string) bool { return strings.Contains(report, "check segment "+name) })
	})
	m.disk.mu.Lock()
	m.disk.dir.files[name], m.disk.dir.synced[name] = n, n
	m.disk.mu.Unlock()
	release()
	pass(time.Second)
}

// damage changes a byte in the records of some events.
func damage(data []byte, records, bad []int) {
	at := segment.Start
	for _, n := range records {
		if slices.Contains(bad, n) {
			data[at+segment.RecordBytes]++
		}
		at += segment.Length(len(payload(n)))
	}
}

func without(list, some []int) []int {
	return slices.DeleteFunc(slices.Clone(list), func(n int) bool { return slices.Contains(some, n) })
}
