package endpoint_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func TestWaitForEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		defer srv.Close()
		start := time.Now()
		type result struct {
			events []cloudwatchtest.Event
			err    error
			after  time.Duration
		}
		waited := make(chan result, 1)
		go func() {
			events, err := srv.WaitForEvents(t.Context(), "g", "s", 2)
			waited <- result{events, err, time.Since(start)}
		}()
		time.Sleep(time.Minute) // the stream does not exist when the wait begins
		must(t, srv.CreateLogGroup("g"))
		must(t, srv.CreateLogStream("g", "s"))
		put(t, sdk(srv), "one")
		time.Sleep(time.Minute)
		put(t, sdk(srv), "two", "three")
		r := <-waited
		must(t, r.err)
		if len(r.events) != 3 || r.after != 2*time.Minute {
			t.Errorf("%d events after %v", len(r.events), r.after)
		}
		events, err := srv.WaitForEvents(t.Context(), "g", "none", 0)
		if err != nil || events != nil {
			t.Errorf("waiting for nothing: %v, %v", events, err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		events, err = srv.WaitForEvents(ctx, "g", "s", 4)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "wait for 4 events in g/s: 3 arrived") || len(events) != 3 {
			t.Errorf("got %d events and %v", len(events), err)
		}

		closed := make(chan error)
		go func() {
			_, err := srv.WaitForEvents(context.Background(), "g", "s", 4)
			closed <- err
		}()
		synctest.Wait()
		must(t, srv.Close())
		if err := <-closed; !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestCloseIsIdempotent(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		put(t, c, "x")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := srv.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		must(t, srv.Close())
		if _, err := srv.Client().Post(srv.URL, "", nil); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("after Close: %v", err)
		}
		if got := srv.Messages("g", "s"); len(got) != 1 {
			t.Errorf("the state after Close: %q", got)
		}
		must(t, srv.CreateLogGroup("later"))
	})
}

// Only requests that a fault holds back are cut.
func TestCloseAnswersRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		handling, goOn := make(chan bool), make(chan bool)
		srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Match: func(cloudwatchtest.Request) bool {
			close(handling)
			<-goOn
			return false
		}})
		answered := make(chan error, 1)
		go func() {
			_, err := c.PutLogEvents(t.Context(), batch(time.Now(), "x"))
			answered <- err
		}()
		<-handling
		closed := make(chan error)
		go func() { closed <- srv.Close() }()
		synctest.Wait()
		select {
		case <-closed:
			t.Fatal("Close did not wait for the request")
		default:
		}
		close(goOn)
		must(t, <-closed)
		must(t, <-answered)
	})
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 5 {
		srv, err := cloudwatchtest.NewServer()
		must(t, err)
		must(t, srv.CreateLogGroup("g"))
		must(t, srv.CreateLogStream("g", "s"))
		put(t, sdk(srv), "x")                                  // the SDK's own pool
		post(t, srv, "DescribeLogGroups", "{}")                // the server's client
		idle, err := net.Dial("tcp", srv.URL[len("http://"):]) // a connection without a request
		must(t, err)
		start := time.Now()
		must(t, srv.Close())
		idle.Close()
		if d := time.Since(start); d > time.Second {
			t.Errorf("Close took %v", d)
		}
	}
	// The last goroutines may still be returning when Close returns.
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}

func TestManyServers(t *testing.T) {
	for i := range 50 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
				put(t, c, fmt.Sprint("server ", i))
				if got := srv.Messages("g", "s"); len(got) != 1 || got[0] != fmt.Sprint("server ", i) {
					t.Errorf("got %q", got)
				}
			})
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	bothReady(t, func(t *testing.T, srv *cloudwatchtest.Server, c *cloudwatchlogs.Client) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 20 {
					if _, err := c.PutLogEvents(t.Context(), batch(time.Now(), fmt.Sprint(i, j), "x")); err != nil {
						t.Error(err)
					}
					if _, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g")}); err != nil {
						t.Error(err)
					}
					srv.Requests()
					srv.LogGroups()
				}
			})
		}
		_, err := srv.WaitForEvents(t.Context(), "g", "s", 320)
		must(t, err)
		wg.Wait()
	})
}

