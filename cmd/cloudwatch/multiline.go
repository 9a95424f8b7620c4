package main

import (
	"bytes"
	"regexp"
)

// joiner says whether a line belongs to the event before. dated tells that the line
// begins with a time.
type joiner interface {
	continues(line []byte, dated bool) bool
}

// patternJoiner has a pattern for the lines that start an event.
type patternJoiner struct{ start *regexp.Regexp }

func (j patternJoiner) continues(line []byte, _ bool) bool { return !j.start.Match(line) }

// traceJoiner knows how programs write events of several lines: the lines that follow
// are indented, or those of a stack trace. Only the traces of Python and Go have lines
// that show what they are by the lines before alone.
type traceJoiner struct{ within trace }

// trace is the stack trace that the last line was in.
type trace int

const (
	noTrace     trace = iota
	pythonTrace       // the line that names the exception comes
	pythonEnd         // it has come; another exception may follow
	goTrace           // of a panic
)

// continuations are how lines begin that go on with an event, besides blanks: causes in
// Java, .NET and Python, what is left out in Java, and closing brackets.
var continuations = [][]byte{
	[]byte("Caused by:"), []byte("Suppressed:"), []byte("..."), []byte("--- End of "), []byte("---> "),
	[]byte("}"), []byte("]"), []byte(")"),
}

var (
	// javaStart is the first line of a trace in Java. It comes behind the line that was
	// logged with it.
	javaStart = regexp.MustCompile(`^(?:[a-z_]\w*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable)(?::|$)`)

	pythonStart  = []byte("Traceback (most recent call last):")
	pythonChains = [][]byte{
		[]byte("During handling of the above exception, another exception occurred:"),
		[]byte("The above exception was the direct cause of the following exception:"),
	}
	goStart = regexp.MustCompile(`^(panic: |fatal error: |goroutine \d+ .*\[.*\]:$|SIG[A-Z]+: |WARNING: DATA RACE$)`)
	// The lines of a panic that are not indented: a state, a call, where a goroutine
	// was made, and what 'go run' adds.
	goLine = regexp.MustCompile(`^(\[|goroutine \d+ |runtime stack:|created by |exit status \d|[\w./*·()\[\]{}@%,~-]+\(.*\)$|panic: |r\d+ +0x|PC=)`)
)

func (j *traceJoiner) continues(line []byte, dated bool) bool {
	if dated {
		j.within = noTrace
		return false
	}
	indented := line[0] == ' ' || line[0] == '\t'
	begins := func(prefix []byte) bool { return bytes.HasPrefix(line, prefix) }
	switch j.within {
	case pythonTrace:
		if !indented {
			j.within = pythonEnd
		}
		return true
	case pythonEnd:
		if indented || anyOf(pythonChains, begins) { // the text of an exception goes on
			return true
		}
	case goTrace:
		if indented || goLine.Match(line) {
			return true
		}
	}
	switch {
	case begins(pythonStart):
		j.within = pythonTrace
		return true // it comes behind the line that was logged with it
	case goStart.Match(line):
		j.within = goTrace
		return false
	}
	if indented || anyOf(continuations, begins) || javaStart.Match(line) {
		return true
	}
	j.within = noTrace
	return false
}

func anyOf(prefixes [][]byte, begins func([]byte) bool) bool {
	for _, prefix := range prefixes {
		if begins(prefix) {
			return true
		}
	}
	return false
}
