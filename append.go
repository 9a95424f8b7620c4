package cloudwatch

import (
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
)

// Append sends a message, which another logger has encoded, as one event with the time and
// level given. Adapters for loggers are built on it. A zero time means now.
//
// The event is treated like that of a record: Options.OnFull, Options.Oversize and the spool
// apply. The message may hold newlines, and is sent unchanged: the level is not written into
// it, but decides which events a full buffer drops first, see DropNewest, and is in the
// report of a loss. Options.Level does not apply: the caller has decided already.
//
// The error is ErrBufferFull, ErrOversize or ErrClosed, as for Handle. An empty message is
// counted in Stats.Dropped.Empty, which is no error. Append copies the message once,
// allocates nothing, and is safe for concurrent use. What the SDK's logger writes about the
// requests of delivery is ignored.
func (p *pipeline) Append(at time.Time, level slog.Level, message []byte) error {
	if p.client.Speech.Mine() {
		return nil
	}
	if at.IsZero() {
		at = time.Now()
	}
	wire := getScratch()
	defer wire.put()
	return p.accept(wire, message, at, account.LevelOf(level))
}
