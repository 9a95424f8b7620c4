// Package child is the process that runs one contender once. It reads a Spec
// as JSON from its input and writes a Result as JSON to its output.
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
	// Call measures the log call alone, see call.
	Call Mode = "call"
	// Burst logs as fast as it can, until all is delivered.
	Burst Mode = "burst"
	// Repeat does bursts one after the other, when connection and buffers are
	// there already.
	Repeat Mode = "repeat"
	// Paced logs at a rate, until all is delivered.
	Paced Mode = "paced"
)

// Spec says what a child does.
type Spec struct {
	Contender  string
	Target     contender.Target
	Mode       Mode
	Events     int           // of the run, or of each burst of Repeat
	Whole      bool          // Call: the CPU time of the whole process
	Bursts     int           // Repeat: how many
	Goroutines int           // Burst: how many log; 0 is 1
	Message    int           // Burst: bytes of each message; 0 is the usual record
	Varied     bool          // Burst: records of which no two are alike
	Rate       int           // Paced: events a second
	For        time.Duration // Paced: how long
	Timed      bool          // Paced: measure the latency of each call
	Idle       bool          // Paced: keep the pace but log nothing
}

// Result is what a child measured.
type Result struct {
	Logged     int64         // log calls
	CPU        time.Duration // CPU time: of the process; for Call of the logging thread, unless Whole
	Wall       time.Duration // from the first log call until all is delivered
	CallWall   time.Duration // from the first log call until the last has returned; for Call of each slice
	Mallocs    int64         // heap allocations
	AllocBytes int64         // heap bytes allocated
	Peak       int64         // peak resident memory of the process, in bytes
	Latency    *Latency      `json:",omitempty"` // of a log call
}

// Latency is how long log calls took, in nanoseconds.
type Latency struct{ P50, P90, P99, P999, P9999, Max int64 }

// Main is the child's main.
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
