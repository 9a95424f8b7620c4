//go:build unix

package killtest_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "github.com/cloudwatch-go/cloudwatch" // results must not be cached when it has changed
)

var (
	kills = flag.Int("kills", 0, "how many processes TestKill kills; 0 = some, in a few seconds")
	seed  = flag.Uint64("kill-seed", 0, "seed of the random choices; 0 = another one each time. When exactly a process dies is not repeatable")
)

// programs is where the children are built.
var programs string

func TestMain(m *testing.M) {
	flag.Parse()
	switch {
	case *kills > 0:
	case raceEnabled: // the endpoint is slow, and the processes are the same
		*kills = 10
	default:
		*kills = 40
	}
	var err error
	if programs, err = os.MkdirTemp("", "killtest-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(programs)
	os.Exit(code)
}

// program builds the child, once for each set of tags. It is built without the race
// detector, whatever this test is: it would not get far before it is killed.
func program(t *testing.T, tags string) string {
	t.Helper()
	sources, err := filepath.Glob("child/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	for _, source := range sources {
		_, _ = os.ReadFile(source) // or results would be cached although they have changed
	}
	path := filepath.Join(programs, "child-"+tags)
	once, _ := builds.LoadOrStore(tags, sync.OnceValues(func() ([]byte, error) {
		return exec.Command("go", "build", "-race=false", "-tags", tags, "-o", path, "./child").CombinedOutput()
	}))
	if out, err := once.(func() ([]byte, error))(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

var builds sync.Map // by tags

// newRandom returns the random choices of a test, and says how to repeat them.
func newRandom(t *testing.T) *rand.Rand {
	n := *seed
	if n == 0 {
		n = uint64(time.Now().UnixNano())
	}
	t.Logf("-kill-seed %d", n)
	return rand.New(rand.NewPCG(n, 0))
}
