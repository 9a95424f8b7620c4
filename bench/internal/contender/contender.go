// Package contender has the ways to log that are compared, and the records
// they all log.
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
	// Settle waits until what was logged is delivered, or a moment if the
	// contender cannot tell.
	Settle() error
	// Close delivers what is left, as well as the contender can.
	Close() error
}

// Logger returns a function that logs the record that is compared.
func Logger(c Contender) (log func()) {
	if own, ok := c.(interface{ Log() }); ok { // not slog
		return own.Log
	}
	l := slog.New(c.Handler())
	return func() { Log(l) }
}

// BufferBytes is the bound of our handler's buffer, its default.
const BufferBytes = 64 << 20

// What every contender is told to deliver to.
const (
	region    = "us-east-1"
	accessID  = "AKIDEXAMPLE"
	accessKey = "secret"
	group     = "bench"
	stream    = "bench"
)

// Start starts the contender of that name.
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

// Delivers says whether the contender sends anything at all.
func Delivers(name string) bool {
	return name != Discard && name != File && name != Nothing && name != ZapDiscard && name != ZerologDiscard
}

// Lossless says whether a contender promises to deliver everything here: it
// makes the log call wait when it cannot keep up.
func Lossless(name string) bool {
	return name == Cloudwatch || name == Compressed || Spooled(name) || name == Typed || name == Zap || name == Zerolog
}

// Spooled says whether a contender is ours with a spool.
func Spooled(name string) bool { return name == Hot || name == Direct }

// HasFiles says whether a contender needs a Place for its files.
func HasFiles(name string) bool { return Spooled(name) || name == File }
