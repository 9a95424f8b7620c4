package child

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/stat"
)

// Run starts the contender and measures it. It needs Linux.
func Run(spec Spec) (Result, error) {
	if runtime.GOOS != "linux" {
		return Result{}, errors.New("measuring needs the CPU clocks of Linux")
	}
	c, err := contender.Start(spec.Contender, spec.Target)
	if err != nil {
		return Result{}, err
	}
	var r Result
	switch spec.Mode {
	case Call:
		r, err = call(c, spec)
	case Burst:
		r, err = burst(c, spec)
	case Repeat:
		r, err = repeat(c, spec)
	case Paced:
		r, err = paced(c, spec)
	default:
		err = fmt.Errorf("no mode %q", spec.Mode)
	}
	if err != nil {
		return Result{}, err
	}
	r.Peak, err = peakMemory()
	return r, err
}

// slice is the number of events that call logs at a time: too few to fill a request, which takes
// more than 5,000.
const slice = 4000

// call measures the CPU time of the logging thread. It logs a slice and then, unmeasured, waits for
// its delivery. So nothing is sent during a measurement, and memory is reused as in a long-running
// program.
//
// With Whole, because another thread takes part in the log call, it measures the CPU time of the
// process. It then does not lock the goroutine to its thread, which would make every handover to
// another thread many times more expensive than in a real program.
func call(c contender.Contender, spec Spec) (r Result, err error) {
	cpuTime := processTime
	if !spec.Whole {
		cpuTime = threadTime
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	log := contender.Logger(c)
	for i := range max(spec.Events/slice, 1) + 1 {
		memory := readMemory()
		cpu, began := cpuTime(), time.Now()
		for range slice {
			log()
		}
		wall, took := time.Since(began), cpuTime()-cpu
		mallocs, bytes := memory.since()
		if err := c.Settle(); err != nil {
			return r, err
		}
		if i == 0 {
			continue // warm-up
		}
		r.Logged += slice
		r.CPU += took
		r.CallWall += wall
		r.Mallocs += mallocs
		r.AllocBytes += bytes
	}
	return r, c.Close()
}

// burst logs as fast as possible and closes the contender. It measures the whole process from the
// first log call to the end of Close.
func burst(c contender.Contender, spec Spec) (r Result, err error) {
	usual := contender.Logger(c)
	log := func(int) { usual() }
	switch {
	case spec.Message > 0:
		l := slog.New(c.Handler())
		text := contender.Text(max(spec.Message-contender.TextOverhead, 1))
		log = func(int) { contender.LogText(l, text) }
	case spec.Varied:
		l := slog.New(c.Handler())
		one := contender.Varied()
		log = func(n int) { one(l, n) }
	}
	m := startMeter()
	var group sync.WaitGroup
	goroutines := max(spec.Goroutines, 1)
	for i := range goroutines {
		share := spec.Events / goroutines
		if i < spec.Events%goroutines {
			share++
		}
		group.Go(func() {
			for n := range share {
				log(n)
			}
		})
	}
	group.Wait()
	r.CallWall = time.Since(m.began)
	err = c.Close()
	m.stop(&r)
	r.Logged = int64(spec.Events)
	return r, err
}

// repeat logs bursts and waits for the delivery of each, after one unmeasured burst.
func repeat(c contender.Contender, spec Spec) (r Result, err error) {
	log := contender.Logger(c)
	one := func(events int) error {
		for range events {
			log()
		}
		return c.Settle()
	}
	if err := one(min(spec.Events, 10_000)); err != nil {
		return r, err
	}
	m := startMeter()
	for range spec.Bursts {
		if err := one(spec.Events); err != nil {
			return r, err
		}
	}
	m.stop(&r)
	r.Logged = int64(spec.Bursts) * int64(spec.Events)
	return r, c.Close()
}

// paced logs the events due each millisecond and closes the contender. It measures the whole
// process including the pacing, whose cost an Idle run measures.
func paced(c contender.Contender, spec Spec) (r Result, err error) {
	log := contender.Logger(c)
	var latency stat.Histogram
	m := startMeter()
	for elapsed := time.Duration(0); elapsed < spec.For; elapsed = time.Since(m.began) {
		due := int64(float64(spec.Rate) * elapsed.Seconds())
		for ; r.Logged < due; r.Logged++ {
			switch {
			case spec.Idle:
			case spec.Timed:
				began := time.Now()
				log()
				latency.Add(time.Since(began).Nanoseconds())
			default:
				log()
			}
		}
		time.Sleep(time.Millisecond)
	}
	r.CallWall = time.Since(m.began)
	err = c.Close()
	m.stop(&r)
	if spec.Timed {
		r.Latency = &Latency{
			latency.Quantile(0.5), latency.Quantile(0.9), latency.Quantile(0.99),
			latency.Quantile(0.999), latency.Quantile(0.9999), latency.Max(),
		}
	}
	return r, err
}
