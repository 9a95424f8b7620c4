//go:build crashpoints

package crash

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// variable is the environment variable with the point and the number of times to pass it first,
// for example CRASH_AT="after write:3".
const variable = "CRASH_AT"

var (
	point, passes = chosen()
	passed        atomic.Int64
)

func chosen() (string, int64) {
	name, count, _ := strings.Cut(os.Getenv(variable), ":")
	n, _ := strconv.ParseInt(count, 10, 64) // 0 if there is no count
	return name, n
}

// At is a point at which a test may kill the process.
func At(name string) {
	if name != point || passed.Add(1) <= passes {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}
