// Package child implements the process that runs one contender once. It reads a [Spec] as JSON and
// writes a [Result] as JSON.
package child

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
)

// Mode is what a child measures.
type Mode string

const (
	// Call measures the log call alone.
	Call Mode = "call"
	// Burst logs as fast as possible until everything is delivered.
	Burst Mode = "burst"
	// Repeat logs consecutive bursts over an open connection with warm buffers.
	Repeat Mode = "repeat"
	// Paced logs at a fixed rate until everything is delivered.
	Paced Mode = "paced"
)

// Spec is the task of a child.
type Spec struct {
	Contender  string
	Target     contender.Target
	Mode       Mode
	Events     int           // events of the run; Repeat: of each burst
	Whole      bool          // Call: measure the CPU time of the whole process
	Bursts     int           // Repeat: number of bursts
	Goroutines int           // Burst: goroutines that log; 0: 1
	Message    int           // Burst: bytes of each message; 0: the standard record
	Varied     bool          // Burst: no two records alike
	Rate       int           // Paced: events per second
	For        time.Duration // Paced: duration
	Timed      bool          // Paced: measure the latency of each call
	Idle       bool          // Paced: pace without logging
}

// Result is the measurement of a child.
type Result struct {
	Logged     int64         // log calls
	CPU        time.Duration // of the process; Call without Whole: of the logging thread
	Wall       time.Duration // from the first log call until everything is delivered
	CallWall   time.Duration // from the first log call until the last has returned; Call: the sum over its slices
	Mallocs    int64         // heap allocations
	AllocBytes int64         // heap bytes allocated
	Peak       int64         // peak resident memory of the process, in bytes
	Latency    *Latency      `json:",omitempty"` // of a log call
}

// Latency holds percentiles of the latency of log calls, in nanoseconds.
type Latency struct{ P50, P90, P99, P999, P9999, Max int64 }

// Main runs the task that it reads from in and writes its result to out.
func Main(in io.Reader, out io.Writer) error {
	var spec Spec
	if err := json.NewDecoder(in).Decode(&spec); err != nil {
		return fmt.Errorf("child: read spec: %w", err)
	}
	result, err := Run(spec)
	if err != nil {
		return fmt.Errorf("child: %s %s: %w", spec.Contender, spec.Mode, err)
	}
	return json.NewEncoder(out).Encode(result)
}
