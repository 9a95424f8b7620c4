//go:build !unix

package pipeline

import "os"

// writeLine writes a line to a file.
func writeLine(f *os.File, line []byte) {
	_, _ = f.Write(line)
}
