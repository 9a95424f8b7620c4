// Package cloudwatchzap sends what zap logs to CloudWatch Logs.
//
//	h, err := cloudwatch.NewHandler("my_log_group", nil)
//	...
//	logger := zap.New(cloudwatchzap.NewCore(h, nil, nil))
//
// Each entry becomes one event with the time and level of the entry, even if it has several lines.
// The level decides which events a full buffer keeps, as for slog records. Log calls never wait for
// the network, except Fatal and Panic, which deliver first, and all log calls if
// [cloudwatch.Options].OnFull is Block.
package cloudwatchzap

import (
	"bytes"
	"context"
	"errors"
	"log/slog"

	"go.uber.org/zap/zapcore"

	"github.com/cloudwatch-go/cloudwatch"
)

// NewCore returns a core that sends entries through the handler. It corresponds to
// [zapcore.NewCore] with a handler in place of the WriteSyncer.
//
// The encoder writes the message; the core removes a trailing line ending. nil: [NewEncoder]. The
// level enables the entries to send. nil: the levels that [cloudwatch.Options].Level accepts at
// the time of the log call. Options.Format, AddSource and ReplaceAttr do not apply.
//
// An event has the time of its entry. Its slog level, which matters when the buffer is full, is
// four times the zap level: WARN is [slog.LevelWarn]; DPANIC, PANIC and FATAL are above
// [slog.LevelError]. The encoder writes logger name, caller, fields and stack.
//
// Sync flushes the handler, within Options.CloseTimeout. The core calls it for FATAL, and for PANIC
// unless the spool keeps the event ([cloudwatch.Handler.Guarantee]), because a panic may be
// recovered. It does not for DPANIC, which does not end the program in production.
//
// Write returns [cloudwatch.ErrClosed] after the handler was closed, the errors of the encoder, and
// for FATAL and PANIC a [*cloudwatch.UndeliveredError]; zap prints them. Events lost because the
// buffer is full or they are oversize are counted in [cloudwatch.Stats] and reported by the handler.
// Write returns no error for them, because zap would print each one.
//
// Besides its encoding, an entry costs one copy and no allocation. The core is safe for concurrent
// use.
func NewCore(h *cloudwatch.Handler, enc zapcore.Encoder, level zapcore.LevelEnabler) zapcore.Core {
	if enc == nil {
		enc = NewEncoder()
	}
	if level == nil {
		level = handlerLevel{h}
	}
	return &core{level, enc, h}
}

// NewEncoder returns an encoder that writes JSON with the keys, times, levels and durations of
// [slog.JSONHandler], so that the same metric filters and queries match: "time" in RFC 3339 with
// nanoseconds, "level" such as "ERROR", "msg", and durations in nanoseconds. Other keys are zap's:
// "logger", "caller", "stacktrace".
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

// slogLevel converts a level: those of zap are one apart, those of slog four.
func slogLevel(l zapcore.Level) slog.Level { return 4 * slog.Level(l) }

type core struct {
	zapcore.LevelEnabler
	enc zapcore.Encoder
	h   *cloudwatch.Handler
}

// Level makes [zapcore.LevelOf] work for custom levels, too.
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
	return undelivered // the handler counts and reports other losses
}

func (c *core) Sync() error { return c.h.Sync() }
