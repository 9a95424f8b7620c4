package main

import (
	"fmt"
	"time"
)

const (
	statusInterval = 200 * time.Millisecond
	rateSamples    = 10 // the rate covers the last two seconds
)

// status formats the status line of a shipment.
type status struct {
	writer   shipper
	feed     *feed
	draining time.Time // deadline of the drain after a signal; zero before
	samples  []sample  // the newest, oldest first
}

type sample struct {
	at        time.Time
	delivered int64
}

func newStatus(w shipper, f *feed) *status {
	return &status{writer: w, feed: f, samples: []sample{{at: time.Now()}}}
}

func (s *status) line(now time.Time) string {
	stats := s.writer.Stats()
	if !s.draining.IsZero() {
		left := max(s.draining.Sub(now), 0).Seconds()
		return fmt.Sprintf("sending: %s left, %.0f s left, press Ctrl-C again to quit", events(stats.Pending), left)
	}
	line := fmt.Sprintf("%s sent, %s/s, %s waiting", events(stats.Delivered), count(s.rate(now, stats.Delivered)), count(stats.Pending))
	if total, known := s.feed.size(); known {
		line += fmt.Sprintf(", %d%% read", min(100*s.feed.read.Load()/total, 100))
	}
	return line
}

// rate returns the number of events delivered per second.
func (s *status) rate(now time.Time, delivered int64) int64 {
	s.samples = append(s.samples, sample{now, delivered})
	s.samples = s.samples[max(0, len(s.samples)-rateSamples-1):]
	since := s.samples[0]
	return int64(float64(delivered-since.delivered) / now.Sub(since.at).Seconds())
}
