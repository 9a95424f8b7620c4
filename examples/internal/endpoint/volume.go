package endpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Volume returns a directory for spools. What they leave in RAM goes with it.
func Volume(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() {
		ids, _ := filepath.Glob(filepath.Join(dir, "*", "id")) // the pattern is right
		for _, path := range ids {
			if id, err := os.ReadFile(path); err == nil {
				_ = os.RemoveAll(fmt.Sprintf("/dev/shm/cloudwatch-%d-%s", os.Geteuid(), id))
			}
		}
	})
	return dir
}