func TestStartClosesAndFails(t *testing.T) {
	tb := &fakeTB{}
	srv := cloudwatchtest.Start(tb)
	if len(tb.cleanups) != 1 || tb.failure != "" {
		t.Fatalf("got %+v", tb)
	}
	tb.cleanups[0]()
	if _, err := srv.Client().Get(srv.URL); err == nil {
		t.Error("the server still works after the cleanup")
	}
}

type fakeTB struct {
	cleanups []func()
	failure  string
}

func (f *fakeTB) Helper()                           {}
func (f *fakeTB) Cleanup(fn func())                 { f.cleanups = append(f.cleanups, fn) }
func (f *fakeTB) Fatalf(format string, args ...any) { f.failure = fmt.Sprintf(format, args...) }

func TestHostCheck(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	port := srv.URL[strings.LastIndex(srv.URL, ":"):]
	for host, want := range map[string]int{
		"localhost":                    200,
		"LOCALHOST" + port:             200,
		"127.0.0.1" + port:             200,
		"[::1]" + port:                 200,
		"[::1]":                        200,
		"logs.localhost" + port:        200,
		"stream-localhost" + port:      200,
		"streaming-localhost" + port:   200,
		"stream-127.0.0.1" + port:      200,
		"streaming-logs.localhost":     200,
		"evil.example" + port:          403,
		"localhost.evil.example":       403,
		"evillocalhost":                403,
		"stream-evil.example" + port:   403,
		"stream-stream-localhost":      403,
		"127.0.0.1.evil.example":       403,
		"127.0.0.2" + port:             403,
		"logs.us-east-1.amazonaws.com": 403,
	} {
		if a := post(t, srv, "DescribeLogGroups", "{}", "Host", host); a.status != want {
			t.Errorf("Host %s: got %d, want %d", host, a.status, want)
		}
	}
}

func TestMethodAndPath(t *testing.T) {
	both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
		for _, r := range []struct {
			method, path string
			want         int
		}{
			{"GET", "/", 405}, {"PUT", "/", 405}, {"OPTIONS", "/", 405}, {"DELETE", "/", 405},
			{"POST", "/x", 404}, {"GET", "/favicon.ico", 404}, {"POST", "/", 200},
		} {
			req, err := http.NewRequestWithContext(t.Context(), r.method, srv.URL+r.path, strings.NewReader("{}"))
			must(t, err)
			req.Header.Set("X-Amz-Target", "Logs_20140328.DescribeLogGroups")
			a := do(t, srv, req)
			if a.status != r.want {
				t.Errorf("%s %s: got %d, want %d", r.method, r.path, a.status, r.want)
			}
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s: CORS header %s", r.method, r.path, name)
				}
			}
		}
		if n := srv.RequestCount(""); n != 1 {
			t.Errorf("the request log has %d entries, want the one request to an operation", n)
		}
	})
}

func compress(t testing.TB, body string) string {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	must(t, err)
	_, err = z.Write([]byte(body))
	must(t, err)
	must(t, z.Close())
	return b.String()
}

func TestGzip(t *testing.T) {
	both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
		must(t, srv.CreateLogGroup("g"))
		must(t, srv.CreateLogStream("g", "s"))
		body := encode(t, map[string]any{"logGroupName": "g", "logStreamName": "s",
			"logEvents": []any{map[string]any{"timestamp": time.Now().UnixMilli(), "message": strings.Repeat("zip", 1000)}}})
		small := compress(t, body)
		if a := post(t, srv, "PutLogEvents", small, "Content-Encoding", "gzip"); a.status != 200 {
			t.Fatalf("got %d %s", a.status, a.body)
		}
		if r := srv.Requests()[0]; r.BodyBytes != len(small) || r.Bytes != 3026 || len(srv.Events("g", "s")) != 1 {
			t.Errorf("request log: %+v", r)
		}
		if a := post(t, srv, "PutLogEvents", body, "Content-Encoding", "identity"); a.status != 200 {
			t.Errorf("identity: got %d %s", a.status, a.body)
		}
		for name, r := range map[string][2]string{
			"plain text as gzip": {body, "gzip"},
			"half a gzip":        {small[:len(small)/2], "gzip"},
			"another encoding":   {small, "zstd"},
			"nothing as gzip":    {"", "gzip"},
		} {
			a := post(t, srv, "PutLogEvents", r[0], "Content-Encoding", r[1])
			if code, _ := a.error(t); a.status != 400 || code != "MalformedHttpRequestException" {
				t.Errorf("%s: got %d %s", name, a.status, a.body)
			}
		}
	})
}

