package clients_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Debian's Python has the boto3 of Debian.
const debianPython = "/usr/bin/python3"

func TestDebianBoto3(t *testing.T) {
	t.Parallel()
	e := start(t)
	if out := e.run(t, debianPython, "-c", "import boto3"); out.code != 0 {
		absentInCI(t, "python3-boto3 of Debian", "import boto3 fails")
	}
	boto3(t, e, debianPython)
}

// A boto3 that the user has installed, newer than Debian's.
func TestNewerBoto3(t *testing.T) {
	t.Parallel()
	e := start(t)
	python, version := newerBoto3(t, e)
	if python == "" {
		absent(t, "a newer boto3", "the python3 in PATH has none")
	}
	t.Log("boto3", version)
	boto3(t, e, python)
}

// newerBoto3 looks for a Python in PATH whose boto3 knows StartLiveTail.
func newerBoto3(t *testing.T, e *endpoint) (python, version string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		return "", ""
	}
	out := e.run(t, python, "-c", `import boto3
assert hasattr(boto3.client("logs"), "start_live_tail")
print(boto3.__version__)`)
	if out.code != 0 {
		return "", ""
	}
	return python, strings.TrimSpace(out.stdout)
}

func boto3(t *testing.T, e *endpoint, python string) {
	t.Helper()
	t.Log(e.succeed(t, python, "python/logs.py", e.URL))
	g, ok := e.LogGroup("/boto/app")
	if !ok || g.RetentionDays != 0 || len(g.Streams) != 60 || g.Tags["team"] != "shop" {
		t.Errorf("got %+v", g)
	}
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprintf("event %d é 🙂", i))
	}
	e.wantMessages(t, "/boto/app", "web-1", want...)
	if len(e.LogGroups()) != 1 {
		t.Error("a group that was deleted is there")
	}
	// It puts first and creates what is missing.
	if got := e.operations()[:5]; !slices.Equal(got, []string{"PutLogEvents", "CreateLogGroup", "PutLogEvents", "CreateLogStream", "PutLogEvents"}) {
		t.Errorf("operations %v", got)
	}
}

func TestBoto3LiveTail(t *testing.T) {
	t.Parallel()
	e := start(t)
	python, _ := newerBoto3(t, e)
	if python == "" {
		absent(t, "live tail with boto3", "the python3 in PATH has no boto3 that knows it")
	}
	if _, err := os.Stat("python/live_tail.py"); err != nil {
		t.Fatal(err)
	}
	t.Log(e.succeed(t, python, "python/live_tail.py", e.URL))
}
