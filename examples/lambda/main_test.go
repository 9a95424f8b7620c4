//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

// service is the Runtime API of Lambda with the function as a process, which it freezes
// between two invocations.
type service struct {
	t       *testing.T
	e       *endpoint.Endpoint
	next    chan invocationOf
	answers chan answer
	process chan *os.Process // the function's; holds it from its start on
	stderr  bytes.Buffer
	ended   chan error
}

type invocationOf struct {
	id, payload string
	deadline    time.Time
}

type answer struct {
	id, kind, body string   // kind is response or error
	delivered      []string // the messages at the endpoint at that moment
}

func start(t *testing.T) *service {
	s := &service{
		t: t, e: endpoint.Start(t), next: make(chan invocationOf), answers: make(chan answer, 10),
		process: make(chan *os.Process, 1), ended: make(chan error, 1),
	}
	server := httptest.NewServer(s)
	program := filepath.Join(t.TempDir(), "bootstrap")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"))
	cmd.Stderr = &s.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.process <- cmd.Process
	done := make(chan struct{})
	go func() {
		s.ended <- cmd.Wait()
		close(done)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const base = "/2018-06-01/runtime/invocation/"
	rest, _ := strings.CutPrefix(r.URL.Path, base)
	if rest == "next" {
		process := <-s.process
		defer func() { s.process <- process }()
		_ = process.Signal(syscall.SIGSTOP)
		var i invocationOf
		select {
		case i = <-s.next:
		case <-r.Context().Done():
			return
		}
		_ = process.Signal(syscall.SIGCONT)
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", i.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(i.deadline.UnixMilli()))
		w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-67891233-"+i.id+";Sampled=1")
		_, _ = io.WriteString(w, i.payload)
		return
	}
	id, kind := path.Split(rest)
	body, _ := io.ReadAll(r.Body)
	s.answers <- answer{strings.TrimSuffix(id, "/"), kind, string(body), s.delivered()}
	w.WriteHeader(http.StatusAccepted)
}

func (s *service) delivered() (messages []string) {
	group, _ := s.e.LogGroup("my_log_group")
	for _, stream := range group.Streams {
		messages = append(messages, s.e.Messages("my_log_group", stream)...)
	}
	return messages
}

// invoke invokes the function and returns its answer.
func (s *service) invoke(id, payload string, within time.Duration) answer {
	s.t.Helper()
	began := time.Now()
	select {
	case s.next <- invocationOf{id, payload, began.Add(within)}:
	case err := <-s.ended:
		s.t.Fatalf("the function has ended: %v\n%s", err, &s.stderr)
	case <-time.After(time.Minute):
		s.t.Fatal("the function asks for no invocation")
	}
	select {
	case a := <-s.answers:
		if a.id != id {
			s.t.Errorf("got the answer of %s, want that of %s", a.id, id)
		}
		return a
	case <-time.After(within):
		s.t.Fatalf("no answer within %v", within)
		panic("not reached")
	}
}

func (s *service) want(a answer, kind string, texts ...string) {
	s.t.Helper()
	if a.kind != kind {
		s.t.Errorf("got the %s %s, want a %s", a.kind, a.body, kind)
	}
	if len(a.delivered) != len(texts) {
		s.t.Fatalf("delivered %q, want %d events", a.delivered, len(texts))
	}
	for i, text := range texts {
		if !strings.Contains(a.delivered[i], text) {
			s.t.Errorf("delivered %q, want %q in it", a.delivered[i], text)
		}
	}
}

// ids is how events show an invocation.
func ids(id string) string {
	return fmt.Sprintf(`"request_id":"%s","xray_trace_id":"1-67891233-%[1]s"`, id)
}

func TestEventsAreDeliveredBeforeTheFreeze(t *testing.T) {
	s := start(t)
	var want []string
	for n := range 3 {
		id := fmt.Sprint("request-", n)
		want = append(want, ids(id)+fmt.Sprintf(`,"order":%d}`, n+1))
		s.want(s.invoke(id, fmt.Sprintf(`{"id":%d}`, n+1), time.Minute), "response", want...)
		time.Sleep(100 * time.Millisecond) // frozen
	}
}

// After an outage, the next invocation delivers the events of those before.
func TestOutage(t *testing.T) {
	s := start(t)
	over := s.e.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Cut: cloudwatchtest.CutBefore})
	s.want(s.invoke("first", `{"id":1}`, time.Minute), "response")
	s.want(s.invoke("second", `{"id":2}`, time.Minute), "response")
	over()
	a := s.invoke("after", `{"id":3}`, time.Minute)
	for n := 0; n < 100 && len(a.delivered) < 3; n++ { // it may be pausing between two attempts
		a = s.invoke("again", `{"id":4}`, time.Minute)
	}
	for _, id := range []string{"first", "second", "after"} {
		if all := strings.Join(a.delivered, "\n"); strings.Count(all, ids(id)) != 1 {
			t.Errorf("want one event of %q in:\n%s", id, all)
		}
	}
}

// An outage holds an invocation for flushLimit, and not beyond its own time limit.
func TestTimeLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		defer srv.Close()
		srv.Inject(cloudwatchtest.Fault{Hang: true})
		cfg := srv.Config()
		h, err := cloudwatch.NewHandler("g", &cloudwatch.Options{Config: &cfg, OnError: func(error) {}})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		const work = 200 * time.Millisecond
		function := flushing(h, func(context.Context, order) (string, error) {
			slog.New(h).Info("working")
			time.Sleep(work)
			return "thank you", nil
		})
		for limit, want := range map[time.Duration]time.Duration{
			time.Minute:            work + flushLimit,
			800 * time.Millisecond: 800*time.Millisecond - answerTime,
			300 * time.Millisecond: work, // no time is left
		} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			began := time.Now()
			answer, err := function(ctx, order{})
			if took := time.Since(began); took != want || answer != "thank you" || err != nil {
				t.Errorf("with a limit of %v it took %v, want %v; answer %q, %v", limit, took, want, answer, err)
			}
			cancel()
		}
	})
}

func TestPanic(t *testing.T) {
	s := start(t)
	a := s.invoke("bad", `{}`, time.Minute)
	s.want(a, "error", `"level":"ERROR","msg":"panic: an order without an id",`+ids("bad")+`,"stack":"goroutine`)
	if !strings.Contains(a.delivered[0], "main.pay") {
		t.Errorf("the stack does not name the function that panicked: %s", a.delivered[0])
	}
	if err := <-s.ended; err == nil {
		t.Error("the process has ended without an error")
	}
	s.ended <- nil
	if !strings.Contains(s.stderr.String(), "should exit") {
		t.Errorf("package lambda does not say why the process ends; stderr:\n%s", &s.stderr)
	}
}

// The file is the same as that of the recipe for traces.
func TestContextHandlerIsTheOneThatIsTested(t *testing.T) {
	ours, err := os.ReadFile("contexthandler.go")
	if err != nil {
		t.Fatal(err)
	}
	tested, err := os.ReadFile("../tracing/contexthandler.go")
	if err != nil || !bytes.Equal(ours, tested) {
		t.Errorf("they differ, or: %v", err)
	}
}
