package access_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// deadPath is a path that can die: what is sent gets nowhere, nothing comes, and nobody says
// so.
type deadPath struct {
	net.Conn
	dead atomic.Bool
}

func (s *deadPath) Write(p []byte) (int, error) {
	if s.dead.Load() {
		return len(p), nil
	}
	return s.Conn.Write(p)
}

func (s *deadPath) Read(p []byte) (int, error) {
	for {
		n, err := s.Conn.Read(p)
		if err != nil || !s.dead.Load() {
			return n, err
		}
	}
}

// pipes connects clients with a TLS server in memory, for fake time.
type pipes struct {
	accept chan net.Conn
	mu     sync.Mutex
	made   []*deadPath
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	s := &deadPath{Conn: client}
	p.mu.Lock()
	p.made = append(p.made, s)
	p.mu.Unlock()
	p.accept <- server
	return s, nil
}

func (p *pipes) Accept() (net.Conn, error) {
	conn, ok := <-p.accept
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p *pipes) Close() error   { return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// kill has the connections die that were made so far, and returns how many there are.
func (p *pipes) kill() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.made {
		s.dead.Store(true)
	}
	return len(p.made)
}

// TestDeadConnectionIsLeft: when the path dies in silence, a new connection is made, by
// every HTTP client and protocol.
func TestDeadConnectionIsLeft(t *testing.T) {
	web := httptest.NewTLSServer(nil)
	cert, roots := web.TLS.Certificates[0], x509.NewCertPool()
	roots.AddCert(web.Certificate())
	web.Close()
	transport := func(p *pipes, protocol string) *http.Transport {
		tr := &http.Transport{DialContext: p.dial, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}, ForceAttemptHTTP2: protocol == "h2"}
		if protocol != "h2" {
			tr.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		}
		return tr
	}
	rows := []struct {
		name   string
		client func(p *pipes) aws.HTTPClient
		within time.Duration
	}{
		{"HTTP/2, the SDK's client", func(p *pipes) aws.HTTPClient {
			return awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { *tr = *transport(p, "h2") })
		}, 20 * time.Second},
		{"HTTP/2, a client of the program", func(p *pipes) aws.HTTPClient { return &http.Client{Transport: transport(p, "h2")} }, 35 * time.Second},
		{"HTTP/1.1, the SDK's client", func(p *pipes) aws.HTTPClient {
			return awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { *tr = *transport(p, "") })
		}, 35 * time.Second},
		{"HTTP/1.1, a client of the program", func(p *pipes) aws.HTTPClient { return &http.Client{Transport: transport(p, "")} }, 35 * time.Second},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				p := &pipes{accept: make(chan net.Conn)}
				srv := cloudwatchtest.New()
				serving := &http.Server{Handler: srv, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}}
				done := make(chan struct{})
				go func() { serving.ServeTLS(p, "", ""); close(done) }()
				defer func() {
					close(p.accept)
					serving.Close()
					<-done
					synctest.Wait()
				}()
				cfg := srv.Config()
				cfg.HTTPClient, cfg.BaseEndpoint = row.client(p), aws.String("https://example.com")
				f := testkit.NewOn(t, srv, cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg})
				defer f.Close()
				want := f.Logged(3)
				f.FlushWithin(time.Minute)
				before := p.kill()
				want = append(want, f.Logged(3)...)
				began := time.Now()
				f.FlushWithin(time.Minute)
				t.Logf("delivered %v after the path died", time.Since(began))
				if took := time.Since(began); took > row.within {
					t.Errorf("delivered %v after the path died, want %v at most", took, row.within)
				}
				p.mu.Lock()
				made := len(p.made)
				p.mu.Unlock()
				if made != before+1 {
					t.Errorf("%d connections, want one more than %d", made, before)
				}
				f.WantMessages(want...)
				if c, ok := cfg.HTTPClient.(*http.Client); ok {
					c.CloseIdleConnections() // it is ours, not the handler's
				}
			})
		})
	}
}

