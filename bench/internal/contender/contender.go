// Package contender implements the ways to log that the benchmark compares, and the records that
// they log.
package contender

import (
	"fmt"
	"log/slog"
)

// Names of the contenders, as they appear in tables.
const (
	Cloudwatch = "cloudwatch"
	Hot        = "cloudwatch, spool hot"
	Direct     = "cloudwatch, spool direct"
	Compressed = "cloudwatch, Compress"
	Discard    = "slog to io.Discard"
	File       = "slog to a file"
	Nothing    = "slog alone"
	Typed      = "typed SDK shipper"
	Lzap       = "lzap v1.5.5"
	Mec07      = "mec07 v0.2.6"

	Zap            = "zap core"
	ZapDiscard     = "zap to io.Discard"
	Zerolog        = "zerolog writer"
	ZerologDiscard = "zerolog to io.Discard"
)

// Contender is a running way to log.
type Contender interface {
	Handler() slog.Handler
	// Settle waits until everything logged is delivered, or for a short time if the contender
	// cannot report that.
	Settle() error
	// Close delivers the remaining events, as far as the contender does.
	Close() error
}

// Logger returns a function that logs the standard record.
func Logger(c Contender) (log func()) {
	if own, ok := c.(interface{ Log() }); ok { // not slog
		return own.Log
	}
	l := slog.New(c.Handler())
	return func() { Log(l) }
}

// BufferBytes is the buffer size of our handler: its default.
const BufferBytes = 64 << 20

// The destination of all contenders.
const (
	region    = "us-east-1"
	accessID  = "AKIDEXAMPLE"
	accessKey = "secret"
	group     = "bench"
	stream    = "bench"
)

// Start starts the named contender.
func Start(name string, t Target) (Contender, error) {
	switch name {
	case Cloudwatch:
		return startCloudwatch(options(t))
	case Compressed:
		o := options(t)
		o.Compress = true
		return startCloudwatch(o)
	case Hot, Direct:
		return startSpooled(name, t)
	case Discard:
		return discard{}, nil
	case File:
		return startFile(t)
	case Nothing:
		return nothing{}, nil
	case Typed:
		return startTyped(t)
	case Lzap:
		return startLzap(t)
	case Mec07:
		return startMec07(t)
	case Zap:
		return startZap(t)
	case ZapDiscard:
		return zapDiscard(), nil
	case Zerolog:
		return startZerolog(t)
	case ZerologDiscard:
		return zerologDiscard(), nil
	default:
		return nil, fmt.Errorf("no contender %q", name)
	}
}

// Delivers reports whether the contender sends events.
func Delivers(name string) bool {
	return name != Discard && name != File && name != Nothing && name != ZapDiscard && name != ZerologDiscard
}

// Lossless reports whether the contender must deliver every event: its log calls block when it
// cannot keep up.
func Lossless(name string) bool {
	return name == Cloudwatch || name == Compressed || Spooled(name) || name == Typed || name == Zap || name == Zerolog
}

// Spooled reports whether the contender is our handler with a spool.
func Spooled(name string) bool { return name == Hot || name == Direct }

// HasFiles reports whether the contender needs a [Place] for its files.
func HasFiles(name string) bool { return Spooled(name) || name == File }
