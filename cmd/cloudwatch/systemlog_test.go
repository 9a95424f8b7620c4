package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// A log of this system goes through put: each line arrives once, in order, with
// its UTF-8 repaired.
func TestPutSystemLog(t *testing.T) {
	t.Run("to our endpoint", func(t *testing.T) {
		putSystemLog(t, cloudwatchtest.Start(t).URL)
	})
	t.Run("to moto", func(t *testing.T) {
		putSystemLog(t, startMoto(t))
	})
}

func putSystemLog(t *testing.T, endpoint string) {
	name, input := systemLog(t)
	file := filepath.Join(t.TempDir(), "input.log")
	if err := os.WriteFile(file, input, 0o600); err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.SplitSeq(repaired(input), "\n") {
		if line = strings.TrimSuffix(line, "\r"); line != "" {
			want = append(want, line)
		}
	}
	var stderr bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr, getenv: func(string) string { return "" }}
	if code := p.run(t.Context(), []string{"put", "system", "--stream", "log", "--endpoint", endpoint, file}); code != exitDone {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	got := readAll(t, endpoint)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("of %d lines of %s, %d arrived; number %d differs", len(want), name, len(got), i)
		}
	}
	t.Logf("%d lines of %s", len(want), name)
}

// systemLog returns the largest log of this system that is not too large, with a
// few damaged lines behind it.
func systemLog(t *testing.T) (name string, text []byte) {
	for _, pattern := range []string{"/var/log/*.log", "/var/log/*/*.log", "/var/log/syslog", "/var/log/messages"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil || !info.Mode().IsRegular() || info.Size() > 8<<20 || info.Size() <= int64(len(text)) {
				continue
			}
			if b, err := os.ReadFile(file); err == nil {
				name, text = file, b
			}
		}
	}
	if text == nil { // a system without logs, such as a bare container
		name = "made-up log"
		for i := range 5000 {
			text = fmt.Appendf(text, "2026-11-22 12:00:%02d status installed package-%d:amd64 1.%d-1\n", i/100, i, i)
		}
	}
	text = bytes.TrimSuffix(text, []byte("\n"))
	return name, append(text, "\ncaf\xe9 \xf0\x9f\x98 damaged\n\nW\xc3\xb6rter \xe2\x82\xac \xf0\x9f\x98\x80\nno newline at the end"...)
}

// repaired replaces each invalid byte.
func repaired(text []byte) string {
	var b strings.Builder
	for _, r := range string(text) {
		b.WriteRune(r)
	}
	return b.String()
}

func readAll(t *testing.T, endpoint string) (messages []string) {
	client := cloudwatchlogs.New(cloudwatchlogs.Options{
		BaseEndpoint: &endpoint,
		Region:       defaultRegion,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: dummyKey, SecretAccessKey: dummyKey}, nil
		}),
	})
	pages := cloudwatchlogs.NewGetLogEventsPaginator(client, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String("system"), LogStreamName: aws.String("log"), StartFromHead: aws.Bool(true),
	}, func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			messages = append(messages, *e.Message)
		}
	}
	return messages
}

// startMoto starts moto's server, a CloudWatch Logs that is not ours. The test is
// skipped where it is not installed.
func startMoto(t *testing.T) (endpoint string) {
	path, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip("moto_server is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	server := exec.Command(path, "-H", "127.0.0.1", "-p", port)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	endpoint = "http://127.0.0.1:" + port
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		r, err := http.Get(endpoint + "/moto-api/")
		if err == nil {
			r.Body.Close()
			return endpoint
		}
		if time.Since(began) > 30*time.Second {
			t.Skipf("moto_server does not start: %v", err)
		}
	}
}
