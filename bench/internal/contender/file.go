package contender

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// file is slog's own handler writing a log file, which is what most programs do
// that want to find their events after a crash. It delivers nothing.
type file struct{ f *os.File }

func startFile(t Target) (Contender, error) {
	f, err := os.Create(filepath.Join(t.Place.Disk, "log"))
	if err != nil {
		return nil, fmt.Errorf("make a log file: %w", err)
	}
	return file{f}, nil
}

func (f file) Handler() slog.Handler { return slog.NewJSONHandler(f.f, nil) }
func (file) Settle() error           { return nil }
func (f file) Close() error          { return f.f.Close() }
