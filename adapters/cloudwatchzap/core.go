// Package cloudwatchzap sends what zap logs to CloudWatch Logs.
//
//	h, err := cloudwatch.NewHandler("my_log_group", nil)
//	...
//	logger := zap.New(cloudwatchzap.NewCore(h, nil, nil))
//
// Each entry is one event, with its own time and level, however many lines it has. The level
// decides which events a full buffer keeps, as for records of slog. Log calls do not wait for
// the network, except Fatal and Panic, which deliver first, and all of them if
// cloudwatch.Options.OnFull is Block.
package cloudwatchzap

import (
	"bytes"
	"context"
	"errors"
	"log/slog"

	"go.uber.org/zap/zapcore"

	"github.com/cloudwatch-go/cloudwatch"
)

// NewCore returns a core that sends entries through the handler. It is zapcore.NewCore with
// a handler in place of the writer.
//
// The encoder makes the message; a line ending at its end is left out. nil: that of
// [NewEncoder]. The level decides which entries are sent. nil: those that
// cloudwatch.Options.Level accepts, also when that changes. Options.Format, AddSource and
// ReplaceAttr do not apply.
//
// An event keeps the time of its entry and, for a full buffer, its level: that of slog which
// is four times zap's, so WARN is slog.LevelWarn; DPANIC, PANIC and FATAL are above
// slog.LevelError. Logger name, caller, fields and stack are where the encoder writes them.
//
// Sync waits until everything is delivered, within Options.CloseTimeout. The core does so by
// itself for FATAL, and for PANIC unless the spool keeps the event
// ([cloudwatch.Handler.Guarantee]), since a panic may be recovered. It never does for DPANIC,
// which in production ends nothing.
//
// Write returns cloudwatch.ErrClosed once the handler is closed, the error of an encoder, and
// for FATAL and PANIC a *cloudwatch.UndeliveredError; zap prints them. Events that are lost
// because the buffer is full or they are oversize are counted in Stats and reported by the
// handler; they are not errors of Write, since zap would print each of them.
//
// An entry costs one copy beside its encoding, and no allocation. The core is safe for
// concurrent use.
func NewCore(h *cloudwatch.Handler, enc zapcore.Encoder, level zapcore.LevelEnabler) zapcore.Core {
	if enc == nil {
		enc = NewEncoder()
	}
	if level == nil {
		level = handlerLevel{h}
	}
	return &core{level, enc, h}
}

// NewEncoder returns an encoder that writes JSON with the keys, times, levels and durations
// of slog.JSONHandler, so that the same metric filters and queries match: "time" in RFC 3339
// with nanoseconds, "level" such as "ERROR", "msg"; durations are whole nanoseconds. What
// slog does not have has zap's own keys: "logger", "caller", "stacktrace".
func NewEncoder() zapcore.Encoder {
	return zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		TimeKey:        slog.TimeKey,
		LevelKey:       slog.LevelKey,
		NameKey:        "logger",
		CallerKey:      "caller",
		MessageKey:     slog.MessageKey,
		StacktraceKey:  "stacktrace",
		EncodeLevel:    zapcore.CapitalLevelEncoder,
		EncodeTime:     zapcore.RFC3339NanoTimeEncoder,
		EncodeDuration: zapcore.NanosDurationEncoder,
		EncodeCaller:   zapcore.ShortCallerEncoder,
		SkipLineEnding: true,
	})
}

// handlerLevel enables the levels that the handler accepts.
type handlerLevel struct{ h *cloudwatch.Handler }

func (l handlerLevel) Enabled(level zapcore.Level) bool {
	return l.h.Enabled(context.Background(), slogLevel(level))
}

// slogLevel is exact for the levels that both have: zap counts them one by one, slog in
// steps of four.
func slogLevel(l zapcore.Level) slog.Level { return 4 * slog.Level(l) }

type core struct {
	zapcore.LevelEnabler
	enc zapcore.Encoder
	h   *cloudwatch.Handler
}

// Level makes zapcore.LevelOf exact for levels of the program's own.
func (c *core) Level() zapcore.Level { return zapcore.LevelOf(c.LevelEnabler) }

func (c *core) With(fields []zapcore.Field) zapcore.Core {
	enc := c.enc.Clone()
	for _, f := range fields {
		f.AddTo(enc)
	}
	return &core{c.LevelEnabler, enc, c.h}
}

func (c *core) Check(ent zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(ent.Level) {
		return ce.AddCore(ent, c)
	}
	return ce
}

func (c *core) Write(ent zapcore.Entry, fields []zapcore.Field) error {
	buf, err := c.enc.EncodeEntry(ent, fields)
	if err != nil {
		return err
	}
	message := bytes.TrimSuffix(bytes.TrimSuffix(buf.Bytes(), []byte("\n")), []byte("\r"))
	err = c.h.Append(ent.Time, slogLevel(ent.Level), message)
	buf.Free()
	var undelivered error
	if ent.Level == zapcore.FatalLevel || ent.Level == zapcore.PanicLevel && !c.h.Guarantee().Kill {
		undelivered = c.h.Sync()
	}
	if errors.Is(err, cloudwatch.ErrClosed) {
		return err
	}
	return undelivered // another loss is counted and reported
}

func (c *core) Sync() error { return c.h.Sync() }
