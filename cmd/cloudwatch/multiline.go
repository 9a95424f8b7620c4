package main

import (
	"bytes"
	"regexp"
)

// joiner decides whether a line continues the previous event. dated: the line begins with a time.
type joiner interface {
	continues(line []byte, dated bool) bool
}

// patternJoiner matches the lines that start an event.
type patternJoiner struct{ start *regexp.Regexp }

func (j patternJoiner) continues(line []byte, _ bool) bool { return !j.start.Match(line) }

// traceJoiner recognizes events of several lines as programs write them: indented lines and stack
// traces. Only traces of Python and Go have lines that can be recognized just by the lines before.
type traceJoiner struct{ within trace }

// trace is the kind of stack trace of the last line.
type trace int

const (
	noTrace     trace = iota
	pythonTrace       // the line with the exception is still to come
	pythonEnd         // it has come; another exception may be chained
	goTrace           // of a panic
)

// continuations are the beginnings of continuation lines, besides blanks: causes in Java, .NET and
// Python, omitted frames in Java, and closing brackets.
var continuations = [][]byte{
	[]byte("Caused by:"), []byte("Suppressed:"), []byte("..."), []byte("--- End of "), []byte("---> "),
	[]byte("}"), []byte("]"), []byte(")"),
}

var (
	// javaStart matches the first line of a Java trace, which follows the logged message.
	javaStart = regexp.MustCompile(`^(?:[a-z_]\w*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable)(?::|$)`)

	pythonStart  = []byte("Traceback (most recent call last):")
	pythonChains = [][]byte{
		[]byte("During handling of the above exception, another exception occurred:"),
		[]byte("The above exception was the direct cause of the following exception:"),
	}
	goStart = regexp.MustCompile(`^(panic: |fatal error: |goroutine \d+ .*\[.*\]:$|SIG[A-Z]+: |WARNING: DATA RACE$)`)
	// goLine matches the lines of a panic that are not indented: a state, a call, the origin of a
	// goroutine, and the output of 'go run'.
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
		if indented || anyOf(pythonChains, begins) { // the text of the exception continues
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
		return true // it follows the logged message
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
