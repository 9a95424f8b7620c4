package faulttest_test

import (
	"flag"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

var (
	soakDays = flag.Int("soak-days", 1, "how many days TestSoak simulates")
	soakSeed = flag.Uint64("soak-seed", 0, "what TestSoak takes its chances from; 0 = anything")
)

// What may be in use more than after the first six hours. The pipeline holds
// nothing then but two spare batches of 64 KiB, and the SDK's pools; what it
// leaked for each of the 100,000 events and 2,000 requests of a day would be more
// after a few days, whatever its size.
const (
	soakHeap       = 1 << 20 // bytes
	soakGoroutines = 0
)

// TestSoak runs for days, with every fault there is, one after the other and
// together. Every six hours the faults end, all must be well, and the books are
// closed.
func TestSoak(t *testing.T) {
	seed := *soakSeed
	for seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-soak-seed %d", seed)
	testkit.Bubble(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(seed, 0))
		srv := cloudwatchtest.New()
		o, err := newOracle(srv, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: 256 << 10, RetentionDays: 14}, false)
		if err != nil {
			t.Fatal(err)
		}
		c := newScene(o, srv)
		var heapAtFirst, goroutinesAtFirst int
		for part := range 4 * *soakDays {
			for range 6 {
				c.hour(random)
			}
			c.endFaults()
			time.Sleep(20 * time.Minute)
			c.checkQuiet()
			s := c.Stats()
			if s.Pending != 0 {
				t.Errorf("twenty minutes after the last fault: %s", figures(s))
			}
			c.forget()
			c.report(t)
			used, goroutines := testkit.Heap(), runtime.NumGoroutine()
			if part == 0 {
				heapAtFirst, goroutinesAtFirst = used, goroutines
			}
			if used > heapAtFirst+soakHeap && !testkit.RaceEnabled { // the race detector has memory of its own
				t.Errorf("day %d: %d bytes in use, %d after six hours", part/4+1, used, heapAtFirst)
			}
			if goroutines > goroutinesAtFirst+soakGoroutines {
				t.Errorf("day %d: %d goroutines, %d after six hours", part/4+1, goroutines, goroutinesAtFirst)
			}
			if t.Failed() {
				break
			}
		}
		c.close()
		c.checkClosed(c.answer)
		srv.Close()
		c.report(t)
		t.Logf("%d requests; %s", c.requests, figures(c.Stats()))
	})
}

// hour lets an hour pass, minute by minute.
func (c *scene) hour(random *rand.Rand) {
	for range 60 {
		switch random.IntN(200) {
		case 0:
			c.deleteStream()
		case 1:
			c.deleteGroup()
		case 2, 3, 4, 5, 6:
			a, b := byte(random.Uint32()), byte(random.Uint32())
			faultStep(a, b).run(c)
		case 7, 8:
			untimelyStep(byte(random.Uint32()), byte(random.Uint32())).run(c)
		case 9, 10, 11:
			c.endFaults()
		}
		who, level := random.IntN(len(c.loggers)), levels[random.IntN(len(levels))]
		c.burst(who, random.IntN(150), 1+random.IntN(300), random.IntN(len(payloads)), level)
		c.burst(0, random.IntN(3), random.IntN(20_000), 0, slog.LevelError)
		time.Sleep(time.Duration(random.Int64N(int64(2 * time.Minute))))
		c.checkNow()
	}
	c.checkQuiet()
}
