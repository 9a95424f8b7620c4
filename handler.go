package cloudwatch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/access"
	"github.com/cloudwatch-go/cloudwatch/internal/pipeline"
)

// Handler is a [slog.Handler] that sends records to a log stream of CloudWatch Logs. Make one with
// [NewHandler] or [New]: the zero value drops every record and returns an error for it.
//
// Log calls never wait for the network, unless [Options.OnFull] is Block. Handlers made by
// [Handler.WithAttrs] and [Handler.WithGroup] share one buffer and one connection: closing one of
// them closes all. A Handler is safe for concurrent use.
type Handler struct {
	pipeline *pipeline.Pipeline
	format   pipeline.Formatter
	settings *settings
}

var _ slog.Handler = (*Handler)(nil)

// NewHandler returns a handler that sends to a log group, which is created if it does not exist.
// The name may contain placeholders, see [Options.LogStream]. opts may be nil.
//
// It makes no request, except for {instance_id} in a name, which takes at most a second: a
// program starts while AWS is unavailable or access is denied. That is reported later to
// [Options.OnError], or on standard error, and in [Stats]. The error names every invalid option
// and every invalid setting of the AWS configuration.
//
// After [slog.SetDefault], package log writes to the handler too, and log.Fatal ends the program
// before its event is sent: the event is lost, unless there is a spool. Log the error, then call
// [Handler.Close] and os.Exit instead. The same applies to a [Writer] given to log.SetOutput.
func NewHandler(logGroup string, opts *Options) (*Handler, error) {
	p, s, err := newPipeline(logGroup, opts)
	if err != nil {
		return nil, fmt.Errorf("cloudwatch: new handler: %w", err)
	}
	return &Handler{p, s.format, s}, nil
}

// New is the short form of [NewHandler]. An empty string selects the default: the AWS default
// credentials, the region of the environment, a generated log stream. logGroup is required.
func New(accessID, accessKey, region, logGroup, logStream string) (*Handler, error) {
	return NewHandler(logGroup, &Options{
		AccessID:  accessID,
		AccessKey: accessKey,
		Region:    region,
		LogStream: logStream,
	})
}

func newPipeline(logGroup string, opts *Options) (*pipeline.Pipeline, *settings, error) {
	s, err := newSettings(logGroup, opts)
	if err != nil {
		return nil, nil, err
	}
	client, err := access.NewClient(s.access())
	if err != nil {
		return nil, nil, err
	}
	if err := s.fillNames(client.Options().Region, client.InstanceID); err != nil {
		client.Close(0)
		return nil, nil, err
	}
	p, err := pipeline.New(s.pipeline(client))
	if err != nil {
		return nil, nil, spoolOpenError(err)
	}
	return p, s, nil
}

// Enabled reports whether records of the level are sent: [Options.Level] must accept it, and so
// must a handler given to [Using].
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.pipeline.Enabled(ctx, h.format, level)
}

// Handle accepts the record and returns. The event has the time of the record, or the present
// time if the record has none. The error says why the event was dropped: [ErrBufferFull],
// [ErrOversize], [ErrClosed], or the error of a handler given to [Using]. A handler that writes
// nothing, since the record is below its level, is an error too.
//
// Canceling the context has no effect. Records that are logged while a request of this handler is
// made are ignored, to prevent recursion: those of the SDK's logger, and those logged with the
// context of the request.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	return h.pipeline.Handle(ctx, h.format, &r)
}

// WithAttrs returns a handler that adds the attributes to every record.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 || h.format == nil {
		return h
	}
	return &Handler{h.pipeline, h.format.WithAttrs(attrs), h.settings}
}

// WithGroup returns a handler that puts all attributes added later into a group. An empty name
// has no effect.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" || h.format == nil {
		return h
	}
	return &Handler{h.pipeline, h.format.WithGroup(name), h.settings}
}

// Append sends a message, which another logger has encoded, as one event with the given time and
// level. Adapters for loggers use it. A zero time means now.
//
// [Options.OnFull], [Options.Oversize] and the spool apply as for a record. The message may contain
// newlines and is sent unchanged. The level is not written into it: it decides which events a
// full buffer drops first, see [DropNewest], and appears in loss reports. [Options.Level] does not
// apply.
//
// The error is [ErrBufferFull], [ErrOversize] or [ErrClosed], as for [Handler.Handle]. An empty
// message is counted in [Dropped].Empty and is no error. Append copies the message once, allocates
// nothing, and is safe for concurrent use. Messages of the SDK's logger about requests of this
// handler are ignored.
func (h *Handler) Append(at time.Time, level slog.Level, message []byte) error {
	return h.pipeline.Append(at, level, message)
}

// LogGroup returns the name of the log group, with its placeholders replaced.
func (h *Handler) LogGroup() string { return h.pipeline.Group() }

// LogStream returns the name of the log stream: the given one with its placeholders replaced, or
// the generated one.
func (h *Handler) LogStream() string { return h.pipeline.Stream() }
