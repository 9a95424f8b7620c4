//go:build unix && !linux

package disk

import (
	"io/fs"
	"syscall"
)

// allocated returns the bytes that a file takes; st_blocks counts 512 each,
// whatever the block size of the file system.
func allocated(info fs.FileInfo) int64 {
	return int64(info.Sys().(*syscall.Stat_t).Blocks) * 512
}
