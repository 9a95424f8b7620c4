package spool_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// timed returns how long do takes.
func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

// TestStall checks that log calls wait for at most MaxStall for a disk that does not respond,
// and then not at all until it does.
func TestStall(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(10)
		pass(time.Millisecond)
		release := m.disk.stall("", "")
		if took := timed(func() { p.log(1) }); took != maxStall {
			t.Errorf("the first log call took %v, want %v", took, maxStall)
		}
		p.wantAtRisk(1, 1)
		if took := timed(func() { p.log(200); p.deliver(); p.log(100) }); took > 0 {
			t.Errorf("the others took %v", took)
		}
		p.wantAtRisk(100, 301)
		if state := p.spool.State(); !state.Stalled || state.Err != nil {
			t.Errorf("the state is %+v", state)
		}
		pass(time.Hour)
		p.wantAtRisk(100, 301)
		release()
		pass(0)
		p.wantAtRisk(0, 301)
		if state := p.spool.State(); state.Stalled {
			t.Errorf("the state is %+v", state)
		}
		wantList(t, "on disk", m.onDisk(), span(212, 311))
		p.wantReports("the disk does not respond")
		pass(time.Millisecond)

		// From now on they wait again.
		release = m.disk.stall("write", "")
		if took := timed(func() { p.log(1) }); took != maxStall {
			t.Errorf("a log call after that took %v, want %v", took, maxStall)
		}
		p.wantAtRisk(1, 302)
		release()
	})
}

// A log call that waits less than MaxStall is safe.
func TestShortStall(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(10)
		pass(time.Millisecond)
		release := m.disk.stall("write", "")
		go func() {
			time.Sleep(maxStall - 1)
			release()
		}()
		if took := timed(func() { p.log(1) }); took != maxStall-1 {
			t.Errorf("it took %v", took)
		}
		p.wantAtRisk(0, 0)
	})
}

// Concurrent log calls share the time of the first one.
func TestConcurrentLogCallsShareTheWait(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(10)
		pass(time.Millisecond)
		release := m.disk.stall("write", "")
		var done sync.WaitGroup
		began := time.Now()
		for n := range 20 {
			done.Go(func() {
				time.Sleep(time.Duration(n) * time.Millisecond / 2)
				if err := p.queue.Append(event(100 + n)); err != nil {
					t.Error(err)
				}
				if took, most := time.Since(began), max(maxStall, time.Duration(n)*time.Millisecond/2); took != most {
					t.Errorf("log call %d returned after %v, want %v", n, took, most)
				}
			})
		}
		done.Wait()
		p.wantAtRisk(20, 20)
		release()
		pass(0)
		p.wantAtRisk(0, 20)
	})
}

// TestStallOfAnyOperation stalls what a new segment needs: log calls are safe until they need
// one, and then bounded.
func TestStallOfAnyOperation(t *testing.T) {
	for _, op := range []string{"create", "write", "grow", "rename", "sync", "syncdir", "list", "space", "renew"} {
		t.Run(op, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start(direct, func(c *config) { c.queue.MaxBytes = 1 << 20 })
				p.log(1)
				pass(time.Millisecond)
				release := m.disk.stall(op, "")
				total := timed(func() { p.log(900) })
				if total > maxStall {
					t.Errorf("900 log calls took %v", total)
				}
				stored := int64(p.spool.Stored())
				p.wantAtRisk(901-stored, 901-stored)
				if op == "create" && stored < 300 {
					t.Errorf("%d are on disk, although there was a segment", stored)
				}
				release()
				pass(time.Minute)
				p.wantAtRisk(0, 901-stored)
				wantList(t, "on disk", m.onDisk(), span(1, 901))
				if took := timed(func() { p.log(1) }); took > 0 {
					t.Errorf("a log call took %v", took)
				}
				p.deliver()
				p.close()
				if got := m.disk.names(""); len(got) != 0 {
					t.Errorf("left: %v", got)
				}
			})
		})
	}
}

// TestStartOnAStalledDisk takes at most half a second.
func TestStartOnAStalledDisk(t *testing.T) {
	for _, op := range []string{"renew", "create", "write"} {
		bubble(t, func(t *testing.T, m *machine) {
			release := m.disk.stall(op, "")
			var p *program
			if took := timed(func() { p = m.start(direct) }); took != 500*time.Millisecond {
				t.Errorf("%s: it took %v", op, took)
			}
			if took := timed(func() { p.log(100) }); took > maxStall {
				t.Errorf("%s: log calls took %v", op, took)
			}
			p.wantAtRisk(100, 100)
			release()
			pass(time.Second)
			p.wantAtRisk(0, 100)
			p.log(1)
			p.wantAtRisk(0, 100)
		})
	}
}

