package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	t.Chdir(t.TempDir())
	main() // exits if it fails
	e.Want("my_log_group", "Watch out! Something happened!")
	file, err := os.ReadFile("fallback.jsonl")
	if got := string(file); err != nil || !strings.Contains(got, "too late") || strings.Contains(got, "Watch out") {
		t.Errorf("the file has %q, %v", got, err)
	}
}

// In an outage that fills the buffer, with many goroutines and some events too large, each
// event is in exactly one of the two places.
func TestNothingIsLost(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	fault := srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Cut: cloudwatchtest.CutBefore})
	cfg := srv.Config()
	h, err := cloudwatch.NewHandler("g", &cloudwatch.Options{
		Config: &cfg, LogStream: "s", BufferBytes: 64 << 10, MaxEventBytes: 2000, Oversize: cloudwatch.Drop,
	})
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	logger := slog.New(fallback{h, slog.NewJSONHandler(&file, nil)}).With("with", "attributes").WithGroup("g")
	const goroutines, events = 8, 200
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range events {
				text := ""
				if i%50 == 0 {
					text = strings.Repeat("x", 3000)
				}
				logger.Error("event", "n", g*events+i, "text", text)
			}
		})
	}
	wg.Wait()
	fault()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	stats := h.Stats()
	if stats.Dropped.BufferFull == 0 || stats.Dropped.Oversize != goroutines*events/50 {
		t.Fatalf("dropped %+v; the test needs both kinds", stats.Dropped)
	}

	var got []int
	for _, message := range append(srv.Messages("g", "s"), strings.Split(strings.TrimSpace(file.String()), "\n")...) {
		var event struct {
			Msg, With string
			G         struct{ N int }
		}
		if err := json.Unmarshal([]byte(message), &event); err != nil {
			t.Fatalf("%q: %v", message, err)
		}
		if event.Msg == "event" && event.With == "attributes" { // the other one is the notice of the loss
			got = append(got, event.G.N)
		}
	}
	slices.Sort(got)
	for i := range goroutines * events {
		if i >= len(got) || got[i] != i {
			t.Fatalf("want each of %d events once, got %d: %v", goroutines*events, len(got), got)
		}
	}
}
