package faulttest_test

import (
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

var (
	schedules    = flag.Int("schedules", 120, "how many random fault schedules TestFaultSchedules runs")
	scheduleSeed = flag.Uint64("schedule-seed", 0, "where the random fault schedules begin; 0 = anywhere")
	scheduleName = flag.Bool("schedule-names", false, "print each fault schedule before it runs, to find one that hangs or crashes")
)

// A schedule is a little program of bytes: what is logged, what goes wrong
// meanwhile, and how much time passes. Its first bytes are the options of the
// handler, each three that follow are a step. All bytes mean something, so any
// of them can be changed or left out: that is how a schedule that fails is made
// small, and how a fuzzer finds new ones.
const (
	optionBytes = 3
	stepBytes   = 3
	maxSteps    = 25
)

// TestFaultSchedules runs what is in testdata/schedules, then random ones. Each
// ends with the faults over and must have kept every promise, see oracle.
func TestFaultSchedules(t *testing.T) {
	files, err := filepath.Glob("testdata/schedules/*.hex")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			program := readSchedule(t, file)
			for _, failure := range runSchedule(t, program) {
				t.Error(failure)
			}
			if t.Failed() {
				t.Logf("the schedule:\n%s", listing(program))
			}
		})
	}

	seed := *scheduleSeed
	for seed == 0 {
		seed = rand.Uint64()
	}
	var next, failed atomic.Int64
	for core := range runtime.GOMAXPROCS(0) {
		t.Run(fmt.Sprint("core ", core), func(t *testing.T) {
			t.Parallel()
			for failed.Load() == 0 {
				i := next.Add(1) - 1
				if i >= int64(*schedules) {
					return
				}
				program := randomSchedule(seed, uint64(i))
				failures := runSchedule(t, program)
				if len(failures) == 0 {
					continue
				}
				failed.Add(1)
				t.Errorf("schedule %d of -schedule-seed %d:\n%s", i, seed, strings.Join(failures, "\n"))
				program, failures = shrink(t, program, failures)
				t.Errorf("made small:\n%s\n%s", strings.Join(failures, "\n"), listing(program))
			}
		})
	}
}

// FuzzSchedule runs the schedules that a fuzzer makes up. What a schedule reaches
// depends a little on chance, so -fuzzminimizetime 5x keeps the fuzzer from making
// interesting ones small for ever.
func FuzzSchedule(f *testing.F) {
	files, _ := filepath.Glob("testdata/schedules/*.hex") // the pattern is fine
	for _, file := range files {
		f.Add(readSchedule(f, file))
	}
	for i := range uint64(20) {
		f.Add(randomSchedule(1, i))
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		if failures := runSchedule(t, program); len(failures) > 0 {
			t.Fatalf("%s\n%s", strings.Join(failures, "\n"), listing(program))
		}
	})
}

func randomSchedule(seed, number uint64) []byte {
	random := rand.New(rand.NewPCG(seed, number))
	program := make([]byte, optionBytes+stepBytes*(3+random.IntN(maxSteps-2)))
	for i := range program {
		program[i] = byte(random.Uint32())
	}
	return program
}

// readSchedule reads a schedule in hex. Lines that begin with # are comments.
func readSchedule(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			digits.WriteString(strings.Join(strings.Fields(line), ""))
		}
	}
	program, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return program
}

// listing is a schedule as a file for testdata/schedules.
func listing(program []byte) string {
	s := decodeSchedule(program)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", s.describe())
	for _, step := range s.steps {
		fmt.Fprintf(&b, "# %s\n", step.name)
	}
	for _, chunk := range s.chunks(program) {
		fmt.Fprintf(&b, "%x\n", chunk)
	}
	return b.String()
}

