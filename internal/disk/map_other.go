//go:build !linux

package disk

import "errors"

// Mapping is for Linux only.
type Mapping struct{}

// Map returns errors.ErrUnsupported: only Linux has RAM file systems that every
// process can count on.
func Map(f *File, _ int) (*Mapping, error) {
	return nil, fail("map", f.name, errors.ErrUnsupported)
}

func (*Mapping) Write(int, []byte) error { return errors.ErrUnsupported }
func (*Mapping) Close() error            { return nil }
