package pipeline_test

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

var leftovers = flag.Int("leftovers", 1000, "how many segments ended processes have left in TestManyLeftovers")

// TestManyLeftovers of short-lived processes with one log stream slow no start, and are
// sent with 50,000 events a second at least, over a line with 30 ms of latency.
func TestManyLeftovers(t *testing.T) {
	const lines, latency = 21, 30 * time.Millisecond
	srv := cloudwatchtest.Start(t)
	testkit.MustCreate(t, srv)
	cfg := srv.Config()
	dir := filepath.Join(t.TempDir(), "spool")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	srv.Inject(cloudwatchtest.Fault{Delay: latency})
	now := time.Now().Add(-time.Hour)
	for i := range *leftovers {
		h := segment.Header{
			ID: uint64(i + 1), Producer: uint64(i+1) * 7919, Number: 1, Grows: true, Size: segment.Start, Created: now.Add(time.Duration(i) * time.Millisecond),
			Region: cfg.Region, Endpoint: srv.URL, Group: testkit.Group, Stream: testkit.Stream,
		}
		data, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, make([]byte, segment.AcksBytes)...)
		for n := range lines {
			text := fmt.Sprintf("left %d of %d, and what a line of a log has beside that", n, i)
			data = segment.AppendRecord(data, h.ID, int64(len(data)), uint32(n+1), segment.Record{Seq: uint64(n + 1), Time: h.Created.UnixMilli(), Size: len(text), Payload: []byte(text)})
		}
		data = append(data, make([]byte, 64<<10-len(data)%(64<<10))...)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%016x-%08x.seg", h.Producer, h.Number)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
		Config: &cfg, LogStream: "next", Spool: dir, SpoolOptions: cloudwatch.SpoolOptions{Direct: true, MinFree: -1, MaxBytes: 4 << 30},
	})
	if err != nil {
		t.Fatal(err)
	}
	made := time.Since(began)
	slog.New(h).Info("live")
	logged := time.Since(began)
	if err := h.AwaitRecovery(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	events := int64(*leftovers * lines)
	t.Logf("the constructor took %v, the first log call returned after %v; %d events of %d segments took %v, %.0f a second, %d requests",
		made, logged, events, *leftovers, took, float64(events)/took.Seconds(), len(srv.Requests()))
	if r := h.Stats().Recovered; r.Delivered != events || r.Events != events {
		t.Errorf("recovered %+v", r)
	}
	testkit.MustClose(t, h)
}
