package main

import (
	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/plot"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/stat"
)

// image is a plot in a file of its own.
type image struct {
	file string
	alt  string
	svg  string
}

func (f figures) images() []image {
	return []image{
		{"cpu.svg", "CPU time per event by contender", f.cpuPlot().SVG()},
		{"latency.svg", "Latency percentiles of a log call", f.latencyPlot().SVG()},
		{"goroutines.svg", "Wall time per event over goroutines", f.goroutinePlot().SVG()},
		{"sizes.svg", "CPU time per event over message sizes", f.sizePlot().SVG()},
		{"growth.svg", "CPU time per event over the number of events", f.growthPlot().SVG()},
	}
}

func (f figures) cpuPlot() plot.Bars {
	scenarios := []string{callAlone, burst, burstTLS, paced}
	b := plot.Bars{
		Title:  "CPU time per event (median); io.Discard delivers nothing",
		Unit:   "µs",
		Groups: []string{"log call alone", "logged and delivered, burst", "logged and delivered, burst, TLS", "logged and delivered, 50,000/s"},
		// The worst are out of all proportion; the others would be slivers.
		Clip: 8 * stat.Median(f.cpu(key{burst, contender.Discard, 0})) / 1e3,
	}
	for _, name := range everybody {
		s := plot.Series{Name: name}
		for _, scenario := range scenarios {
			s.Y = append(s.Y, stat.Median(f.cpu(key{scenario, name, 0}))/1e3)
		}
		b.Series = append(b.Series, s)
	}
	return b
}

func (f figures) latencyPlot() plot.Lines {
	l := plot.Lines{Title: "Latency of a log call at 50,000 events/s (median of the rounds)", XLabel: "percentile", YLabel: "µs", Log: true}
	for _, q := range quantiles {
		l.X = append(l.X, q.name)
	}
	for _, name := range []string{contender.Cloudwatch, contender.Discard} {
		s := plot.Series{Name: name}
		for _, q := range quantiles {
			s.Y = append(s.Y, stat.Median(f.values(key{latency, name, 0}, q.of))/1e3)
		}
		l.Series = append(l.Series, s)
	}
	return l
}

func (f figures) goroutinePlot() plot.Lines {
	l := plot.Lines{Title: "Wall time per event (median)", XLabel: "goroutines", YLabel: "ns"}
	for _, n := range goroutineCounts {
		l.X = append(l.X, count(n))
	}
	for _, name := range comparable {
		s := plot.Series{Name: name}
		for _, n := range goroutineCounts {
			s.Y = append(s.Y, stat.Median(f.wall(key{goroutines, name, n})))
		}
		l.Series = append(l.Series, s)
	}
	return l
}

func (f figures) sizePlot() plot.Lines {
	l := plot.Lines{Title: "CPU time per event, logged and delivered (median)", XLabel: "bytes of a message", YLabel: "µs", Log: true}
	for _, m := range messages {
		l.X = append(l.X, bytesOf(m.bytes))
	}
	for _, name := range comparable {
		s := plot.Series{Name: name}
		for _, m := range messages {
			s.Y = append(s.Y, stat.Median(f.cpu(key{sizes, name, m.bytes}))/1e3)
		}
		l.Series = append(l.Series, s)
	}
	return l
}

func (f figures) growthPlot() plot.Lines {
	l := plot.Lines{Title: "CPU time per event, logged and delivered (median)", XLabel: "events of a burst", YLabel: "ns"}
	s := plot.Series{Name: contender.Cloudwatch}
	for _, n := range burstSizes(f.extent.largest) {
		l.X = append(l.X, count(n))
		s.Y = append(s.Y, stat.Median(f.cpu(key{growth, contender.Cloudwatch, n})))
	}
	l.Series = []plot.Series{s}
	return l
}
