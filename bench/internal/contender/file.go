package contender

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// file is slog.JSONHandler writing to a log file, the usual way to keep events through a crash. It
// delivers nothing.
type file struct{ f *os.File }

func startFile(t Target) (Contender, error) {
	f, err := os.Create(filepath.Join(t.Place.Disk, "log"))
	if err != nil {
		return nil, fmt.Errorf("create log file: %w", err)
	}
	return file{f}, nil
}

func (f file) Handler() slog.Handler { return slog.NewJSONHandler(f.f, nil) }
func (file) Settle() error           { return nil }
func (f file) Close() error          { return f.f.Close() }
