package pipeline

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/plaintext"
)

// stderr prints reports for a program without OnError: one line on standard error for each. It
// never uses package log or slog, which may lead back to the handler. With an OnError it is nil:
// then printNow and tooLate do nothing.
type stderr struct {
	advice func(error) string // what the reader can do; empty: nothing
	late   atomic.Bool        // an event after Close was reported
}

// maxLine is the maximum size of a line with its newline: a pipe does not split such a write.
const maxLine = 4000

// print writes the line of an error. It may block for as long as standard error does.
func (s *stderr) print(err error) {
	text := err.Error()
	if advice := s.advice(err); advice != "" {
		text += "; " + advice
	}
	if f := os.Stderr; f != nil { // evaluated here: the program may have replaced it
		writeLine(f, []byte(oneLine(text)+"\n")) // an error could not be reported anywhere
	}
}

// printNow is print for a goroutine of the program that may end right after. It waits for
// standard error for at most the grace time.
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

// PrintNow prints an error to standard error, unless the program has an OnError.
func (p *Pipeline) PrintNow(err error) {
	if p != nil {
		p.report.stderr.printNow(err)
	}
}

var errLate = errors.New("cloudwatch: log events came after Close and are lost; close the handler last")

// tooLate prints a line about the first event after Close, since slog and package log ignore the
// ErrClosed that the log call returns.
func (s *stderr) tooLate() {
	if s != nil && !s.late.Load() && s.late.CompareAndSwap(false, true) {
		s.printNow(errLate)
	}
}

// oneLine returns a text without newlines and control characters, of at most maxLine bytes.
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
