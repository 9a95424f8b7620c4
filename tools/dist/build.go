package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cloudwatch-go/cloudwatch/tools/internal/publish"
)

// build compiles the command for each target, twice.
func (d *distribution) build(targets []target, quick bool) error {
	for _, t := range targets {
		fmt.Printf("build %s\n", t)
		first, err := d.compile(t, "first", "")
		if err != nil {
			return err
		}
		cache := filepath.Join(d.scratch, "buildcache")
		if quick {
			cache = ""
		}
		second, err := d.compile(t, "second", cache)
		if err != nil {
			return err
		}
		if err := equal(first, second); err != nil {
			return fmt.Errorf("%s is not reproducible: %w", t, err)
		}
	}
	return nil
}

// compile installs the command into a directory of that name. A cache is a build cache other than
// the user's.
func (d *distribution) compile(t target, name, cache string) (string, error) {
	gopath := filepath.Join(d.scratch, name)
	env := append(d.proxy.Env(filepath.Join(gopath, "modcache")), "GOPATH="+gopath, "GOBIN=", "GOOS="+t.os, "GOARCH="+t.arch)
	if cache != "" {
		env = append(env, "GOCACHE="+cache)
	}
	if _, err := publish.Run(d.scratch, env, "go", "install", "-ldflags=-s -w", d.command.Path+"@"+d.version); err != nil {
		return "", err
	}
	// The go command uses a directory of the platform for other platforms than its own.
	installed := filepath.Join(gopath, "bin", t.executable())
	if t != host {
		installed = filepath.Join(gopath, "bin", t.String(), t.executable())
	}
	binary := d.binary(t, name)
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return "", err
	}
	return binary, os.Rename(installed, binary)
}

// binary returns the file of the command as it was compiled in the named directory.
func (d *distribution) binary(t target, name string) string {
	return filepath.Join(d.scratch, name, "binaries", t.String(), t.executable())
}

// modcache is the module cache with the sources of the command.
func (d *distribution) modcache() string {
	return filepath.Join(d.scratch, "first", "modcache")
}

func equal(first, second string) error {
	a, err := os.ReadFile(first)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(second)
	if err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		return fmt.Errorf("two builds have %d and %d bytes, which differ", len(a), len(b))
	}
	return nil
}