// TestCloseEndsConnections: handlers that were opened and closed leave nothing behind.
func TestCloseEndsConnections(t *testing.T) {
	web := httptest.NewUnstartedServer(cloudwatchtest.New())
	web.EnableHTTP2 = true
	web.StartTLS()
	defer web.Close()
	plain, err := cloudwatchtest.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	trusting := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.TLSClientConfig.RootCAs = roots })
	for _, row := range []struct {
		name   string
		client aws.HTTPClient
		url    string
		setenv func(t *testing.T) // where credentials come from; nil: from Options.Config
	}{
		{"HTTP/2", trusting, web.URL, nil},
		{"HTTP/1.1", nil, plain.URL, nil},
		{"container credentials", nil, plain.URL, containerService},
		{"instance role", nil, plain.URL, func(t *testing.T) { metadataService(t, false) }},
		{"web identity through a CA bundle", nil, web.URL, tokenService},
	} {
		t.Run(row.name, func(t *testing.T) {
			opts := cloudwatch.Options{LogStream: testkit.Stream, Endpoint: row.url, FlushInterval: time.Millisecond}
			if row.setenv != nil {
				row.setenv(t)
			} else {
				cfg := plain.Config()
				cfg.HTTPClient = row.client
				opts.Config = &cfg
			}
			run := func() {
				h, err := cloudwatch.NewHandler(testkit.Group, &opts)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintln(h.Writer(), "hello")
				if err := h.Close(); err != nil {
					t.Fatal(err)
				}
			}
			run() // whatever is made once
			goroutines, files := runtime.NumGoroutine(), openFiles()
			for range 100 {
				run()
			}
			for limit := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // the server needs a moment to notice
				g, d := runtime.NumGoroutine(), openFiles()
				if g <= goroutines+4 && d <= files+4 {
					break
				}
				if time.Now().After(limit) {
					t.Fatalf("goroutines %d, then %d; open files %d, then %d", goroutines, g, files, d)
				}
			}
		})
	}
}

// containerService is what gives containers their credentials.
func containerService(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"AccessKeyId":"AK","SecretAccessKey":"s","Token":"t","Expiration":%q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(srv.Close)
	noKeys(t)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", srv.URL)
}

// tokenService is an STS that gives credentials for a token, over TLS with the CA bundle.
func tokenService(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AK</AccessKeyId>`+
			`<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials>`+
			`</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	token, bundle := filepath.Join(dir, "token"), filepath.Join(dir, "bundle")
	testkit.WriteFile(t, token, "token")
	testkit.WriteFile(t, bundle, pemOf(srv))
	noKeys(t)
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app")
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token)
	t.Setenv("AWS_ENDPOINT_URL_STS", srv.URL)
	t.Setenv("AWS_CA_BUNDLE", bundle)
}

func noKeys(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_SESSION_TOKEN", "")
}

// openFiles returns how many descriptors the process has, 0 where that is not known.
func openFiles() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}

