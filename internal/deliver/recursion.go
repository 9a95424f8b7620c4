package deliver

import (
	"bytes"
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/aws/smithy-go/logging"
)

type deliveryKey struct{}

// Own reports whether ctx belongs to a request of a worker. Records logged with it are about
// delivery; shipping them would be a feedback loop.
func Own(ctx context.Context) bool {
	return ctx != nil && ctx.Value(deliveryKey{}) != nil
}

// Speech is a recursion guard: it tracks which goroutines are in a call of the SDK's logger about
// our requests. SDK loggers may drop the context, so [Own] does not catch everything. The zero
// value is ready to use.
type Speech struct {
	calls      atomic.Int64 // in progress; makes the common case cheap
	goroutines sync.Map     // their IDs
}

// Mine reports whether the calling goroutine is in such a call.
func (s *Speech) Mine() bool {
	if s.calls.Load() == 0 {
		return false
	}
	_, mine := s.goroutines.Load(goroutineID())
	return mine
}

// Logger returns a logger that forwards to l with the guard set.
func (s *Speech) Logger(l logging.Logger) logging.Logger { return guardedLogger{l, s} }

type guardedLogger struct {
	logger logging.Logger
	guard  *Speech
}

func (l guardedLogger) Logf(c logging.Classification, format string, args ...any) {
	id := goroutineID()
	if _, nested := l.guard.goroutines.LoadOrStore(id, true); !nested {
		l.guard.calls.Add(1)
		defer func() {
			l.guard.calls.Add(-1)
			l.guard.goroutines.Delete(id)
		}()
	}
	l.logger.Logf(c, format, args...)
}

// WithContext implements logging.ContextLogger.
func (l guardedLogger) WithContext(ctx context.Context) logging.Logger {
	return guardedLogger{logging.WithContext(ctx, l.logger), l.guard}
}

// goroutineID returns the ID of the calling goroutine. Go shows it only in stack traces, which
// begin with "goroutine 123 [".
func goroutineID() string {
	var buf [40]byte
	trace := buf[:runtime.Stack(buf[:], false)]
	id, _, _ := bytes.Cut(bytes.TrimPrefix(trace, []byte("goroutine ")), []byte(" "))
	return string(id)
}
