package main

import (
	"fmt"
	"os"
)

// progress tells whoever waits what is going on: in one line that is written
// over again on a terminal, in nothing but what matters elsewhere.
type progress struct {
	out      *os.File
	terminal bool
}

func newProgress(out *os.File) progress {
	info, err := out.Stat()
	return progress{out, err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// show replaces what was shown before.
func (p progress) show(format string, args ...any) {
	if p.terminal {
		p.clear()
		fmt.Fprintf(p.out, format, args...)
	}
}

// say writes a line that stays.
func (p progress) say(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
}

func (p progress) clear() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
