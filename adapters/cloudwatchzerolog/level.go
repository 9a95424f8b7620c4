package cloudwatchzerolog

import (
	"bytes"
	"strconv"

	"github.com/rs/zerolog"
)

// levelOf returns the level of a line, zerolog.NoLevel if it has none.
func levelOf(line []byte) zerolog.Level {
	if len(line) > 0 && line[0] != '{' {
		return consoleLevel(line)
	}
	text, ok := unquoted(field(line, zerolog.LevelFieldName))
	if !ok {
		return zerolog.NoLevel
	}
	for l := zerolog.TraceLevel; l <= zerolog.PanicLevel; l++ {
		if string(text) == zerolog.LevelFieldMarshalFunc(l) {
			return l
		}
	}
	if n, err := strconv.ParseInt(string(text), 10, 8); err == nil { // a custom level
		return zerolog.Level(n)
	}
	return zerolog.NoLevel
}

// consoleLevel returns the level in the text of a zerolog.ConsoleWriter: the first of
// zerolog.FormattedLevels, with or without colors; zerolog.NoLevel if there is none.
func consoleLevel(text []byte) zerolog.Level {
	const most = 128 // bytes; a time with colors may precede the level
	text = text[:min(len(text), most)]
	first, level := len(text), zerolog.NoLevel
	for l, name := range zerolog.FormattedLevels {
		if at := wordIndex(text, name); at >= 0 && at < first {
			first, level = at, l
		}
	}
	return level
}

// wordIndex returns the index of the first occurrence of a whole word, -1 if there is none.
func wordIndex(text []byte, word string) int {
	for i := 0; word != ""; i++ {
		n := bytes.Index(text[i:], []byte(word))
		if n < 0 {
			break
		}
		i += n
		before, after := text[:i], text[i+len(word):]
		if (i == 0 || before[i-1] == ' ' || endsColor(before)) && (len(after) == 0 || bytes.IndexByte([]byte(" \n\x1b"), after[0]) >= 0) {
			return i
		}
	}
	return -1
}

// endsColor reports whether the text ends with a color sequence such as "\x1b[31m".
func endsColor(text []byte) bool {
	const longest = len("\x1b[107m")
	return bytes.HasSuffix(text, []byte("m")) && bytes.Contains(text[max(len(text)-longest, 0):], []byte("\x1b["))
}
