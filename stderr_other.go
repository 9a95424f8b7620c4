//go:build !unix

package cloudwatch

import "os"

// writeLine writes to a file.
func writeLine(f *os.File, line []byte) {
	_, _ = f.Write(line)
}
