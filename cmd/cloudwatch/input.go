package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// input is a file or standard input.
type input struct {
	name  string
	open  func() (io.ReadCloser, error)
	size  int64 // -1 if unknown
	whole bool  // reading fewer than size bytes is an error
}

// inputs returns the inputs that the arguments name; no argument or "-" is standard input. It checks
// that each can be read, so that a typing error is reported before anything is sent.
func (p *program) inputs(names []string) ([]input, error) {
	if len(names) == 0 {
		names = []string{"-"}
	}
	var all []input
	var errs []error
	for _, name := range names {
		in := input{name: name, open: func() (io.ReadCloser, error) { return os.Open(name) }, size: -1}
		if name == "-" {
			in = input{name: "standard input", open: func() (io.ReadCloser, error) { return io.NopCloser(p.stdin), nil }, size: -1}
			if f, ok := p.stdin.(*os.File); ok {
				if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
					in.size = info.Size()
				}
			}
		} else if info, err := check(name); err != nil {
			errs = append(errs, err)
		} else if info.Mode().IsRegular() {
			in.size, in.whole = info.Size(), true
		}
		all = append(all, in)
	}
	return all, errors.Join(errs...)
}

func check(name string) (fs.FileInfo, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	case info.IsDir():
		return nil, fmt.Errorf("read %s: it is a directory", name)
	case !info.Mode().IsRegular():
		return info, nil // opening a pipe has side effects
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	return info, f.Close()
}

// cause returns the error without its operation and path, which the message already has.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
