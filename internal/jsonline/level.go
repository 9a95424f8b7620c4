package jsonline

import (
	"bytes"
	"log/slog"
	"strconv"
)

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
	if n := len(text); n > 0 && text[n-1] <= '9' { // ERROR+2, as slog writes it
		i := bytes.LastIndexAny(text, "+-")
		if i < 0 {
			return 0, false
		}
		n, ok := smallInt(text[i+1:])
		if !ok {
			return 0, false
		}
		if text[i] == '-' {
			n = -n
		}
		text, offset = text[:i], n
	}
	level, ok := named(text)
	if !ok {
		return 0, false
	}
	return level + slog.Level(offset), true
}

// named returns the level of a name in any case, with the short forms of zerolog, logrus and
// klog. Those that slog does not have lie between or beyond its own, as in most handlers.
func named(text []byte) (level slog.Level, ok bool) {
	var buf [len("informational")]byte
	if len(text) > len(buf) {
		return 0, false
	}
	for i, c := range text {
		if c |= 0x20; c < 'a' || c > 'z' {
			return 0, false
		}
		buf[i] = c
	}
	switch string(buf[:len(text)]) { // does not allocate
	case "info", "inf", "information", "informational", "i":
		return slog.LevelInfo, true
	case "error", "err", "erro", "e":
		return slog.LevelError, true
	case "warn", "warning", "wrn", "w":
		return slog.LevelWarn, true
	case "debug", "dbg", "debu", "d":
		return slog.LevelDebug, true
	case "trace", "trc", "trac", "verbose", "t":
		return slog.LevelDebug - 4, true
	case "notice":
		return slog.LevelInfo + 2, true
	case "dpanic", "panic", "pnc", "pani", "critical", "crit", "fatal", "ftl", "fata", "f", "alert", "emergency", "emerg", "severe":
		return slog.LevelError + 4, true
	default:
		return 0, false
	}
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
