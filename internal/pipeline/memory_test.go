package pipeline_test

import (
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

func TestMemory(t *testing.T) {
	if testkit.RaceEnabled {
		t.Skip("the race detector has memory of its own")
	}
	for _, length := range []int{10, 200, 20_000} {
		testkit.Bubble(t, func(t *testing.T) {
			const buffer = 64 << 20
			srv := cloudwatchtest.New()
			cfg := srv.Config()
			var dead atomic.Bool
			dead.Store(true)
			cfg.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if dead.Load() {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
				return accepting(r) // keeps nothing, as the endpoint would
			})}
			before := testkit.Heap()
			f := testkit.NewOn(t, srv, cloudwatch.Options{Config: &cfg, LogStream: testkit.Stream, BufferBytes: buffer})
			record := slog.NewRecord(time.Now(), slog.LevelInfo, strings.Repeat("x", length), 0)
			for f.Stats().Dropped.BufferFull < 1000 {
				f.Handle(t.Context(), record)
			}
			if used := testkit.Heap() - before; used > buffer*(1+testkit.MemorySlack)+testkit.MemoryConstant {
				t.Errorf("messages of %d bytes: a full buffer of %d bytes takes %d", length, buffer, used)
			} else {
				t.Logf("messages of %d bytes: a full buffer takes %.2f MiB", length, float64(used)/(1<<20))
			}
			dead.Store(false)
			f.FlushWithin(time.Hour)
			if used := testkit.Heap() - before; used > testkit.MemoryConstant {
				t.Errorf("messages of %d bytes: when all is delivered, %d bytes are still in use", length, used)
			} else {
				t.Logf("messages of %d bytes: when all is delivered, %.2f MiB are still in use", length, float64(used)/(1<<20))
			}
		})
	}
}

// Times that jump back and forth by more than a day make a batch of each event.
// That, too, is bounded.
func TestMemoryOfTimesFarApart(t *testing.T) {
	if testkit.RaceEnabled {
		t.Skip("the race detector has memory of its own")
	}
	testkit.Bubble(t, func(t *testing.T) {
		const buffer = 16 << 20
		before := testkit.Heap()
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: buffer, CloseTimeout: time.Second})
		f.Server.Inject(cloudwatchtest.Fault{Hang: true})
		now := time.Now()
		for i := 0; f.Stats().Dropped.BufferFull == 0; i++ {
			f.Handle(t.Context(), slog.NewRecord(now.Add(-time.Duration(i%2)*30*time.Hour), slog.LevelInfo, "x", 0))
		}
		if used := testkit.Heap() - before; used > buffer*(1+testkit.MemorySlack)+testkit.MemoryConstant {
			t.Errorf("%d events take %d bytes", f.Stats().Pending, used)
		}
	})
}
