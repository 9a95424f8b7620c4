package cloudwatch_test

import (
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// What Options.BufferBytes promises: the buffer may hold that much, and a
// little of everything else.
const (
	memorySlack    = 1.0 / 16 // of BufferBytes: room in batches
	memoryConstant = 4 << 20  // batches kept for later, and the rest of the pipeline
)

func TestMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has memory of its own")
	}
	for _, length := range []int{10, 200, 20_000} {
		inBubble(t, func(t *testing.T) {
			const buffer = 64 << 20
			srv := cloudwatchtest.New()
			cfg := srv.Config()
			var dead atomic.Bool
			dead.Store(true)
			cfg.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				if dead.Load() {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
				return accepting(r) // keeps nothing, as the endpoint would
			})}
			before := heap()
			f := newFixtureOn(t, srv, cloudwatch.Options{Config: &cfg, LogStream: stream, BufferBytes: buffer})
			record := slog.NewRecord(time.Now(), slog.LevelInfo, strings.Repeat("x", length), 0)
			for f.Stats().Dropped.BufferFull < 1000 {
				f.Handle(t.Context(), record)
			}
			if used := heap() - before; used > buffer*(1+memorySlack)+memoryConstant {
				t.Errorf("messages of %d bytes: a full buffer of %d bytes takes %d", length, buffer, used)
			} else {
				t.Logf("messages of %d bytes: a full buffer takes %.2f MiB", length, float64(used)/(1<<20))
			}
			dead.Store(false)
			f.flush(time.Hour)
			if used := heap() - before; used > memoryConstant {
				t.Errorf("messages of %d bytes: when all is delivered, %d bytes are still in use", length, used)
			} else {
				t.Logf("messages of %d bytes: when all is delivered, %.2f MiB are still in use", length, float64(used)/(1<<20))
			}
		})
	}
}

// heap returns the bytes in use.
func heap() int {
	runtime.GC()
	runtime.GC() // for pools, which give way in two steps
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Times that jump back and forth by more than a day make a batch of each event.
// That, too, is bounded.
func TestMemoryOfTimesFarApart(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has memory of its own")
	}
	inBubble(t, func(t *testing.T) {
		const buffer = 16 << 20
		before := heap()
		f := newFixture(t, cloudwatch.Options{LogStream: stream, BufferBytes: buffer, CloseTimeout: time.Second})
		f.srv.Inject(cloudwatchtest.Fault{Hang: true})
		now := time.Now()
		for i := 0; f.Stats().Dropped.BufferFull == 0; i++ {
			f.Handle(t.Context(), slog.NewRecord(now.Add(-time.Duration(i%2)*30*time.Hour), slog.LevelInfo, "x", 0))
		}
		if used := heap() - before; used > buffer*(1+memorySlack)+memoryConstant {
			t.Errorf("%d events take %d bytes", f.Stats().Pending, used)
		}
	})
}
