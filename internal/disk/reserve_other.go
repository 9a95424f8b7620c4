//go:build !linux

package disk

import "os"

// reserve gives a new file its size. Its space is only found when it is written.
func reserve(f *os.File, size int64) error { return f.Truncate(size) }
