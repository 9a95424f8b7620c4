package main

import (
	"fmt"
	"os"
)

// progress reports the state of the run: on a terminal in one line that it overwrites, elsewhere
// only with say.
type progress struct {
	out      *os.File
	terminal bool
}

func newProgress(out *os.File) progress {
	info, err := out.Stat()
	return progress{out, err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// show replaces the progress line. It prints nothing where out is not a terminal.
func (p progress) show(format string, args ...any) {
	if p.terminal {
		p.clear()
		fmt.Fprintf(p.out, format, args...)
	}
}

// say prints a permanent line.
func (p progress) say(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
}

func (p progress) clear() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
