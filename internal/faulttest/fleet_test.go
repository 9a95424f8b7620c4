package faulttest_test

import (
	"flag"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// The defaults are a small fleet in a small account. "make fleet" starts 10,000
// processes against the quotas that a new AWS account has, 50 and 5,000 a second.
var (
	fleetSize    = flag.Int("fleet-size", 200, "how many processes TestFleet starts")
	fleetCreates = flag.Int("fleet-creates", 10, "the quota of CreateLogStream, per second, that they share")
	fleetPuts    = flag.Int("fleet-puts", 100, "the quota of PutLogEvents, per second, that they share")
	fleetPlots   = flag.String("fleet-plot", "", "the folder to which TestFleet writes its plots; empty: none")
)

// What a fleet may cost the account it shares.
const (
	fleetCost  = 1.2               // requests for each that takes effect
	fleetReady = 1.3               // times what the quota of CreateLogStream takes by itself: then all are ready
	fleetExtra = 120 * time.Second // later, in fleets of less than 10,000: one who was unlucky is what shows there
	fleetSwing = 0.5               // of the rate of PutLogEvents, see swing
)

// TestFleet starts many processes in the same second. They share a log group that
// is missing, and the quotas of one account: 50 log streams a second for all. Each
// process here is a handler with its own client, buffer and chances.
func TestFleet(t *testing.T) {
	scenarios := []fleetScenario{
		{name: "calm", about: "an event every 10 s", every: 10 * time.Second, length: 300 * time.Second},
		{name: "busy", about: "an event every second", every: time.Second, length: 150 * time.Second},
		{name: "short", about: "three events at the start, StartDelay", atOnce: 3, delay: 1.1, length: 60 * time.Second},
	}
	var fleets []*fleet
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			began := time.Now()
			testkit.Bubble(t, func(t *testing.T) {
				f := newFleet(s)
				f.run()
				f.check(t)
				fleets = append(fleets, f)
			})
			t.Logf("%s, %.0f s", fleets[len(fleets)-1], time.Since(began).Seconds())
		})
	}
	if *fleetPlots != "" {
		plotFleets(t, *fleetPlots, fleets)
	}
}

type fleetScenario struct {
	name   string
	about  string
	every  time.Duration // each process logs once in each span of this length, at any moment
	atOnce int           // or so many events at the start
	delay  float64       // StartDelay, times what the quota takes by itself
	length time.Duration // after that every process ends; longer in a fleet that takes longer to be ready
}

// fleet is a run of a scenario.
type fleet struct {
	fleetScenario
	srv    *cloudwatchtest.Server
	opts   cloudwatch.Options
	begin  time.Time
	bound  time.Duration // all log streams take so long if no request is wasted
	events int           // of each process

	// What the endpoint saw.
	rates    map[fleetAnswer][]float64 // number of requests, by 100 ms
	streams  []string
	ready    time.Duration // when the last log stream was made
	requests int
	effects  int
	arrived  [][]bool // by process and event

	idle int // memory of a process when all are ready, with its part of the endpoint, in bytes

	mu       sync.Mutex // guards what follows
	counted  int64      // requests that the processes count themselves
	failures []string
}

// fleetAnswer is an operation and what came of a request.
type fleetAnswer struct{ operation, outcome string }

const (
	taken     = "taken"
	throttled = "throttled"
	inVain    = "in vain" // such as a log stream for a group that is still missing
)

const fleetBin = 100 * time.Millisecond

