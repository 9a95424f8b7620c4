//go:build unix

package cloudwatch

import (
	"os"
	"syscall"
)

// writeLine writes to a file by the system call. Write of os.File ends the program with
// SIGPIPE when standard error is a pipe without a reader: a program must not die of a
// message about its logs.
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
				return false // wait until it can be written to
			case err != syscall.EINTR:
				return true
			}
		}
		return true
	})
}
