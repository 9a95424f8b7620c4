package contender

import (
	"io"
	"time"

	"github.com/rs/zerolog"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzerolog"
)

// zerologLogger logs the standard record through zerolog.
type zerologLogger struct {
	Contender
	l zerolog.Logger
}

func newZerolog(w io.Writer, c Contender) Contender {
	return &zerologLogger{c, zerolog.New(w).With().Timestamp().Logger()}
}

func startZerolog(t Target) (Contender, error) {
	h, err := cloudwatch.NewHandler(group, options(t))
	if err != nil {
		return nil, err
	}
	return newZerolog(cloudwatchzerolog.NewWriter(h), ours{h}), nil
}

// zerologDiscard returns the same logger writing to io.Discard.
func zerologDiscard() Contender { return newZerolog(io.Discard, discard{}) }

func (z *zerologLogger) Log() {
	z.l.Info().
		Str("method", "GET").
		Str("path", "/items/12").
		Int("status", 200).
		Dur("took", 1234567*time.Nanosecond).
		Str("ip", "192.0.2.17").
		Bool("cached", false).
		Msg("served")
}
