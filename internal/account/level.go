package account

import "log/slog"

// Level is a severity class, see [LevelOf]. None is for events without a level.
type Level uint8

const (
	None  Level = iota // text of a Writer without a level
	Debug              // below slog.LevelInfo
	Info               // from slog.LevelInfo on
	Warn               // from slog.LevelWarn on
	Error              // from slog.LevelError on
	Levels
)

// LevelOf returns the class of a slog level.
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

// String returns slog's name of the class.
func (l Level) String() string {
	return [Levels]string{"NONE", "DEBUG", "INFO", "WARN", "ERROR"}[l]
}
