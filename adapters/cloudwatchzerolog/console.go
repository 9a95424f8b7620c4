package cloudwatchzerolog

import (
	"bytes"

	"github.com/rs/zerolog"
)

// consoleLevel returns the level in the text of a zerolog.ConsoleWriter, or zerolog.NoLevel:
// the first of zerolog.FormattedLevels, with colors or without.
func consoleLevel(text []byte) zerolog.Level {
	const most = 128 // of what may come before: a time in colors
	text = text[:min(len(text), most)]
	first, level := len(text), zerolog.NoLevel
	for l, name := range zerolog.FormattedLevels {
		if at := wordIndex(text, name); at >= 0 && at < first {
			first, level = at, l
		}
	}
	return level
}

// wordIndex returns where a word is, -1 if it is not in the text.
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

// endsColor reports whether a text ends with a sequence that sets the color, such as
// "\x1b[31m".
func endsColor(text []byte) bool {
	const longest = len("\x1b[107m")
	return bytes.HasSuffix(text, []byte("m")) && bytes.Contains(text[max(len(text)-longest, 0):], []byte("\x1b["))
}
