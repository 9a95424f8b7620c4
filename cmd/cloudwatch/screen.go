package main

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// defaultWidth is used where the width of the terminal is not known.
const defaultWidth = 80

// terminal returns the file descriptor of a stream that is a terminal.
func terminal(stream any) (fd int, ok bool) {
	f, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	fd = int(f.Fd())
	return fd, term.IsTerminal(fd)
}

func width(stream any) int {
	if fd, ok := terminal(stream); ok {
		if columns, _, err := term.GetSize(fd); err == nil && columns > 0 {
			return columns
		}
	}
	return defaultWidth
}

// screen is standard error: lines that stay, and on a terminal below them one
// status line that changes. Errors of writing are ignored, there is nobody left
// to tell. It is safe for concurrent use.
type screen struct {
	terminal bool

	mu     sync.Mutex
	w      io.Writer
	status string // what is on the status line now
}

func newScreen(w io.Writer) *screen {
	_, ok := terminal(w)
	return &screen{terminal: ok, w: w}
}

const eraseLine = "\r\x1b[K"

// say writes a line above the status line. Some of what it is given comes from
// servers, so it is made harmless.
func (s *screen) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text = printable(text) + "\n"
	if s.status != "" {
		text = eraseLine + text + s.status
	}
	_, _ = io.WriteString(s.w, text)
}

// show puts text on the status line; "" clears it. Without a terminal it does
// nothing.
func (s *screen) show(text string) {
	if !s.terminal {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	text = cut(printable(text), width(s.w)-1) // the last column would wrap
	if text != s.status {
		_, _ = io.WriteString(s.w, eraseLine+text)
		s.status = text
	}
}
