package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// serveProcess is a "cloudwatch serve" in a process of its own.
type serveProcess struct {
	cmd    *exec.Cmd
	url    string
	exited chan error // has room for the answer

	mu     sync.Mutex // guards stderr
	stderr strings.Builder
}

var announced = regexp.MustCompile(`CloudWatch Logs at (http://[^,]+),`)

// launch starts an endpoint and returns when it listens.
func launch(t testing.TB, args ...string) *serveProcess {
	t.Helper()
	e := &serveProcess{exited: make(chan error, 1)}
	e.cmd = exec.Command("cloudwatch", append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	e.cmd.Env = append(os.Environ(), fastExit)
	pipe, err := e.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.cmd.Process.Kill() })
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			e.mu.Lock()
			fmt.Fprintln(&e.stderr, lines.Text())
			e.mu.Unlock()
			if m := announced.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
			}
		}
		e.exited <- e.cmd.Wait()
	}()
	select {
	case e.url = <-found:
		return e
	case err := <-e.exited:
		t.Fatalf("the endpoint ended: %v\n%s", err, e.said())
	case <-time.After(patience):
		t.Fatalf("the endpoint does not listen\n%s", e.said())
	}
	return nil
}

// said is what the endpoint has written to standard error.
func (e *serveProcess) said() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stderr.String()
}

// kill ends the process at once.
func (e *serveProcess) kill(t testing.TB) {
	t.Helper()
	if err := e.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-e.exited
}

// interrupt ends the process as Ctrl-C does.
func (e *serveProcess) interrupt(t testing.TB) {
	t.Helper()
	if err := e.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-e.exited:
	case <-time.After(patience):
		t.Fatalf("still running; stderr:\n%s", e.said())
	}
}

// memory is the resident memory of the process: all of it, and without that of
// files, which others share.
func (e *serveProcess) memory(t testing.TB) (all, own int64) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.cmd.Process.Pid))
	if err != nil {
		t.Skip("needs /proc")
	}
	field := func(name string) int64 {
		m := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)
		if m == nil {
			t.Fatalf("no %s in %s", name, status)
		}
		n, _ := strconv.ParseInt(string(m[1]), 10, 64)
		return n << 10
	}
	return field("VmRSS"), field("RssAnon")
}

// cpu is the CPU time the process has used.
func (e *serveProcess) cpu(t testing.TB) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", e.cmd.Process.Pid))
	if err != nil {
		t.Skip("needs /proc")
	}
	// Behind the name in parentheses; utime and stime are fields 14 and 15, in
	// hundredths of a second.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// client returns the real client, which tries again when it must. It has to,
// even here: it closes the body of a request as soon as an answer begins (seen
// with smithy-go v1.28.8), and when that is sooner than net/http has looked for
// the end of that body, net/http takes it for a failed write and drops the
// connection under the answer. On a network the way there and back is longer.
func client(url string) *cloudwatchlogs.Client { return retrying(url, retry.NewStandard()) }

// clientOnce is a client that tries once: what it puts is there once.
func clientOnce(url string) *cloudwatchlogs.Client { return retrying(url, aws.NopRetryer{}) }

func retrying(url string, r aws.Retryer) *cloudwatchlogs.Client {
	return cloudwatchlogs.New(cloudwatchlogs.Options{
		BaseEndpoint: &url,
		Region:       defaultRegion,
		Retryer:      r,
		HTTPClient:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
		Credentials:  credentials.NewStaticCredentialsProvider(dummyKey, dummyKey, ""),
	})
}

// createStreams creates a group and its streams.
func createStreams(t testing.TB, c *cloudwatchlogs.Client, group string, streams ...string) {
	t.Helper()
	if _, err := c.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}); err != nil {
		t.Fatal(err)
	}
	for _, stream := range streams {
		if _, err := c.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}); err != nil {
			t.Fatal(err)
		}
	}
}