// TestBodyLimit runs only in memory: over a socket, the server may close the connection before the
// client has sent all of a large body.
func TestBodyLimit(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	const limit = 16 << 20
	for _, r := range []struct {
		name   string
		size   int
		gzip   bool
		status int
		code   string
	}{
		// "[" is refused as JSON immediately, which saves parsing the rest.
		{"at the limit", limit, false, 400, "SerializationException"},
		{"over the limit", limit + 1, false, 413, "RequestEntityTooLargeException"},
		{"a gzip bomb", limit + 1, true, 413, "RequestEntityTooLargeException"},
	} {
		body, header := "["+strings.Repeat(" ", r.size-1), []string{}
		if r.gzip {
			// A sequence of 1 MiB gzip members is a gzip file, too, and faster to make.
			body = strings.Repeat(compress(t, body[:1<<20]), limit>>20) + compress(t, body[limit:])
			header = []string{"Content-Encoding", "gzip"}
		}
		a := post(t, srv, "DescribeLogGroups", body, header...)
		if code, _ := a.error(t); a.status != r.status || code != r.code {
			t.Errorf("%s: got %d %s", r.name, a.status, a.body)
		}
	}
}

// The body is closed, and not used after RoundTrip.
func TestTransportContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, _ := ready(t)
		request := func(ctx context.Context, body *watchedBody) (*http.Response, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, body)
			must(t, err)
			req.Header.Set("X-Amz-Target", "Logs_20140328.DescribeLogGroups")
			return srv.Transport().RoundTrip(req)
		}
		body := &watchedBody{r: strings.NewReader("{}")}
		res, err := request(t.Context(), body)
		must(t, err)
		if !body.closed || res.StatusCode != 200 || res.Request == nil || res.Proto != "HTTP/1.1" || res.Status != "200 OK" {
			t.Errorf("closed %v, response %+v", body.closed, res)
		}

		// A client that gives up may reuse its buffer immediately.
		srv.Inject(cloudwatchtest.Fault{Times: 1, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		buf := []byte("{}")
		body = &watchedBody{r: bytes.NewReader(buf)}
		_, err = request(ctx, body)
		buf[0] = 'x'
		if err != context.DeadlineExceeded || !body.closed {
			t.Errorf("got %v, closed %v", err, body.closed)
		}

		// A context that is done, a body that fails, a body that blocks.
		body = &watchedBody{r: strings.NewReader("{}")}
		if _, err = request(ctx, body); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if !body.closed {
			t.Error("the body is not closed")
		}
		broken := errors.New("broken")
		body = &watchedBody{r: io.MultiReader(strings.NewReader("{"), failingReader{broken})}
		if _, err = request(t.Context(), body); !errors.Is(err, broken) || !body.closed {
			t.Errorf("got %v, closed %v", err, body.closed)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		pipe, w := io.Pipe()
		defer w.Close()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, pipe)
		must(t, err)
		if _, err = srv.Transport().RoundTrip(req); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		// No body.
		req, err = http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, nil)
		must(t, err)
		if a := do(t, srv, req); a.status != 400 {
			t.Errorf("got %d", a.status)
		}
	})
}

type watchedBody struct {
	r      io.Reader
	mu     sync.Mutex
	closed bool
}

func (b *watchedBody) Read(p []byte) (int, error) { return b.r.Read(p) }
func (b *watchedBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }
