package faulttest_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// More is logged than can be kept.
func TestFaultMatrixFlood(t *testing.T) {
	const buffer = 256 << 10
	opts := func(policy cloudwatch.OnFull) cloudwatch.Options {
		return cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: buffer, OnFull: policy}
	}
	runFaults(t, []faultRow{
		{39, "a flood during an outage, DropNewest", opts(cloudwatch.DropNewest), (*faultScene).flood},
		{39, "a flood during an outage, DropOldest", opts(cloudwatch.DropOldest), (*faultScene).flood},
		{39, "a flood during an outage, Block", opts(cloudwatch.Block), (*faultScene).flood},
		{39, "a flood at one level after the other", opts(cloudwatch.DropNewest), (*faultScene).floodByLevel},
	})
}

func (c *faultScene) flood() {
	const loggers, each = 16, 1000
	c.logs(c.loggers[0], 1, 0)
	c.settled(time.Minute)
	end := c.inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
	var all sync.WaitGroup
	for range loggers {
		p := c.producer(false)
		all.Go(func() {
			for i := range each {
				p.log(levels[i%4], time.Now(), payload(p, i%4, 20+i%200, i))
				if i%100 == 99 {
					time.Sleep(time.Second)
				}
			}
		})
	}
	watch := c.watchBytes()
	if c.opts.OnFull == cloudwatch.Block {
		time.Sleep(time.Minute)
		end()
	}
	all.Wait()
	most := watch()
	time.Sleep(time.Minute)
	c.checkQuiet()
	s := c.Stats()
	c.Logf("%d bytes pending at most of %d; %s", most, c.opts.BufferBytes, figures(s))
	if blocks := c.opts.OnFull == cloudwatch.Block; blocks != (s.Dropped.BufferFull == 0) {
		c.Errorf("%d dropped", s.Dropped.BufferFull)
	}
	if most < int64(c.opts.BufferBytes)*3/4 {
		c.Errorf("the flood left room: %d bytes at most", most)
	}
}

// watchBytes checks that the buffer keeps its bound, all the time until the
// function it returns is called, which returns how much was in it at most.
func (c *faultScene) watchBytes() (stop func() (most int64)) {
	done, answer := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		defer func() { answer <- most }()
		for {
			s := c.Stats()
			if most = max(most, s.PendingBytes); s.PendingBytes > int64(c.opts.BufferBytes) {
				c.Errorf("%d bytes are pending", s.PendingBytes)
				return
			}
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() int64 { close(done); return <-answer }
}

// Where DEBUG finds no room any more, INFO still does, and so on.
func (c *faultScene) floodByLevel() {
	c.logs(c.loggers[0], 1, 0)
	c.settled(time.Minute)
	c.inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
	fill := func(p *producer, level slog.Level) (accepted int) {
		for p.log(level, time.Now(), "x") == nil {
			accepted++
		}
		return accepted
	}
	used := func() int64 { return 100 * c.Stats().PendingBytes / int64(c.opts.BufferBytes) }
	lines := c.loggers[3]
	for _, row := range []struct {
		level slog.Level
		upTo  int64 // percent
	}{{slog.LevelDebug, 79}, {slog.LevelInfo, 89}, {slog.LevelWarn, 99}} {
		if n := fill(c.loggers[0], row.level); n == 0 {
			c.Errorf("%v finds no room", row.level)
		}
		if got := used(); got < row.upTo || got > row.upTo+1 {
			c.Errorf("%v fills %d %% of the buffer", row.level, got)
		}
		if row.level < slog.LevelWarn { // the others find room
			if err := c.loggers[1].log(slog.LevelError, time.Now(), "x"); err != nil {
				c.Errorf("where %v finds no room, ERROR got %v", row.level, err)
			}
			lines.log(0, time.Now(), "x")
		}
	}
	refused := map[slog.Level]int64{}
	for i, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		refused[level] = int64(1 + 10*i)
		for range 1 + 10*i {
			if err := c.loggers[2].log(level, time.Now(), "too many"); err == nil {
				c.Errorf("the buffer is full, but takes %v", level)
			}
		}
	}
	c.Logf("refused %v", refused)
	if got, want := c.Stats().Dropped.BufferFull, int64(3+1+11+21+31); got != want {
		c.Errorf("%d dropped, want %d", got, want)
	}
	c.endFaults()
	time.Sleep(time.Minute)
	c.checkQuiet()
	told := c.announcements().byLevel
	if want := (levelTally{2, 12, 22, 31, 0}); told != want {
		c.Errorf("the stream tells of losses %v, want %v", told, want)
	}
}