// shrink leaves out steps and lowers bytes as long as the same obligation is
// broken.
func shrink(t *testing.T, program []byte, failures []string) ([]byte, []string) {
	broken := func(failures []string) string {
		if len(failures) == 0 {
			return ""
		}
		obligation, _, _ := strings.Cut(failures[0], ":")
		return obligation
	}
	wanted := broken(failures)
	deadline := time.Now().Add(30 * time.Second)
	// Some failures depend on chance: each candidate gets a few.
	fails := func(candidate []byte) bool {
		for range 3 {
			if time.Now().After(deadline) {
				return false
			}
			if f := runSchedule(t, candidate); broken(f) == wanted {
				program, failures = candidate, f
				return true
			}
		}
		return false
	}
	for again := true; again; {
		again = false
		for n := len(program) / 2 / stepBytes; n > 0; n /= 2 {
			for at := optionBytes; at+n*stepBytes <= len(program); {
				if fails(slices.Delete(slices.Clone(program), at, at+n*stepBytes)) {
					again = true
				} else {
					at += stepBytes
				}
			}
		}
		for i := range program {
			for _, lower := range []byte{0, program[i] & 0x0f, program[i] & 0xf0, program[i] / 2, program[i] - 1} {
				if i < len(program) && lower < program[i] {
					candidate := slices.Clone(program)
					candidate[i] = lower
					again = fails(candidate) || again
				}
			}
		}
	}
	return program, failures
}

// schedule is a decoded program.
type schedule struct {
	options cloudwatch.Options
	asJSON  bool
	steps   []step
}

// step is a step of a schedule: in words, and to be run.
type step struct {
	name string
	run  func(*scene)
}

func decodeSchedule(program []byte) schedule {
	var head [optionBytes]byte
	n := copy(head[:], program)
	s := schedule{asJSON: head[0]&1 != 0}
	o := &s.options
	o.OnFull = cloudwatch.OnFull(head[0] >> 1 & 1)
	o.Compress = head[0]&4 != 0
	o.Untimely = cloudwatch.Untimely(head[0] >> 3 & 1)
	if head[0]&16 != 0 {
		o.LogStream = testkit.Stream
	}
	if head[0]&32 != 0 {
		o.MaxEventBytes = 4000
	}
	o.RetentionDays = [...]int{0, 0, 1, 14}[head[0]>>6]
	o.BufferBytes = [...]int{64 << 10, 200_000, 1 << 20, 64 << 20}[head[1]&3]
	o.FlushInterval = [...]time.Duration{time.Second, 100 * time.Millisecond, 5 * time.Second, time.Minute}[head[1]>>2&3]
	o.MaxInFlight = [...]int{1, 2, 4, 16}[head[1]>>4&3]
	o.CloseTimeout = [...]time.Duration{10_007 * time.Millisecond, 1_003 * time.Millisecond}[head[2]&1]
	for rest := program[n:]; len(rest) >= stepBytes && len(s.steps) < maxSteps; rest = rest[stepBytes:] {
		s.steps = append(s.steps, decodeStep(rest[0], rest[1], rest[2]))
	}
	return s
}

// chunks are the options and the steps of a program, in bytes.
func (s *schedule) chunks(program []byte) [][]byte {
	program = program[:min(len(program), optionBytes+stepBytes*len(s.steps))]
	chunks := [][]byte{program[:min(optionBytes, len(program))]}
	return slices.AppendSeq(chunks, slices.Chunk(program[len(chunks[0]):], stepBytes))
}

func (s *schedule) describe() string {
	o := &s.options
	return fmt.Sprintf("OnFull %d, Untimely %d, BufferBytes %d, FlushInterval %v, MaxInFlight %d, CloseTimeout %v, RetentionDays %d, MaxEventBytes %d, Compress %t, LogStream %q, JSON %t",
		o.OnFull, o.Untimely, o.BufferBytes, o.FlushInterval, o.MaxInFlight, o.CloseTimeout, o.RetentionDays, o.MaxEventBytes, o.Compress, o.LogStream, s.asJSON)
}

