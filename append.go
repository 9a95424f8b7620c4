package cloudwatch

import (
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
)

// Append sends a message that another logger has encoded as one event, with its own time and
// level. It is what adapters for loggers are built on. A zero time stands for the present.
//
// The message is an event like that of a record: it is copied before Append returns, an
// oversize one is treated as Options.Oversize says, and the spool keeps it. It may hold
// newlines. The level is not written into it; it decides who goes first when the buffer is
// full, see DropNewest, and is told with a loss. Options.Level does not concern it: whoever
// calls has decided already. The error is ErrBufferFull, ErrOversize or ErrClosed, as for
// Handle; an empty message is counted in Stats.Dropped.Empty and is no error.
//
// It makes one copy of the message, allocates nothing, and is safe for concurrent use. What
// the SDK's logger says about the requests of delivery is ignored.
func (p *pipeline) Append(at time.Time, level slog.Level, message []byte) error {
	if p.speech.Mine() {
		return nil
	}
	if at.IsZero() {
		at = time.Now()
	}
	wire := getScratch()
	defer wire.put()
	return p.accept(wire, message, at, account.LevelOf(level))
}
