package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// binarySizes are the sizes in bytes of two stripped programs: one uses the SDK's CloudWatch Logs
// client, the other also logs with our handler.
type binarySizes struct{ without, with int64 }

// measureBinaries builds the two programs in a temporary directory. The working directory must be
// inside the module.
func measureBinaries(ctx context.Context) (sizes binarySizes, err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return sizes, err
	}
	defer os.RemoveAll(dir)
	build := func(name string) (int64, error) {
		file := filepath.Join(dir, name)
		cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-trimpath", "-o", file,
			"github.com/cloudwatch-go/cloudwatch/bench/internal/program/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("build program %s: %w: %s", name, err, out)
		}
		info, err := os.Stat(file)
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	if sizes.without, err = build("without"); err != nil {
		return sizes, err
	}
	sizes.with, err = build("with")
	return sizes, err
}
