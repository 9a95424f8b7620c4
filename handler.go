package cloudwatch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// Handler is a slog.Handler that sends records to a log stream of CloudWatch
// Logs. Make one with NewHandler or New.
//
// Log calls never wait for the network, unless Options.OnFull says so. Handlers
// made by WithAttrs and WithGroup share one pipeline; shutting one down shuts
// all down.
type Handler struct {
	*pipeline
	format formatter
}

var _ slog.Handler = (*Handler)(nil)

// NewHandler returns a handler that sends to a log group, which is created if
// it does not exist. The name may hold placeholders, see Options.LogStream. opts
// may be nil.
//
// It makes no request, except for {instance_id} in a name, which takes at most a
// second: a program starts while AWS is down or access is denied, which is reported
// to Options.OnError, or on standard error, and in Stats. The error names what is
// wrong with the options or with the AWS configuration.
//
// After slog.SetDefault, package log writes to the handler as well, and log.Fatal
// ends the program before its event is sent: it is lost, unless there is a spool.
// Log the error, call Close and os.Exit instead. The same holds for a Writer given
// to log.SetOutput.
func NewHandler(logGroup string, opts *Options) (*Handler, error) {
	p, err := newPipeline(logGroup, opts)
	if err != nil {
		return nil, fmt.Errorf("cloudwatch: new handler: %w", err)
	}
	return &Handler{p, p.settings.format}, nil
}

// New is the short form of NewHandler. An empty string means the default: the
// AWS default credentials, the region of the environment, a log stream of its
// own. logGroup is required.
func New(accessID, accessKey, region, logGroup, logStream string) (*Handler, error) {
	return NewHandler(logGroup, &Options{
		AccessID:  accessID,
		AccessKey: accessKey,
		Region:    region,
		LogStream: logStream,
	})
}

// Enabled reports whether records of the level are sent: whether Options.Level accepts it
// and so does a handler given to Using.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	lowest := slog.LevelInfo
	if h.settings.Level != nil {
		lowest = h.settings.Level.Level()
	}
	if level < lowest {
		return false
	}
	using, ok := h.format.(handlerFormatter)
	if !ok || using.enabled(ctx, level) {
		return true
	}
	if h.settings.Level != nil { // else the handler's level is the only one that was set
		h.reportLevel(func() *levelError { return using.levelError(level) })
	}
	return false
}

// reportLevel reports the first record that a handler given to Using does not accept.
func (h *Handler) reportLevel(of func() *levelError) {
	if !h.levelReported.Load() && h.levelReported.CompareAndSwap(false, true) {
		h.report.later(fmt.Errorf("cloudwatch: records are not sent: %w", of()))
	}
}

// Handle takes the record and returns. It is delivered with its own time; a
// record without one gets the present. The error says why the event was dropped:
// ErrBufferFull, ErrOversize, ErrClosed, or the error of a handler given to Using. If
// that writes nothing, since the record is below its own level, that is an error too.
//
// Ending the context has no effect. What is logged about the requests of delivery
// is ignored, or delivery would feed itself: by the SDK's logger, or with the
// context of the request.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if deliver.Own(ctx) || h.client.Speech.Mine() {
		return nil
	}
	at, level := r.Time, account.LevelOf(r.Level)
	if at.IsZero() {
		at = time.Now()
	}
	wire := getScratch()
	defer wire.put()
	wire.b = h.encoder.AppendStart(wire.b, millis(at))
	start := len(wire.b)
	var size int
	var over encode.Sink // has the message, if it is too large
	var err error
	if f, ok := h.format.(jsonFormatter); ok { // saves copies of the record, which is large
		wire.b, size, over = f.AppendWire(wire.b, &r, &h.limit)
	} else {
		wire.b, size, over, err = h.format.append(ctx, wire.b, r, &h.limit)
	}
	switch {
	case err != nil:
		if e, ok := err.(*levelError); ok {
			h.reportLevel(func() *levelError { return e })
		}
		h.drop(account.Unformatted, batch.Event{Time: millis(at), Level: level})
		return fmt.Errorf("cloudwatch: format record: %w", err)
	case over != nil:
		return over.End()
	case size == 0, size > h.settings.MaxEventBytes:
		return h.accept(wire, encode.Unescape(wire.b[start:]), at, level)
	}
	wire.b = h.encoder.AppendEnd(wire.b)
	return h.enqueue(batch.Event{Time: millis(at), Size: size, Level: level, Wire: wire.b})
}

// WithAttrs returns a handler that adds the attributes to every record.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	return &Handler{h.pipeline, h.format.withAttrs(attrs)}
}

// WithGroup returns a handler that puts the attributes that come later into a
// group. An empty name changes nothing.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &Handler{h.pipeline, h.format.withGroup(name)}
}
