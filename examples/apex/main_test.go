package main

import (
	"testing"
	"time"

	"github.com/apex/log"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	main() // exits if it fails
	e.Want("my_log_group", `{"fields":{"order":17},"level":"warn","timestamp":"`)
}

func TestLevels(t *testing.T) {
	endpoint.WantLevels(t, func(h *cloudwatch.Handler) (info, warn func()) {
		logTo(h)
		return func() { log.Info("i") }, func() { log.Warn("w") }
	})
}

func TestWhole(t *testing.T) {
	endpoint.WantWhole(t, func(h *cloudwatch.Handler) func(string) {
		logTo(h)
		return log.Info
	})
}

func TestTime(t *testing.T) {
	e := endpoint.Start(t)
	h, err := cloudwatch.NewHandler("time", nil)
	if err != nil {
		t.Fatal(err)
	}
	logTo(h)
	at := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
	log.Now = func() time.Time { return at }
	defer func() { log.Now = time.Now }()
	log.Info("a minute ago")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	group, _ := e.LogGroup("time")
	if got := e.Events("time", group.Streams[0]); len(got) != 1 || !got[0].Timestamp.Equal(at) {
		t.Errorf("got %+v, want the time %v", got, at)
	}
}

func TestFatal(t *testing.T) {
	endpoint.WantFatal(t, func(h *cloudwatch.Handler, message string) {
		logTo(h)
		log.Fatal(message)
	})
}
