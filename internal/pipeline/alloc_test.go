package pipeline_test

import (
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// From the log call to the wire form in the buffer no event costs an allocation.
// (Each request does, about 300 in the SDK's client.)
func TestNoAllocationPerEvent(t *testing.T) {
	if testkit.RaceEnabled {
		t.Skip("the race detector allocates")
	}
	const events = 100_000
	formats := map[string]cloudwatch.Format{"JSON": cloudwatch.JSON, "Text": cloudwatch.Text, "Pattern": cloudwatch.Pattern("{level} {message}")}
	for name, format := range formats {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{
					Format: format, LogStream: testkit.Stream, BufferBytes: 8 << 20, OnFull: cloudwatch.DropOldest, CloseTimeout: time.Millisecond,
				})
				f.Server.Inject(cloudwatchtest.Fault{Hang: true})
				h := f.Handler.WithAttrs([]slog.Attr{slog.String("service", "web")})
				record := slog.NewRecord(time.Now(), slog.LevelInfo, "request \"handled\"", 0)
				record.AddAttrs(slog.String("path", "/"), slog.Int("status", 200), slog.Duration("took", time.Second),
					slog.Float64("share", 0.25), slog.Bool("cached", false), slog.Group("user", "id", 17))
				log := func() {
					for range events {
						if err := h.Handle(t.Context(), record); err != nil {
							t.Fatal(err)
						}
					}
				}
				log() // the first ones fill pools and the buffer
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				log()
				runtime.ReadMemStats(&after)
				if n := float64(after.Mallocs-before.Mallocs) / events; n > 0.01 {
					t.Errorf("%.3f allocations an event", n)
				}
				if n := float64(after.TotalAlloc-before.TotalAlloc) / events; n > 16 {
					t.Errorf("%.1f bytes an event", n)
				}
			})
		})
	}
}