func decodeStep(op, a, b byte) step {
	switch op % 16 {
	case 0, 1, 2, 3:
		return burstStep(a, b)
	case 4:
		return trickleStep(a, b)
	case 5, 6, 7:
		return sleepStep(a)
	case 8, 9, 10, 11:
		return faultStep(a, b)
	case 12:
		return step{"all faults end", (*scene).endFaults}
	case 13:
		return untimelyStep(a, b)
	case 14:
		return flushStep(a)
	default:
		switch a % 8 {
		case 0:
			return step{"Close", (*scene).close}
		case 1, 2:
			return step{"the log stream is deleted", (*scene).deleteStream}
		case 3:
			return step{"the log group is deleted", (*scene).deleteGroup}
		default:
			return step{"check", (*scene).check}
		}
	}
}

// scene is a schedule being run.
type scene struct {
	*oracle
	srv      *cloudwatchtest.Server
	loggers  []*producer // of records, a line writer last
	untimely *producer
	trickles []*trickle
	faults   []func() // each ends one
	closed   bool
	answer   error         // of Close
	trouble  time.Duration // how much time may still pass while there are faults
}

// runSchedule runs a schedule and returns which promises it found broken.
func runSchedule(t *testing.T, program []byte) (failures []string) {
	s := decodeSchedule(program)
	if *scheduleName {
		fmt.Fprintf(os.Stderr, "schedule %x\n", program)
	}
	defer func() {
		// A bubble in which goroutines are left panics at its end.
		if p := recover(); p != nil {
			failures = append(failures, fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	synctest.Test(t, func(*testing.T) {
		srv := cloudwatchtest.New()
		o, err := newOracle(srv, s.options, s.asJSON)
		if err != nil {
			failures = append(failures, err.Error())
			return
		}
		c := newScene(o, srv)
		for _, step := range s.steps {
			step.run(c)
			c.checkNow()
		}
		c.end()
		srv.Close()
		failures = append(failures, o.failures...)
	})
	return failures
}

func newScene(o *oracle, srv *cloudwatchtest.Server) *scene {
	c := &scene{oracle: o, srv: srv, trouble: 10 * time.Minute}
	for i := range 4 {
		c.loggers = append(c.loggers, o.producer(i == 3))
	}
	c.untimely = o.producer(false)
	return c
}

// end has the faults end, and all that is due happen.
func (c *scene) end() {
	c.endFaults()
	for _, tr := range c.trickles {
		<-tr.done
	}
	if !c.closed {
		// Slow probes, pauses the service asked for and a rate that was throttled
		// down take some minutes to be over.
		time.Sleep(10 * time.Minute)
		c.checkQuiet()
		if s := c.Stats(); s.Pending != 0 {
			c.failf("recovers", "ten minutes after the last fault %d events are pending: %s", s.Pending, figures(s))
		}
		c.close()
		if c.answer != nil {
			c.failf("recovers", "all faults are over, but Close returned %v", c.answer)
		}
	}
	c.checkClosed(c.answer)
}

func (c *scene) close() {
	began := time.Now()
	c.cutShort = c.cutShort || !c.closed && len(c.faults) > 0
	c.closing.Store(true)
	answer := c.Close()
	took := time.Since(began)
	// A request can hang from before the faults ended until Close has to end.
	c.cutShort = c.cutShort || took >= c.opts.CloseTimeout
	// Code that is not ours hangs at times: two seconds are for that.
	if took > c.opts.CloseTimeout+2*time.Second {
		c.failf("close in time", "Close took %v of %v", took, c.opts.CloseTimeout)
	}
	if c.closed && answer != c.answer {
		c.failf("close in time", "Close returned %v, then %v", c.answer, answer)
	}
	c.closed, c.answer = true, answer
}

func (c *scene) check() { c.checkQuiet() }

func (c *scene) deleteStream() {
	synctest.Wait()
	c.collect()
	_ = c.srv.DeleteLogStream(testkit.Group, c.stream) // it may not be there
}

func (c *scene) deleteGroup() {
	synctest.Wait()
	c.collect()
	_ = c.srv.DeleteLogGroup(testkit.Group) // it may not be there
}
