// Package adaptertest is the test fixture of the logger adapters: a handler with an endpoint, and a
// way to run a test as a program of its own.
package adaptertest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// Group and Stream are the log group and log stream of a [Fixture].
const (
	Group  = "my_log_group"
	Stream = "my_log_stream"
)

// Fixture is a handler and the endpoint it delivers to.
type Fixture struct {
	*cloudwatch.Handler
	Server *cloudwatchtest.Server
	t      testing.TB
}

// New returns a Fixture without sockets, so it works in a synctest bubble. The end of the test
// closes its handler and endpoint.
func New(t testing.TB, opts cloudwatch.Options) *Fixture {
	t.Helper()
	return NewOn(t, cloudwatchtest.New(), opts)
}

// NewOn is [New] with the given endpoint.
func NewOn(t testing.TB, srv *cloudwatchtest.Server, opts cloudwatch.Options) *Fixture {
	t.Helper()
	cfg := srv.Config()
	opts.Config, opts.LogStream = &cfg, Stream
	if opts.OnError == nil {
		opts.OnError = cloudwatch.Silent
	}
	h, err := cloudwatch.NewHandler(Group, &opts)
	if err != nil {
		t.Fatal(err)
	}
	f := &Fixture{h, srv, t}
	t.Cleanup(func() {
		h.Close()
		srv.Close()
	})
	return f
}

// Events flushes and returns the events of the log stream without loss notices.
func (f *Fixture) Events() (events []cloudwatchtest.Event) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := f.Flush(ctx); err != nil {
		f.t.Fatal(err)
	}
	for _, e := range f.Server.Events(Group, Stream) {
		if !strings.Contains(e.Message, "log events lost") {
			events = append(events, e)
		}
	}
	return events
}

// Event is Events for a test that sent exactly one.
func (f *Fixture) Event() cloudwatchtest.Event {
	f.t.Helper()
	events := f.Events()
	if len(events) != 1 {
		f.t.Fatalf("events %q, want exactly one", events)
	}
	return events[0]
}

// Decoded decodes a message that is a JSON object.
func Decoded(t testing.TB, message string) (object map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(message), &object); err != nil {
		t.Fatalf("%q: %v", message, err)
	}
	return object
}

// Away makes every request hang until end is called, as in an outage.
func (f *Fixture) Away() (end func()) { return f.Server.Inject(cloudwatchtest.Fault{Hang: true}) }

// Took returns the duration of a call.
func Took(call func()) time.Duration {
	began := time.Now()
	call()
	return time.Since(began)
}

// ChildVariable is the environment variable that makes a test act as the program that logs.
const ChildVariable = "CLOUDWATCH_ADAPTER_CHILD"

// RunChild runs the current test in a new process with ChildVariable set and returns its exit code
// and output. The default AWS configuration of that process leads to the endpoint.
func RunChild(t *testing.T, srv *cloudwatchtest.Server, env ...string) (exit int, output string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), ChildVariable+"=1",
		"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS="+srv.URL, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_SESSION_TOKEN=",
		"AWS_REGION=us-east-1", "AWS_PROFILE=", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("the program exited with code 0: %s", out)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