func newFleet(s fleetScenario) *fleet {
	f := &fleet{
		fleetScenario: s,
		srv:           cloudwatchtest.New(),
		begin:         time.Now(),
		bound:         time.Duration(*fleetSize) * time.Second / time.Duration(*fleetCreates),
		rates:         map[fleetAnswer][]float64{},
		arrived:       make([][]bool, *fleetSize),
	}
	f.length = max(f.length, f.scaled(1.5))
	f.events = f.atOnce
	if f.every > 0 {
		f.events = int(f.length / f.every)
	}
	for i := range f.arrived {
		f.arrived[i] = make([]bool, f.events)
	}
	f.srv.SetDefaultQuotas()
	f.srv.SetQuota("CreateLogStream", *fleetCreates)
	f.srv.SetQuota("PutLogEvents", *fleetPuts)
	cfg := f.srv.Config()
	cfg.HTTPClient = &http.Client{Transport: distant(f.srv.Transport())}
	f.opts = cloudwatch.Options{
		Config:        &cfg,
		RetentionDays: 14,
		Format:        cloudwatch.Pattern("{message}"),
		StartDelay:    f.scaled(s.delay),
	}
	return f
}

// distant is a network on which a request and its answer take their time.
func distant(to http.RoundTripper) http.RoundTripper {
	way := func() { time.Sleep(5*time.Millisecond + rand.N(25*time.Millisecond)) }
	return testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		way()
		defer way()
		return to.RoundTrip(r)
	})
}

// run starts the processes and watches the endpoint until all have ended.
func (f *fleet) run() {
	before := memoryInUse()
	var processes sync.WaitGroup
	for i := range *fleetSize {
		processes.Go(func() { f.process(i) })
	}
	ended := make(chan struct{})
	go func() {
		processes.Wait()
		close(ended)
	}()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for running := true; running; {
		select {
		case <-second.C:
		case <-ended:
			running = false
		}
		for _, r := range f.srv.TakeRequests() {
			f.enter(r)
		}
		switch seconds := int(time.Since(f.begin).Seconds()); {
		case seconds == int((f.length - time.Second).Seconds()):
			f.take()
			f.idle = (memoryInUse() - before) / *fleetSize
		case seconds%10 == 0 || !running:
			f.take()
		}
	}
	f.srv.Close()
}

// memoryInUse counts stacks as well: each process has its goroutines.
func memoryInUse() int {
	used := testkit.Heap()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return used + int(m.StackInuse)
}

