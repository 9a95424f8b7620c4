package cloudwatch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
)

// Writer is an io.Writer that sends each line to a log stream of CloudWatch
// Logs as an event of its own. It is for log.SetOutput, zap, zerolog, logrus
// and whatever else writes lines. Make one with NewWriter or Handler.Writer.
//
// It is safe for concurrent use. An event has the time of the Write in which its
// line began. Blank lines are not sent, for the service takes no empty message.
type Writer struct {
	*pipeline
}

var (
	_ io.WriteCloser  = (*Writer)(nil)
	_ io.StringWriter = (*Writer)(nil)
)

// NewWriter returns a writer that sends to a log group. It is to a Writer what
// NewHandler is to a Handler; the options about levels and formats do not
// concern it.
func NewWriter(logGroup string, opts *Options) (*Writer, error) {
	p, err := newPipeline(logGroup, opts)
	if err != nil {
		return nil, fmt.Errorf("cloudwatch: new writer: %w", err)
	}
	return &Writer{p}, nil
}

// Write takes one event for each line and returns len(text), whatever becomes of
// them. Text behind the last newline waits for its own newline, or for Flush,
// Sync or Shutdown. The only error is ErrClosed: an event that is dropped is
// counted and told to Options.OnError, but must not end an io.Copy or keep an
// io.MultiWriter from its other writers.
//
// What the SDK's logger writes about the requests of delivery is ignored.
func (w *Writer) Write(text []byte) (int, error) {
	wire := getScratch()
	defer wire.put()
	return len(text), w.write(wire, text)
}

// WriteString is Write for a string. Of a large one, some lines are copied at a time; a
// single line is copied as a whole, however long it is, which Write does not need.
func (w *Writer) WriteString(text string) (int, error) {
	wire := getScratch()
	defer wire.put()
	var piece []byte
	for rest := text; ; {
		n := len(rest)
		if most := 4 * w.settings.MaxEventBytes; n > most {
			if end := strings.LastIndexByte(rest[:most], '\n'); end >= 0 {
				n = end + 1
			} else if end := strings.IndexByte(rest, '\n'); end >= 0 {
				n = end + 1
			}
		}
		piece = append(piece[:0], rest[:n]...)
		err := w.write(wire, piece)
		if rest = rest[n:]; rest == "" {
			return len(text), err
		}
	}
}

func (w *Writer) write(wire *scratch, text []byte) (err error) {
	if w.speech.Mine() {
		return nil
	}
	accept := func(message []byte, at time.Time) {
		if e := w.accept(wire, message, at, account.None); errors.Is(e, ErrClosed) {
			err = e
		}
	}
	now := time.Now()
	before, whole, after := w.lines.add(text, now)
	for _, l := range before {
		accept(l.text, l.at)
	}
	for len(whole) > 0 {
		var text []byte
		text, whole, _ = bytes.Cut(whole, []byte("\n"))
		accept(trimCR(text), now)
	}
	for _, l := range after {
		accept(l.text, l.at)
	}
	return err
}
