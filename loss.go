package cloudwatch

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
)

// LossError is reported to OnError, or printed, when events are lost for good. By the end
// of Shutdown the counts of all that were reported add up to Rejected and Dropped of
// Stats, empty messages left out, unless OnError has not returned by then. What
// is logged later is only counted.
//
// The log stream tells of the same losses, but for those after Close, as soon as
// something can be sent again. For each reason there is one event like this,
// whatever the Format; {$.msg = "log events lost"} is a filter pattern that
// finds them:
//
//	{"time":"2026-11-22T12:00:00.123Z","level":"ERROR","msg":"log events lost","number":1,"reason":"buffer full","events":12,"bytes":3456,
//	"from":"2026-11-22T11:58:00.123Z","to":"2026-11-22T11:59:59.999Z","levels":{"DEBUG":10,"INFO":2,"WARN":0,"ERROR":0,"NONE":0}}
//
// The number is that of the record among those of its handler: a record that
// comes twice, since an answer was lost, has the same one.
type LossError struct {
	Events   int64       // lost since the last LossError of this reason
	Bytes    int64       // UTF-8 bytes of their messages
	From, To time.Time   // the times of the oldest and of the newest of them
	Levels   LevelCounts // how many of each level
	Reason   LossReason  // why
	Err      error       // the response that refused a request, without its text, which may quote the event; if events are undelivered, why; else nil
}

// LossReason is why events were lost, in words. Each one has a counter in Stats.
type LossReason string

// The reasons. The first four are those of Rejected, the others those of
// Dropped.
const (
	LossTooOld      LossReason = "too old"
	LossExpired     LossReason = "older than the log group's retention"
	LossTooNew      LossReason = "too far in the future"
	LossRefused     LossReason = "refused" // by the service, or by something on the way to it
	LossBufferFull  LossReason = "buffer full"
	LossOversize    LossReason = "larger than an event may be"
	LossUnformatted LossReason = "could not be formatted"
	LossClosed      LossReason = "logged after close"
	LossUndelivered LossReason = "undelivered at shutdown"
	LossDamaged     LossReason = "damaged in the spool"
)

var lossReasons = [account.Reasons]LossReason{
	account.TooOld:      LossTooOld,
	account.Expired:     LossExpired,
	account.TooNew:      LossTooNew,
	account.Refused:     LossRefused,
	account.Full:        LossBufferFull,
	account.Oversize:    LossOversize,
	account.Unformatted: LossUnformatted,
	account.Closed:      LossClosed,
	account.Undelivered: LossUndelivered,
	account.Damaged:     LossDamaged,
}

// LevelCounts counts events by level. A level between two of slog's counts as
// the lower one.
type LevelCounts struct {
	Debug int64 // below INFO
	Info  int64 // from INFO on
	Warn  int64 // from WARN on
	Error int64 // from ERROR on
	None  int64 // without a level: lines of a Writer
}

// Error says how many events were lost and why.
func (e *LossError) Error() string {
	s := fmt.Sprintf("cloudwatch: %s lost: %s", counted(e.Events, "event"), e.Reason)
	var f *explain.Failure
	switch {
	case errors.As(e.Err, &f):
		s += ": " + f.Cause()
	case e.Err != nil:
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (e *LossError) Unwrap() error { return e.Err }

// lossErrors returns one error for each reason. refusal is the response of the
// service to what it refused, obstacle why events were not delivered in time.
func lossErrors(losses *account.Losses, refusal, obstacle error) (errs []*LossError) {
	for reason := range losses {
		if losses[reason].Events > 0 {
			e := newLossError(account.Reason(reason), &losses[reason])
			switch e.Reason {
			case LossRefused:
				e.Err = refusal
			case LossUndelivered:
				e.Err = obstacle
			}
			errs = append(errs, e)
		}
	}
	return errs
}

func newLossError(reason account.Reason, l *account.Loss) *LossError {
	return &LossError{
		Events: l.Events,
		Bytes:  l.Bytes,
		From:   time.UnixMilli(l.First).UTC(),
		To:     time.UnixMilli(l.Last).UTC(),
		Levels: LevelCounts{
			Debug: l.Levels[account.Debug],
			Info:  l.Levels[account.Info],
			Warn:  l.Levels[account.Warn],
			Error: l.Levels[account.Error],
			None:  l.Levels[account.None],
		},
		Reason: lossReasons[reason],
	}
}

// announce makes the event that tells the stream of a loss. Its form does not
// depend on the options, so that one filter pattern finds it everywhere.
func (p *pipeline) announce(number int, reason account.Reason, loss *account.Loss, now time.Time) batch.Event {
	e := newLossError(reason, loss)
	var levels []any
	for _, level := range [...]account.Level{account.Debug, account.Info, account.Warn, account.Error, account.None} {
		levels = append(levels, slog.Int64(level.String(), loss.Levels[level]))
	}
	r := slog.NewRecord(now.UTC().Truncate(time.Millisecond), slog.LevelError, "log events lost", 0)
	r.AddAttrs(
		slog.Int("number", number),
		slog.String("reason", string(e.Reason)),
		slog.Int64("events", e.Events),
		slog.Int64("bytes", e.Bytes),
		slog.Time("from", e.From),
		slog.Time("to", e.To),
		slog.Group("levels", levels...),
	)
	ms := millis(now)
	wire, size, _ := encode.NewJSON(encode.Options{}).AppendWire(p.encoder.AppendStart(nil, ms), &r, nil)
	return batch.Event{Time: ms, Size: size, Level: account.Error, Wire: p.encoder.AppendEnd(wire)}
}
