// Package endpoint runs the examples in tests, without AWS.
package endpoint

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// Endpoint is a CloudWatch Logs endpoint that the AWS SDK's own variables lead
// to, so that the examples need no setting for tests.
type Endpoint struct {
	*cloudwatchtest.Server
	t *testing.T

	mu            sync.Mutex
	authorization string // of the last request
}

// Start starts an endpoint and sets the environment for the time of the test.
func Start(t *testing.T) *Endpoint {
	t.Helper()
	e := &Endpoint{Server: cloudwatchtest.New(), t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.authorization = r.Header.Get("Authorization")
		e.mu.Unlock()
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		e.Close()
	})
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": server.URL,
		"AWS_ACCESS_KEY_ID":                "AKIDDEFAULT",
		"AWS_SECRET_ACCESS_KEY":            "secret",
		"AWS_SESSION_TOKEN":                "",
		"AWS_REGION":                       "us-east-1",
		"AWS_PROFILE":                      "",
		"AWS_CONFIG_FILE":                  os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE":      os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return e
}

// All returns the messages of the one log stream of a log group, and fails the
// test if there is another number of streams.
func (e *Endpoint) All(group string) []string {
	e.t.Helper()
	g, _ := e.LogGroup(group)
	if len(g.Streams) != 1 {
		e.t.Fatalf("log group %q has the log streams %q, want one", group, g.Streams)
	}
	return e.Messages(group, g.Streams[0])
}

// Want fails the test unless a log group has as many messages as texts, each
// with its text in it.
func (e *Endpoint) Want(group string, texts ...string) {
	e.t.Helper()
	messages := e.All(group)
	if len(messages) != len(texts) {
		e.t.Fatalf("got the messages %q, want %d", messages, len(texts))
	}
	for i, text := range texts {
		if !strings.Contains(messages[i], text) {
			e.t.Errorf("message %d is %q, want %q in it", i, messages[i], text)
		}
	}
}

// WantKey fails the test unless the last request was signed with an access key
// for a region.
func (e *Endpoint) WantKey(id, region string) {
	e.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !strings.Contains(e.authorization, "Credential="+id+"/") || !strings.Contains(e.authorization, "/"+region+"/logs/") {
		e.t.Errorf("signed as %q, want access key %s and region %s", e.authorization, id, region)
	}
}