func TestHotStartDoesNotWaitForTheDisk(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		defer m.disk.stall("", "")()
		var p *program
		if took := timed(func() { p = m.start(); p.log(100) }); took > 0 {
			t.Errorf("it took %v", took)
		}
		p.wantAtRisk(0, 0)
	})
}

// TestCloseWhileTheDiskStalls uses its whole time limit. Events in memory only are lost, the
// others are left to the next process.
func TestCloseWhileTheDiskStalls(t *testing.T) {
	for _, op := range []string{"write", "sync", "remove", "create", ""} {
		t.Run(op, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *machine) {
				p := m.start(direct)
				p.log(10)
				pass(syncEvery / 2)
				p.log(10)
				pass(time.Millisecond)
				release := m.disk.stall(op, "")
				p.log(10)
				p.queue.Close()
				if took := timed(func() { p.spool.Close(100 * time.Millisecond) }); took > 100*time.Millisecond {
					t.Errorf("Close took %v", took)
				}
				stored := p.spool.Stored()
				if want := uint64(30); stored != want && op != "write" && op != "" {
					t.Errorf("stored up to %d, want %d", stored, want)
				}
				kept, dropped := p.queue.Abandon()
				if kept.Events != int64(stored) || dropped.Events != int64(30-stored) {
					t.Errorf("kept %d, dropped %d, but %d were on disk", kept.Events, dropped.Events, stored)
				}
				p.kill()
				release()
				synctest.Wait() // the goroutines end now
				got, _ := m.orphans(m.disk)
				wantList(t, "left", got, span(1, int(stored)))
			})
		})
	}
}

// Acks are written nevertheless.
func TestCloseWhileASyncHangs(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start(direct)
		p.log(100)
		pass(0)
		release := m.disk.stall("sync", "")
		pass(syncEvery)
		p.log(5)
		pass(time.Millisecond)
		wb := m.disk.stall("write", "")
		it, list := p.next() // the acknowledgement waits for the disk until Close runs
		p.ack(it)
		go func() {
			time.Sleep(time.Millisecond)
			wb()
		}()
		p.queue.Close()
		p.spool.Close(100 * time.Millisecond)
		p.kill()
		release()
		pass(0)
		got, _ := m.orphans(m.disk)
		wantList(t, "left", got, span(len(list)+1, 105))
	})
}

// Log calls wait for MaxStall each, for one second in total. Then they follow the policy of the
// queue, and deliveries make room.
func TestStallWithFullMemory(t *testing.T) {
	for _, policy := range []queue.Policy{queue.DropNewest, queue.DropOldest} {
		bubble(t, func(t *testing.T, m *machine) {
			p := m.start(direct, func(c *config) { c.queue.OnFull = policy })
			pass(time.Millisecond)
			release := m.disk.stall("", "")
			taken := 0
			took := timed(func() {
				for n := 1; n <= 1000; n++ {
					if p.queue.Append(event(n)) == nil {
						taken++
					}
				}
			})
			if took > time.Second+3*maxStall {
				t.Errorf("policy %d: log calls took %v", policy, took)
			}
			if got := p.spool.State().EverAtRisk; got != int64(taken) {
				t.Errorf("policy %d: %d of %d were at risk", policy, got, taken)
			}
			if s := p.queue.State(); s.PendingBytes > queueBytes || s.Pending != p.queue.Unsafe() {
				t.Errorf("policy %d: %d bytes, %d pending", policy, s.PendingBytes, s.Pending)
			}
			release()
			pass(0)
			if got := p.queue.Unsafe(); got != 0 {
				t.Errorf("policy %d: %d are in memory only", policy, got)
			}
		})
	}
}

// Nothing needs the disk, so nothing is at risk.
func TestHotSpoolOnAStalledDisk(t *testing.T) {
	bubble(t, func(t *testing.T, m *machine) {
		p := m.start()
		defer m.disk.stall("", "")()
		p.log(50)
		pass(time.Hour)
		p.log(50)
		if state := p.spool.State(); state != (spool.State{}) {
			t.Errorf("the state is %+v", state)
		}
		p.wantAtRisk(0, 0)
	})
}