// process is the life of one.
func (f *fleet) process(number int) {
	time.Sleep(rand.N(time.Second))
	h, err := cloudwatch.NewHandler(testkit.Group, &f.opts)
	if err != nil {
		f.fail("NewHandler: %v", err)
		return
	}
	log := slog.New(h)
	for n := range f.events {
		if f.every > 0 {
			time.Sleep(time.Until(f.begin.Add(time.Duration(n)*f.every + rand.N(f.every))))
		}
		log.Info(fmt.Sprintf("event %d of process %d", n, number))
	}
	time.Sleep(time.Until(f.begin.Add(f.length + rand.N(time.Second))))
	if err := h.Close(); err != nil {
		f.fail("Close: %v", err)
	}
	s := h.Stats()
	if s.Delivered != int64(f.events) {
		f.fail("a process has logged %d events: %s", f.events, figures(s))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counted += s.Requests
}

func (f *fleet) fail(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

// enter enters a request that the endpoint has answered.
func (f *fleet) enter(r cloudwatchtest.Request) {
	f.requests++
	a := fleetAnswer{r.Operation, inVain}
	at := r.Time.Sub(f.begin)
	switch {
	case r.Committed:
		a.outcome = taken
		f.effects++
		if r.Operation == "CreateLogStream" {
			f.streams = append(f.streams, r.LogStream)
			f.ready = max(f.ready, at)
		}
	case r.Code == cloudwatchtest.Throttled().Code:
		a.outcome = throttled
	}
	bin := int(at / fleetBin)
	if missing := bin + 1 - len(f.rates[a]); missing > 0 {
		f.rates[a] = append(f.rates[a], make([]float64, missing)...)
	}
	f.rates[a][bin]++
}

// take takes the events that have arrived, so that they do not fill the memory.
func (f *fleet) take() {
	for _, stream := range f.streams {
		for _, e := range f.srv.TakeEvents(testkit.Group, stream) {
			var n, process int
			if _, err := fmt.Sscanf(e.Message, "event %d of process %d", &n, &process); err != nil {
				f.fail("%q has arrived: %v", e.Message, err)
			} else if f.arrived[process][n] {
				f.fail("%q has arrived twice", e.Message)
			} else {
				f.arrived[process][n] = true
			}
		}
	}
}

func (f *fleet) check(t *testing.T) {
	missing := 0
	for _, events := range f.arrived {
		for _, arrived := range events {
			if !arrived {
				missing++
			}
		}
	}
	if missing > 0 {
		t.Errorf("%d events are missing", missing)
	}
	if f.counted != int64(f.requests) {
		t.Errorf("the processes count %d requests, the endpoint %d", f.counted, f.requests)
	}
	if g, _ := f.srv.LogGroup(testkit.Group); f.sum("PutRetentionPolicy", taken) != 1 || g.RetentionDays != 14 {
		t.Errorf("%.0f PutRetentionPolicy took effect, and the retention is %d days; want 1 and 14", f.sum("PutRetentionPolicy", taken), g.RetentionDays)
	}
	if f.cost() > fleetCost {
		t.Errorf("%.3f requests for each that takes effect, want at most %v", f.cost(), fleetCost)
	}
	longest := f.scaled(fleetReady)
	if *fleetSize < 10_000 {
		longest += fleetExtra
	}
	if f.ready > longest {
		t.Errorf("the last log stream is there after %v, want at most %v", f.ready, longest)
	}
	if f.every > 0 && f.swing() > fleetSwing {
		t.Errorf("the rate of PutLogEvents swings by %.2f of its mean, want at most %v", f.swing(), fleetSwing)
	}
	for i, failure := range f.failures {
		if i == 5 {
			t.Errorf("and %d more", len(f.failures)-i)
			break
		}
		t.Error(failure)
	}
}

// cost returns the requests for each that takes effect.
func (f *fleet) cost() float64 { return float64(f.requests) / float64(f.effects) }

func (f *fleet) scaled(times float64) time.Duration { return time.Duration(times * float64(f.bound)) }

// swing tells processes that send by themselves from waves of them. It is the
// standard deviation of the number of PutLogEvents in 100 ms, over its mean, from
// when all are ready to the end. Chance alone makes the variance of such a number
// as large as its mean, so that is taken off. What is left is how far the rate
// itself goes up and down: 0 if all send at times of their own, 3 if all send in
// the same second of each ten.
func (f *fleet) swing() float64 {
	var counts []float64
	for bin := int(f.ready/fleetBin) + 1; bin < int(f.length/fleetBin); bin++ {
		counts = append(counts, f.at("PutLogEvents", taken, bin)+f.at("PutLogEvents", throttled, bin))
	}
	mean, variance := 0.0, 0.0
	for _, n := range counts {
		mean += n / float64(len(counts))
	}
	for _, n := range counts {
		variance += (n - mean) * (n - mean) / float64(len(counts)-1)
	}
	if mean == 0 {
		return 0
	}
	return math.Sqrt(max(0, variance-mean)) / mean
}

func (f *fleet) at(operation, outcome string, bin int) float64 {
	if rate := f.rates[fleetAnswer{operation, outcome}]; bin < len(rate) {
		return rate[bin]
	}
	return 0
}

func (f *fleet) sum(operation, outcome string) (n float64) {
	for _, count := range f.rates[fleetAnswer{operation, outcome}] {
		n += count
	}
	return n
}

func (f *fleet) String() string {
	creates := func(outcome string) float64 {
		return f.sum("CreateLogStream", outcome) + f.sum("CreateLogGroup", outcome)
	}
	return fmt.Sprintf("%d processes: %d requests, %.3f for each that took effect; creates: %.0f taken, %.0f throttled, %.0f in vain; "+
		"PutLogEvents: %.0f taken, %.0f throttled; last stream after %.0f s of at least %.0f s; swing %.2f; %d KiB a process",
		*fleetSize, f.requests, f.cost(), creates(taken), creates(throttled), creates(inVain),
		f.sum("PutLogEvents", taken), f.sum("PutLogEvents", throttled), f.ready.Seconds(), f.bound.Seconds(), f.swing(), f.idle>>10)
}