// TestMemoryUnderHostileAnswers: whatever is answered, for as long as it likes, the heap
// grows by a few megabytes at most, and no error is longer than a page.
func TestMemoryUnderHostileAnswers(t *testing.T) {
	forever := func(w io.Writer, part []byte) {
		for {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}
	junk := bytes.Repeat([]byte("x"), 64<<10)
	var bomb bytes.Buffer
	gz := gzip.NewWriter(&bomb)
	for range 256 { // 16 MiB each time it is sent
		gz.Write(junk)
	}
	gz.Close()
	typed := func(w http.ResponseWriter, status int) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-RequestId", "1")
		w.WriteHeader(status)
	}
	rows := map[string]func(w http.ResponseWriter, r *http.Request){
		"a 200 without end": func(w http.ResponseWriter, r *http.Request) { typed(w, 200); forever(w, junk) },
		"a 400 without end": func(w http.ResponseWriter, r *http.Request) { typed(w, 400); forever(w, junk) },
		"a page without end": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			forever(w, []byte("<p>no</p>"))
		},
		"a gzip bomb": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			typed(w, 200)
			forever(w, bomb.Bytes())
		},
		"an error of 100 MB": func(w http.ResponseWriter, r *http.Request) {
			typed(w, 400)
			io.WriteString(w, `{"__type":"AccessDeniedException","message":"`)
			for range 1600 {
				w.Write(junk)
			}
			io.WriteString(w, `"}`)
		},
		"an error of 60 KB": func(w http.ResponseWriter, r *http.Request) {
			typed(w, 400)
			io.WriteString(w, `{"__type":"AccessDeniedException","message":"`+strings.Repeat("x", 60_000)+`"}`)
		},
		"headers without end": func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			forever(conn, []byte("X-Junk: "+strings.Repeat("x", 1000)+"\r\n"))
		},
		"a long status line": func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 403 ")
			forever(conn, junk)
		},
	}
	for name, answer := range rows {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(answer))
			defer web.Close()
			defer web.CloseClientConnections()
			cfg := cloudwatchtest.New().Config()
			cfg.HTTPClient = nil
			var longest atomic.Int64
			runtime.GC()
			before := heapNow()
			h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
				LogStream: testkit.Stream, Config: &cfg, Endpoint: web.URL, FlushInterval: 10 * time.Millisecond, CloseTimeout: 2 * time.Second,
				OnError: func(err error) { longest.Store(max(longest.Load(), int64(len(err.Error())))) },
			})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(h.Writer(), "hello")
			ended := make(chan error, 1)
			go func() { ended <- h.Close() }()
			most := uint64(0)
			for closed := false; !closed; {
				select {
				case err := <-ended:
					closed = true
					if err == nil {
						t.Error("Close says that all is delivered")
					}
				case <-time.After(20 * time.Millisecond):
					most = max(most, heapNow())
				}
			}
			if grown := int64(most) - int64(before); grown > 32<<20 {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
			last := h.Stats().LastError
			if last == nil {
				t.Fatal("no last error")
			}
			if n := max(longest.Load(), int64(len(last.Error()))); n > 8<<10 {
				t.Errorf("an error has %d bytes", n)
			}
		})
	}
}

func heapNow() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestRedirectsAreNotFollowed: the events would go somewhere that no setting names.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var dialed sync.Map
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://logs.example.com/", status)
		}))
		defer web.Close()
		cfg := cloudwatchtest.New().Config()
		cfg.HTTPClient = awshttp.NewBuildableClient()
		h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
			LogStream: testkit.Stream, Config: &cfg, Endpoint: web.URL, CloseTimeout: time.Second,
			ClientOptions: []func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) {
				o.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
					tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
						dialed.Store(addr, true)
						return new(net.Dialer).DialContext(ctx, network, web.Listener.Addr().String())
					}
				})
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(h.Writer(), "hello")
		h.Close()
		dialed.Range(func(addr, _ any) bool {
			if addr != web.Listener.Addr().String() {
				t.Errorf("%d: followed to %v", status, addr)
			}
			return true
		})
		if last := h.Stats().LastError; last == nil || !strings.Contains(last.Error(), fmt.Sprint("HTTP ", status)) {
			t.Errorf("%d: last error %v", status, last)
		}
	}
}

// net/http must not print what a server sends before the request: after slog.SetDefault, that would
// be an event of the program, and after Close a false report of lost events.
func TestBytesBeforeTheRequestAreNotPrinted(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "SSH-2.0-OpenSSH_9.6\r\n")
			go io.Copy(io.Discard, conn)
		}
	}()
	var printed lockedBuffer
	log.SetOutput(&printed)
	defer log.SetOutput(os.Stderr)
	reported := make(chan error, 1000)
	late := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := net.Dial(network, addr)
			time.Sleep(5 * time.Millisecond) // the bytes arrive before the request
			return conn, err
		}
	})
	for range 30 {
		h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
			LogStream: testkit.Stream, Endpoint: "http://" + ln.Addr().String(), CloseTimeout: 50 * time.Millisecond,
			OnError:       func(err error) { reported <- err },
			ClientOptions: []func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) { o.HTTPClient = late }},
		})
		if err != nil {
			t.Fatal(err)
		}
		slog.New(h).Info("one")
		h.Close()
	}
	if text := printed.String(); text != "" {
		t.Errorf("printed %q", text)
	}
	if err := <-reported; !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("reported %v, want the endpoint in it", err)
	}
}

// lockedBuffer is safe for concurrent use.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
