package deliver

import (
	"bytes"
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/aws/smithy-go/logging"
)

type ownKey struct{}

// Own reports whether the context is the one of a worker's requests. What is
// logged with it is about delivery, and shipping it would feed itself.
func Own(ctx context.Context) bool {
	return ctx != nil && ctx.Value(ownKey{}) != nil
}

// Speech knows which goroutines are just now in a call of the SDK's logger about
// our requests. Loggers of the SDK need not pass the context on, so Own does not
// find everything. The zero value is ready.
type Speech struct {
	calls      atomic.Int64 // under way, so that hardly ever anybody has to look
	goroutines sync.Map     // their ids
}

// Mine reports whether this goroutine is in such a call.
func (s *Speech) Mine() bool {
	if s.calls.Load() == 0 {
		return false
	}
	_, mine := s.goroutines.Load(goroutineID())
	return mine
}

// Logger returns a logger that does the same and is known to Mine.
func (s *Speech) Logger(l logging.Logger) logging.Logger { return speaker{l, s} }

type speaker struct {
	logger logging.Logger
	speech *Speech
}

func (l speaker) Logf(c logging.Classification, format string, args ...any) {
	id := goroutineID()
	if _, nested := l.speech.goroutines.LoadOrStore(id, true); !nested {
		l.speech.calls.Add(1)
		defer func() {
			l.speech.calls.Add(-1)
			l.speech.goroutines.Delete(id)
		}()
	}
	l.logger.Logf(c, format, args...)
}

// WithContext lets a logger that wants the context have it.
func (l speaker) WithContext(ctx context.Context) logging.Logger {
	return speaker{logging.WithContext(ctx, l.logger), l.speech}
}

// goroutineID returns what identifies the goroutine. Go only shows it in stack
// traces, which begin with "goroutine 123 [".
func goroutineID() string {
	var buf [40]byte
	trace := buf[:runtime.Stack(buf[:], false)]
	id, _, _ := bytes.Cut(bytes.TrimPrefix(trace, []byte("goroutine ")), []byte(" "))
	return string(id)
}
