package main

import (
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func TestScreen(t *testing.T) {
	var w strings.Builder
	s := &screen{terminal: true, w: &w}
	want := func(want string) {
		t.Helper()
		if got := w.String(); got != want {
			t.Errorf("wrote %q, want %q", got, want)
		}
		w.Reset()
	}
	s.say("first \x1b")
	want("first \\x1b\n")
	s.show("10 sent")
	want("\r\x1b[K10 sent")
	s.show("10 sent") // nothing new
	want("")
	s.say("trouble")
	want("\r\x1b[Ktrouble\n10 sent")
	s.show(strings.Repeat("x", 100))
	want("\r\x1b[K" + strings.Repeat("x", 78) + "…")
	s.show("")
	want("\r\x1b[K")
	s.say("last")
	want("last\n")
}

// Without a terminal there is no status line.
func TestScreenWithoutTerminal(t *testing.T) {
	var w strings.Builder
	s := newScreen(&w)
	s.show("10 sent")
	s.say("last")
	if got := w.String(); got != "last\n" {
		t.Errorf("wrote %q", got)
	}
}

func TestStatus(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	cfg := srv.Config()
	w, err := cloudwatch.NewWriter("app", &cloudwatch.Options{Config: &cfg, FlushInterval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	now := time.Now()
	f := &feed{inputs: []input{{size: 1000}, {size: 3000}}}
	f.read.Store(1000)
	s := newStatus(w, f)
	s.samples[0].at = now.Add(-time.Second)

	_, _ = w.WriteString(strings.Repeat("line\n", 1500))
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _ = w.WriteString("one\ntwo\n")
	if got, want := s.line(now), "1,500 events sent, 1,500/s, 2 waiting, 25% read"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// The rate is that of the last samples.
	for range rateSamples {
		now = now.Add(statusInterval)
		s.line(now)
	}
	f.inputs[1].size = -1
	if got, want := s.line(now.Add(time.Second)), "1,500 events sent, 0/s, 2 waiting"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.draining = now.Add(3 * time.Second)
	if got, want := s.line(now), "sending: 2 events left, 3 s left, press Ctrl-C again to quit"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
