package testkit

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
)

// ramFileSystem returns a directory on a RAM file system, for hot mode. Without one
// the test is skipped.
func RAMFileSystem(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "cloudwatch-test-")
	if err != nil {
		t.Skip("hot mode needs a RAM file system: ", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	d, err := disk.OpenDir(filepath.Join(dir, "look"), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.FileSystem() != disk.RAM {
		t.Skip("hot mode needs a RAM file system: /dev/shm is none")
	}
	return dir
}
