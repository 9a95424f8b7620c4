package main

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// defaultWidth is used if the width of the terminal is unknown.
const defaultWidth = 80

// terminal returns the file descriptor of a stream if it is a terminal.
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

// screen is standard error: permanent lines and, on a terminal, a status line below them. It ignores
// write errors, which could not be reported. It is safe for concurrent use.
type screen struct {
	terminal bool

	mu     sync.Mutex
	w      io.Writer
	status string // current text of the status line
}

func newScreen(w io.Writer) *screen {
	_, ok := terminal(w)
	return &screen{terminal: ok, w: w}
}

const eraseLine = "\r\x1b[K"

// say prints a line above the status line. It escapes control characters, because part of the text may
// come from a server.
func (s *screen) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text = printable(text) + "\n"
	if s.status != "" {
		text = eraseLine + text + s.status
	}
	_, _ = io.WriteString(s.w, text)
}

// show sets the status line; "" clears it. Without a terminal it does nothing.
func (s *screen) show(text string) {
	if !s.terminal {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	text = cut(printable(text), width(s.w)-1) // a full line would wrap
	if text != s.status {
		_, _ = io.WriteString(s.w, eraseLine+text)
		s.status = text
	}
}
