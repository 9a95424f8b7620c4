package cloudwatch

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/plaintext"
)

// Silent is an [Options.OnError] that ignores all errors, so nothing is printed. Failures and
// losses are then only in Stats, Healthy, the loss notices in the log stream, and what Flush
// and Close return.
func Silent(error) {}

// stderr is what a program without OnError has: one line on standard error for each error.
// It never uses package log or slog, which may lead back to the handler. For a program with
// an OnError it is nil: then printNow and tooLate do nothing.
type stderr struct {
	late atomic.Bool // an event after Close was reported
}

// maxLine keeps a line, with its newline, in one write that a pipe does not tear apart.
const maxLine = 4000

// print writes the line of an error. It may block for as long as standard error does.
func (*stderr) print(err error) {
	text := err.Error()
	if advice := adviceFor(err); advice != "" {
		text += "; " + advice
	}
	if f := os.Stderr; f != nil { // looked up here: the program may have replaced it
		writeLine(f, []byte(oneLine(text)+"\n")) // there is nowhere to report that it failed
	}
}

// printNow is print for a goroutine of the program that may end right after. It waits for
// standard error for the grace time at most.
func (s *stderr) printNow(err error) {
	if s == nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.print(err)
	}()
	wait(done, graceTime)
}

var errLate = errors.New("cloudwatch: log events came after Close and are lost; close the handler last")

// tooLate prints a line about the first event that comes after Close, since slog and package
// log ignore the ErrClosed that the log call returns.
func (s *stderr) tooLate() {
	if s != nil && !s.late.Load() && s.late.CompareAndSwap(false, true) {
		s.printNow(errLate)
	}
}

// oneLine returns a text without newlines and control characters, at most maxLine bytes long.
func oneLine(text string) string {
	text = plaintext.Escape(strings.Join(strings.Fields(text), " "))
	if len(text) <= maxLine {
		return text
	}
	end := maxLine - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// adviceFor returns what the reader of a line can do. Failed requests say it themselves.
func adviceFor(err error) string {
	switch e := err.(type) {
	case *LossError:
		return lossAdvice[e.Reason]
	case *SpoolError:
		return spoolAdvice(e)
	case *UndeliveredError:
		switch {
		case errors.Is(err, ErrSpooled):
			return "the next start with the same spool delivers them"
		case e.Last == nil:
			return "give Close more time (Options.CloseTimeout), or keep events in a spool (Options.Spool)"
		}
	}
	return ""
}

var lossAdvice = map[LossReason]string{
	LossTooOld:      "log events sooner, or leave Options.Untimely at Restamp",
	LossExpired:     "raise the retention of the log group, or leave Options.Untimely at Restamp",
	LossTooNew:      "set the clock of this machine, or leave Options.Untimely at Restamp",
	LossRefused:     "Stats.Rejected counts them, the log stream has a notice with their times",
	LossBufferFull:  "log less, raise Options.BufferBytes, or set Options.Spool",
	LossOversize:    "raise Options.MaxEventBytes, or set Options.Oversize to Split or Truncate",
	LossUnformatted: "check the handler given to Using, Handle returns its error",
	LossDamaged:     "check the disk of the spool (Options.Spool)",
}

// spoolAdvice is about the disk. Events are never lost for it alone.
func spoolAdvice(e *SpoolError) string {
	switch {
	case errors.Is(e.Err, ErrSpoolFull):
		return "restore delivery, or raise SpoolOptions.MaxBytes"
	case errors.Is(e.Err, ErrSpoolLow):
		return "free disk space, or lower SpoolOptions.MinFree"
	}
	return "check the disk and the directory (Options.Spool); Stats.AtRisk counts events in memory only"
}
