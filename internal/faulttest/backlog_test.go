package faulttest_test

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

var (
	backlogBytes = flag.Int("backlog", 12<<20, "bytes that TestBacklogIsBoundedByTheDisk logs")
	slowOutage   = flag.Duration("slow-outage", 12*time.Hour, "how long TestOutageOfSmallBatches logs an event each second")
)

// beyondBuffer bounds the memory of a backlog in the spool beside Options.BufferBytes.
const beyondBuffer = 16 << 20

// outageFixture has a spool in direct mode unless opts say otherwise, and a network that is gone until restored is called.
func outageFixture(t *testing.T, opts cloudwatch.Options) (f *testkit.Fixture, restored func()) {
	t.Helper()
	srv := cloudwatchtest.New()
	cfg := srv.Config()
	var gone atomic.Bool
	gone.Store(true)
	cfg.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if gone.Load() {
			return nil, syscall.ECONNREFUSED
		}
		return srv.Transport().RoundTrip(r)
	})}
	opts.Config, opts.LogStream, opts.Spool = &cfg, testkit.Stream, t.TempDir()
	opts.SpoolOptions.Direct, opts.SpoolOptions.MinFree = opts.SpoolOptions.RAM == "", -1
	return testkit.NewOn(t, srv, opts), func() { gone.Store(false) }
}

// backlog is what is logged while the network is gone.
type backlog struct{ events, bytes int }

func (b backlog) message(n int) string {
	return fmt.Sprintf("%08d %s", n, strings.Repeat("x", b.bytes))
}

// wantBacklog logs during the outage, with a pause after each so many events, and ends it.
// None may be refused, the memory in use is bounded, and all are delivered once and in
// order. It returns the number of requests that took.
func wantBacklog(f *testkit.Fixture, b backlog, pause time.Duration, each, buffer int, restored func()) (requests int) {
	f.T.Helper()
	before := testkit.Heap()
	for n := range b.events {
		if err := f.Handle(f.T.Context(), slog.NewRecord(time.Now(), slog.LevelDebug, b.message(n), 0)); err != nil {
			f.T.Fatalf("event %d of %d: %v", n, b.events, err)
		}
		if n%each == each-1 {
			time.Sleep(pause)
		}
	}
	used := testkit.Heap() - before
	f.T.Logf("%d events, %.2f MiB in use", b.events, float64(used)/(1<<20))
	if used > buffer+beyondBuffer && !testkit.RaceEnabled {
		f.T.Errorf("%d bytes are in use, BufferBytes are %d", used, buffer)
	}
	restored()
	f.FlushWithin(time.Hour)
	want := make([]string, b.events)
	for n := range want {
		want[n] = b.message(n)
	}
	f.WantMessages(want...)
	if s := f.Stats(); s.Dropped.Total() != 0 || s.Delivered != s.Accepted {
		f.T.Errorf("%d accepted, %d delivered, %d dropped", s.Accepted, s.Delivered, s.Dropped.Total())
	}
	for _, r := range f.Server.Requests() {
		if r.Operation == "PutLogEvents" && r.Status == http.StatusOK {
			requests++
		}
	}
	return requests
}

// TestBacklogIsBoundedByTheDisk: however small BufferBytes is, SpoolOptions.MaxBytes alone
// bounds what an outage may leave. All of it is delivered in order afterwards.
func TestBacklogIsBoundedByTheDisk(t *testing.T) {
	for _, buffer := range []int{64 << 10, 256 << 10, 1 << 20, 8 << 20} {
		for _, row := range []struct {
			mode string
			hot  bool
			opts cloudwatch.Options
		}{
			{"direct, DropNewest", false, cloudwatch.Options{OnFull: cloudwatch.DropNewest}},
			{"direct, Block", false, cloudwatch.Options{OnFull: cloudwatch.Block}},
			{"hot, DropNewest", true, cloudwatch.Options{OnFull: cloudwatch.DropNewest}},
		} {
			t.Run(fmt.Sprintf("%d KiB, %s", buffer>>10, row.mode), func(t *testing.T) {
				testkit.Bubble(t, func(t *testing.T) {
					const payload = 1000
					opts := row.opts
					opts.BufferBytes, opts.SpoolOptions.MaxBytes = buffer, max(2*int64(*backlogBytes), 32<<20)
					if row.hot {
						opts.SpoolOptions.RAM = testkit.RAMFileSystem(t)
					}
					f, restored := outageFixture(t, opts)
					requests := wantBacklog(f, backlog{*backlogBytes / payload, payload}, time.Millisecond, 10, buffer, restored)
					if most := *backlogBytes/(500<<10) + 10; requests > most {
						t.Errorf("%d requests, want at most %d", requests, most)
					}
				})
			})
		}
	}
}

// TestOutageOfSmallBatches: many small batches take no memory worth counting, and are sent
// together.
func TestOutageOfSmallBatches(t *testing.T) {
	for _, row := range []struct {
		rule     string
		interval time.Duration // Options.FlushInterval
		pause    time.Duration // between events
		lasts    time.Duration
	}{
		{"an event each second", 0, time.Second, *slowOutage},
		{"an interval of 10 ms", 10 * time.Millisecond, 10 * time.Millisecond, *slowOutage / 168},
	} {
		t.Run(row.rule, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				const buffer = 64 << 10
				f, restored := outageFixture(t, cloudwatch.Options{
					BufferBytes: buffer, FlushInterval: row.interval,
					SpoolOptions: cloudwatch.SpoolOptions{MaxBytes: 1 << 30, SyncEvery: time.Hour},
				})
				wantBacklog(f, backlog{int(row.lasts / row.pause), 100}, row.pause, 1, buffer, restored)
			})
		})
	}
}
