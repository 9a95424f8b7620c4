//go:build !linux

package disk

import "io/fs"

// stat returns what List does of a file; fs.ErrInvalid if it is not a regular one.
func (d *Dir) stat(name string) (Entry, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return Entry{}, err
	}
	if !info.Mode().IsRegular() {
		return Entry{}, fs.ErrInvalid
	}
	return Entry{name, allocated(info), info.Size()}, nil
}
