package jsonline

import (
	"bytes"
	"log/slog"
	"strconv"
)

// names are the levels by name, in lower case, with the short forms of zerolog, logrus and klog. Those that slog does not have lie between or
// beyond its own, as in most handlers.
var names = [...]struct {
	level slog.Level
	names string // separated by blanks, with one around each
}{
	{slog.LevelInfo, " info inf information informational i "},
	{slog.LevelError, " error err erro e "},
	{slog.LevelWarn, " warn warning wrn w "},
	{slog.LevelDebug, " debug dbg debu d "},
	{slog.LevelDebug - 4, " trace trc trac verbose t "},
	{slog.LevelInfo + 2, " notice "},
	{slog.LevelError + 4, " dpanic panic pnc pani critical crit fatal ftl fata f alert emergency emerg severe "},
}

// parseLevel reads a level from its JSON value.
func parseLevel(value []byte) (slog.Level, bool) {
	if len(value) < 2 {
		return 0, false
	}
	if value[0] != '"' {
		return parseNumber(value)
	}
	text := value[1 : len(value)-1]
	offset := 0
	if i := bytes.LastIndexAny(text, "+-"); i > 0 { // ERROR+2, as slog writes it
		n, ok := smallInt(text[i+1:])
		if !ok {
			return 0, false
		}
		if text[i] == '-' {
			n = -n
		}
		text, offset = text[:i], n
	}
	const longest = len("informational")
	if len(text) == 0 || len(text) > longest {
		return 0, false
	}
	var buf [1 + longest + 1]byte
	word := append(buf[:0], ' ')
	for _, c := range text {
		if c |= 0x20; c < 'a' || c > 'z' {
			return 0, false
		}
		word = append(word, c)
	}
	word = append(word, ' ')
	for i := range names {
		if containsWord(names[i].names, word) {
			return names[i].level + slog.Level(offset), true
		}
	}
	return 0, false
}

// containsWord reports whether the text contains the word, without a copy of either.
func containsWord(text string, word []byte) bool {
	for i := 0; i+len(word) <= len(text); i++ {
		if text[i:i+len(word)] == string(word) {
			return true
		}
	}
	return false
}

// parseNumber reads the numbers of pino and bunyan: 10 trace, 20 debug, 30 info, 40 warn,
// 50 error, 60 fatal, and those between. Others have other meanings with other loggers.
func parseNumber(value []byte) (slog.Level, bool) {
	n, ok := smallInt(value)
	if !ok || n < 10 || n > 69 {
		return 0, false
	}
	return slog.Level((n/10 - 3) * 4), true
}

// smallInt reads up to four digits.
func smallInt(text []byte) (int, bool) {
	if len(text) == 0 || len(text) > 4 {
		return 0, false
	}
	n, err := strconv.Atoi(string(text)) // too short to be allocated
	return n, err == nil && text[0] >= '0' && text[0] <= '9'
}
