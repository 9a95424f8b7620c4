package cloudwatchlogrus_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

const (
	group  = "my_log_group"
	stream = "my_log_stream"
)

// fixture is a handler and the endpoint it delivers to.
type fixture struct {
	*cloudwatch.Handler
	t   testing.TB
	srv *cloudwatchtest.Server
}

// inBubble runs the test with fake time.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// newFixture is for a test inside a bubble: there is no socket.
func newFixture(t testing.TB, opts cloudwatch.Options) *fixture {
	t.Helper()
	return newFixtureOn(t, cloudwatchtest.New(), opts)
}

func newFixtureOn(t testing.TB, srv *cloudwatchtest.Server, opts cloudwatch.Options) *fixture {
	t.Helper()
	cfg := srv.Config()
	opts.Config, opts.LogStream = &cfg, stream
	if opts.OnError == nil {
		opts.OnError = func(error) {}
	}
	h, err := cloudwatch.NewHandler(group, &opts)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{h, t, srv}
	t.Cleanup(func() {
		h.Close()
		srv.Close()
	})
	return f
}

// events flushes and returns what the service has, but for notices of losses.
func (f *fixture) events() (events []cloudwatchtest.Event) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := f.Flush(ctx); err != nil {
		f.t.Fatal(err)
	}
	for _, e := range f.srv.Events(group, stream) {
		if !strings.Contains(e.Message, "log events lost") {
			events = append(events, e)
		}
	}
	return events
}

// event returns the one event there is.
func (f *fixture) event() cloudwatchtest.Event {
	f.t.Helper()
	events := f.events()
	if len(events) != 1 {
		f.t.Fatalf("got the events %q, want one", events)
	}
	return events[0]
}

// decoded returns the JSON object of a message.
func decoded(t testing.TB, message string) (object map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(message), &object); err != nil {
		t.Fatalf("%q: %v", message, err)
	}
	return object
}

// away makes every request hang until end is called.
func (f *fixture) away() (end func()) { return f.srv.Inject(cloudwatchtest.Fault{Hang: true}) }

// took returns the time that a call takes.
func took(call func()) time.Duration {
	began := time.Now()
	call()
	return time.Since(began)
}

// childVariable tells the test binary to be a program that logs.
const childVariable = "CLOUDWATCHLOGRUS_CHILD"

// runChild runs this test again, as a program with a handler to the endpoint.
func runChild(t *testing.T, srv *cloudwatchtest.Server, env ...string) (exit int, output string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), childVariable+"=1",
		"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS="+srv.URL, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_SESSION_TOKEN=",
		"AWS_REGION=us-east-1", "AWS_PROFILE=", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("the program did not end with an error: %s", out)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
