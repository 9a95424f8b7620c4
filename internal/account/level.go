package account

import "log/slog"

// Level is the class of a slog.Level, or None for what has no level.
type Level uint8

const (
	None  Level = iota // text of a Writer without a level
	Debug              // below slog.LevelInfo
	Info               // from slog.LevelInfo on
	Warn               // from slog.LevelWarn on
	Error              // from slog.LevelError on
	Levels
)

// LevelOf returns the class of a level.
func LevelOf(l slog.Level) Level {
	switch {
	case l < slog.LevelInfo:
		return Debug
	case l < slog.LevelWarn:
		return Info
	case l < slog.LevelError:
		return Warn
	default:
		return Error
	}
}

// String returns the name that slog has for the class.
func (l Level) String() string {
	return [Levels]string{"NONE", "DEBUG", "INFO", "WARN", "ERROR"}[l]
}
