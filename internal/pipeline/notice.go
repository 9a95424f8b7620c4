package pipeline

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/recovery"
)

// labels are the public names of the reasons of losses, see cloudwatch.LossReason.
var labels = [account.Reasons]string{
	account.TooOld:      "too old",
	account.Expired:     "older than the log group's retention",
	account.TooNew:      "too far in the future",
	account.Refused:     "refused",
	account.Full:        "buffer full",
	account.Oversize:    "larger than an event may be",
	account.Unformatted: "could not be formatted",
	account.Closed:      "logged after close",
	account.Undelivered: "undelivered at shutdown",
	account.Damaged:     "damaged in the spool",
}

// Label returns the public name of the reason of a loss; it is empty for account.Empty.
func Label(reason account.Reason) string { return labels[reason] }

// lossNotice returns the event that records a loss in the log stream. Its form does not depend on
// the options, so that one filter pattern finds all of them.
func (p *Pipeline) lossNotice(number int, reason account.Reason, loss *account.Loss, now time.Time) batch.Event {
	var levels []any
	for _, level := range [...]account.Level{account.Debug, account.Info, account.Warn, account.Error, account.None} {
		levels = append(levels, slog.Int64(level.String(), loss.Levels[level]))
	}
	r := slog.NewRecord(now.UTC().Truncate(time.Millisecond), slog.LevelError, "log events lost", 0)
	r.AddAttrs(
		slog.Int("number", number),
		slog.String("reason", Label(reason)),
		slog.Int64("events", loss.Events),
		slog.Int64("bytes", loss.Bytes),
		slog.Time("from", time.UnixMilli(loss.First).UTC()),
		slog.Time("to", time.UnixMilli(loss.Last).UTC()),
		slog.Group("levels", levels...),
	)
	ms := millis(now)
	wire, size, _ := encode.NewJSON(encode.Options{}).AppendWire(p.encoder.AppendStart(nil, ms), &r, nil)
	return batch.Event{Time: ms, Size: size, Level: account.Error, Wire: p.encoder.AppendEnd(wire)}
}

// recoveredNotice is the JSON of the event that records a replay in the log stream.
type recoveredNotice struct {
	Time      string `json:"time"`
	Level     string `json:"level"`
	Message   string `json:"msg"`
	Producer  string `json:"producer"` // of the process that ended last
	Program   string `json:"program"`
	Stream    string `json:"stream"`
	Ended     string `json:"ended"`
	Processes int    `json:"processes"`
	Events    int64  `json:"events"`
	Damaged   int64  `json:"damaged"`
	Lost      int64  `json:"lost"`
}

// noticeRecovered queues the notice of a replay, as an ordinary event.
func (p *Pipeline) noticeRecovered(n recovery.Note) {
	const layout = "2006-01-02T15:04:05.000Z07:00"
	now := time.Now()
	r := recoveredNotice{
		Time:      now.UTC().Format(layout),
		Level:     "INFO",
		Message:   "log events recovered",
		Producer:  fmt.Sprintf("%016x", n.Producer),
		Program:   n.Program,
		Stream:    n.Stream,
		Ended:     n.Ended.UTC().Format(layout),
		Processes: n.Processes,
		Events:    n.Delivered,
		Damaged:   n.Damaged,
		Lost:      n.Lost,
	}
	level := account.Info
	if n.Lost > 0 {
		r.Level, level = "ERROR", account.Error
	}
	text, err := json.Marshal(r)
	if err != nil { // cannot happen: it holds strings and numbers only
		return
	}
	p.events(text, now, level, p.queue.Note)
}
