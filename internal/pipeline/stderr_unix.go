//go:build unix

package pipeline

import (
	"os"
	"syscall"
)

// writeLine writes a line to a file by the system call. [os.File.Write] raises SIGPIPE if standard
// error is a pipe without a reader: a report must not kill the program.
func writeLine(f *os.File, line []byte) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Write(func(fd uintptr) (done bool) {
		for len(line) > 0 {
			n, err := syscall.Write(int(fd), line)
			switch {
			case n > 0:
				line = line[n:]
			case err == syscall.EAGAIN:
				return false // wait until the file is writable
			case err != syscall.EINTR:
				return true
			}
		}
		return true
	})
}
