package clients_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

var required = flag.Bool("required", false, "fail if a client is missing that continuous integration installs")

// missing tells which clients were not tried, and why.
var missing struct {
	mu   sync.Mutex
	list []string
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	slices.Sort(missing.list)
	for _, line := range slices.Compact(missing.list) {
		fmt.Println("not tried:", line)
	}
	os.Exit(code)
}

// absent ends a test whose client is not there.
func absent(t *testing.T, client, reason string) {
	t.Helper()
	missing.mu.Lock()
	missing.list = append(missing.list, client+": "+reason)
	missing.mu.Unlock()
	t.Skipf("%s: %s", client, reason)
}

// absentInCI is absent for a client that is always there in continuous
// integration.
func absentInCI(t *testing.T, client, reason string) {
	t.Helper()
	if *required {
		t.Fatalf("%s: %s", client, reason)
	}
	absent(t, client, reason)
}

// endpoint is an endpoint of a test, and what its clients are told.
type endpoint struct {
	*cloudwatchtest.Server
	env []string
}

// start starts an endpoint that ends with the test.
func start(t *testing.T) *endpoint {
	t.Helper()
	srv := cloudwatchtest.Start(t)
	return &endpoint{srv, environment(t, srv.URL)}
}

// environment is all that a client knows: made-up keys, a region, the
// endpoint, no metadata service, no configuration of whoever runs the test.
func environment(t *testing.T, url string) []string {
	t.Helper()
	home := t.TempDir()
	none := filepath.Join(home, "none")
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home,
		"LANG=C.UTF-8",
		"TZ=UTC",
		"AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test",
		"AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1",
		"AWS_ENDPOINT_URL=" + url,
		"AWS_DISABLE_HOST_PREFIX_INJECTION=true", // for live tail
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + none,
		"AWS_SHARED_CREDENTIALS_FILE=" + none,
		"AWS_PAGER=",
		"NO_COLOR=1",
	}
}

// limit is the time one run of a client may take. It is generous: what hangs
// is to be told from what is slow.
const limit = 5 * time.Minute

// outcome is what came of a run.
type outcome struct {
	stdout, stderr string
	code           int
}

// command prepares a client. It is killed, and its children with it, when the
// time is over or the cleanup of the test has come to it: what is registered
// after it is still done with the client running.
func (e *endpoint) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = e.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// run runs a client to its end.
func (e *endpoint) run(t *testing.T, name string, args ...string) outcome {
	t.Helper()
	cmd := e.command(t, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", name, err)
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// succeed is run for a client that has to succeed. It returns what it printed.
func (e *endpoint) succeed(t *testing.T, name string, args ...string) string {
	t.Helper()
	out := e.run(t, name, args...)
	if out.code != 0 {
		t.Fatalf("%s %s: exit code %d\n%s%s", filepath.Base(name), strings.Join(args, " "), out.code, out.stdout, out.stderr)
	}
	return out.stdout
}

// build builds the program in a folder, which may be a module of its own, and
// returns its path.
func build(t *testing.T, folder string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), folder)
	cmd := exec.Command("go", "build", "-o", binary, ".")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build in %s: %v\n%s", folder, err, out)
	}
	return binary
}

// operations returns the operations the endpoint was asked for, in order,
// without repeats.
func (e *endpoint) operations() []string {
	var names []string
	for _, r := range e.Requests() {
		if len(names) == 0 || names[len(names)-1] != r.Operation {
			names = append(names, r.Operation)
		}
	}
	return names
}

// refusals returns the requests that were not answered with 200.
func (e *endpoint) refusals() (list []string) {
	for _, r := range e.Requests() {
		if r.Status != http.StatusOK {
			list = append(list, fmt.Sprintf("%s: %d %s: %s", r.Operation, r.Status, r.Code, r.Message))
		}
	}
	return list
}

// wantMessages checks the messages of a stream.
func (e *endpoint) wantMessages(t *testing.T, group, stream string, want ...string) {
	t.Helper()
	if got := e.Messages(group, stream); !slices.Equal(got, want) {
		t.Errorf("%s/%s holds %q\nwant %q", group, stream, got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
