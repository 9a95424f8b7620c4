package access_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
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
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// hanging is a provider that answers nobody until it is released, and ignores contexts.
type hanging struct {
	calls   atomic.Int64
	at      atomic.Int64 // now
	most    atomic.Int64 // at once
	release chan struct{}
}

func (p *hanging) Retrieve(context.Context) (aws.Credentials, error) {
	p.calls.Add(1)
	p.most.Store(max(p.most.Load(), p.at.Add(1)))
	defer p.at.Add(-1)
	<-p.release
	return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
}

// However many requests fail meanwhile, a provider that hangs is called once, with and
// without the SDK's cache around it. When it answers at last, delivery goes on.
func TestHangingProviderIsCalledOnce(t *testing.T) {
	for _, cached := range []bool{false, true} {
		t.Run(fmt.Sprint("cached ", cached), func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				srv := cloudwatchtest.New()
				cfg := srv.Config()
				p := &hanging{release: make(chan struct{})}
				cfg.Credentials = p
				if cached {
					cfg.Credentials = aws.NewCredentialsCache(p)
				}
				f := testkit.NewOn(t, srv, cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg})
				want := f.Logged(3)
				time.Sleep(time.Minute)
				before := runtime.NumGoroutine()
				time.Sleep(time.Hour)
				var failure *cloudwatch.CredentialsError
				if last := f.Stats().LastError; !errors.As(last, &failure) || !strings.Contains(last.Error(), "the provider has not answered since") {
					t.Errorf("last error %v", last)
				}
				if calls, after := p.calls.Load(), runtime.NumGoroutine(); calls != 1 || after > before+2 {
					t.Errorf("%d calls, %d goroutines after a minute, %d after an hour", calls, before, after)
				}
				close(p.release)
				time.Sleep(2 * time.Minute)
				f.WantMessages(want...)
				if most := p.most.Load(); most != 1 {
					t.Errorf("%d calls at once", most)
				}
			})
		})
	}
}

// The connection of a provider is not the request's: one that times out while all wait for
// the provider leaves it alone, and does not follow it.
func TestTimeoutsLeaveTheProvidersConnection(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		p := &pipes{accept: make(chan net.Conn)}
		release, done := make(chan struct{}), make(chan struct{})
		serving := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			<-release
			fmt.Fprint(w, "AKLATE")
		})}
		go func() { serving.Serve(p); close(done) }()
		asking := &http.Client{Transport: &http.Transport{DialContext: p.dial}}
		defer func() {
			asking.CloseIdleConnections()
			close(p.accept)
			serving.Close()
			<-done
		}()
		srv := cloudwatchtest.New()
		cfg := srv.Config()
		cfg.HTTPClient = onlyKey(srv, "AKLATE")
		var failed atomic.Pointer[error]
		cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://provider.example", nil)
			if err != nil {
				return aws.Credentials{}, err
			}
			response, err := asking.Do(req)
			if err != nil {
				failed.CompareAndSwap(nil, &err)
				return aws.Credentials{}, err
			}
			defer response.Body.Close()
			id, err := io.ReadAll(response.Body)
			return aws.Credentials{AccessKeyID: string(id), SecretAccessKey: "secret"}, err
		})
		f := testkit.NewOn(t, srv, cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg})
		want := f.Logged(3)
		time.Sleep(time.Hour)
		if n := f.Stats().Retries; n < 2 {
			t.Errorf("%d requests timed out", n)
		}
		close(release)
		time.Sleep(2 * time.Minute)
		f.WantMessages(want...)
		if err := failed.Load(); err != nil {
			t.Errorf("the provider failed: %v", *err)
		}
	})
}

// Close gets past a provider that hangs.
func TestCloseWithAHangingProvider(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		defer srv.Close()
		cfg := srv.Config()
		p := &hanging{release: make(chan struct{})}
		defer close(p.release)
		cfg.Credentials = p
		h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{Config: &cfg, CloseTimeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		h.Writer().WriteString("a line\n")
		began := time.Now()
		var left *cloudwatch.UndeliveredError
		if err := h.Close(); !errors.As(err, &left) || left.Events != 1 {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("Close took %v", took)
		}
	})
}

// A provider that heeds its context ends with Close.
func TestCloseEndsARetrieval(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		defer srv.Close()
		cfg := srv.Config()
		ended := false
		cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			<-ctx.Done()
			ended = true
			return aws.Credentials{}, ctx.Err()
		})
		h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{Config: &cfg, CloseTimeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		h.Writer().WriteString("a line\n")
		h.Close()
		if !ended {
			t.Error("the retrieval goes on")
		}
	})
}

// keyFile writes keys to a file of the profile and returns its name.
func keyFile(t *testing.T, profile string) (file string, write func(id string)) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "credentials")
	return file, func(id string) {
		text := "[" + profile + "]\naws_access_key_id = " + id + "\naws_secret_access_key = secret\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Keys that are renewed in a shared file are found under Options.Config too, if it was
// loaded and still has the credentials that were loaded.
func TestRenewedFileUnderConfig(t *testing.T) {
	static := credentials.NewStaticCredentialsProvider("OLD", "other", "")
	rows := map[string]struct {
		profile string
		late    bool // there is no file at first
		load    func(file string) []func(*config.LoadOptions) error
		change  func(*aws.Config)
		found   bool
	}{
		"file of the environment": {profile: "default", found: true},
		"file that comes late":    {profile: "default", late: true, found: true},
		"named file and profile": {
			profile: "ops", found: true,
			load: func(file string) []func(*config.LoadOptions) error {
				return []func(*config.LoadOptions) error{config.WithSharedCredentialsFiles([]string{file}), config.WithSharedConfigProfile("ops")}
			},
		},
		"with a CA bundle": {
			profile: "default", found: true,
			load: func(string) []func(*config.LoadOptions) error {
				ca := httptest.NewTLSServer(nil)
				defer ca.Close()
				return []func(*config.LoadOptions) error{config.WithCustomCABundle(strings.NewReader(pemOf(ca)))}
			},
		},
		"keys given while loading": {
			profile: "default",
			load: func(string) []func(*config.LoadOptions) error {
				return []func(*config.LoadOptions) error{config.WithCredentialsProvider(static)}
			},
		},
		"keys set afterwards":        {profile: "default", change: func(c *aws.Config) { c.Credentials = static }},
		"cached keys set afterwards": {profile: "default", change: func(c *aws.Config) { c.Credentials = aws.NewCredentialsCache(static) }},
		"without its sources":        {profile: "default", change: func(c *aws.Config) { c.ConfigSources = nil }},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			file, write := keyFile(t, row.profile)
			if !row.late {
				write("OLD")
			}
			t.Setenv("AWS_ACCESS_KEY_ID", "")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "")
			if row.profile == "default" {
				t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
			}
			var load []func(*config.LoadOptions) error
			if row.load != nil {
				load = row.load(file)
			}
			cfg, err := config.LoadDefaultConfig(t.Context(), load...)
			if err != nil {
				t.Fatal(err)
			}
			if row.change != nil {
				row.change(&cfg)
			}
			testkit.Bubble(t, func(t *testing.T) {
				srv := cloudwatchtest.New()
				testkit.MustCreate(t, srv)
				f := testkit.NewOn(t, srv, cloudwatch.Options{
					LogStream: testkit.Stream, Config: &cfg, CloseTimeout: time.Second,
					ClientOptions: []func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) {
						o.BaseEndpoint, o.HTTPClient = &srv.URL, onlyKey(srv, "NEW")
					}},
				})
				f.Logged(1)
				time.Sleep(5 * time.Minute)
				if s := f.Stats(); s.Pending != 1 {
					t.Errorf("with old keys: %+v", s)
				}
				write("NEW")
				time.Sleep(2 * time.Minute)
				if found := len(f.Messages()) == 1; found != row.found {
					t.Errorf("new keys found: %v, want %v; %v", found, row.found, f.Stats().LastError)
				}
			})
		})
	}
}

// metadataService is one of EC2 that has keys for both versions, but no tokens if it
// refuses version 2.
func metadataService(t *testing.T, refuse bool) (requests func() []string) {
	var mu sync.Mutex
	var seen []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r.Method+" "+r.URL.Path)
		mu.Unlock()
		const role = "/latest/meta-data/iam/security-credentials/"
		switch {
		case r.Method == "PUT" && refuse:
			http.Error(w, "no", http.StatusForbidden)
		case r.Method == "PUT":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			fmt.Fprint(w, "token")
		case r.URL.Path == role:
			fmt.Fprint(w, "role")
		case r.URL.Path == role+"role":
			fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"AKROLE","SecretAccessKey":"s","Token":"t","Expiration":%q}`,
				time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", srv.URL)
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), seen...)
	}
}

func TestMetadataServiceIsAskedWithATokenOnly(t *testing.T) {
	t.Run("version 2 works", func(t *testing.T) {
		requests := metadataService(t, false)
		srv := newCapture(t)
		logOne(t, &cloudwatch.Options{ClientOptions: []func(*cloudwatchlogs.Options){srv.transport}})
		if header := <-srv.seen; !strings.Contains(header.Get("Authorization"), "Credential=AKROLE/") {
			t.Errorf("signed by %s; %q", header.Get("Authorization"), requests())
		}
	})
	t.Run("version 2 is refused", func(t *testing.T) {
		requests := metadataService(t, true)
		srv := newCapture(t)
		w, err := cloudwatch.NewWriter(testkit.Group, &cloudwatch.Options{CloseTimeout: 3 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		w.WriteString("a line\n")
		err = w.Close()
		var failure *cloudwatch.CredentialsError
		if !errors.As(err, &failure) {
			t.Errorf("got %v", err)
		}
		for _, r := range requests() {
			if !strings.HasPrefix(r, "PUT ") {
				t.Errorf("asked without a token: %s", r)
			}
		}
		if len(requests()) == 0 || len(srv.Requests()) > 0 {
			t.Errorf("%q, %d requests to the service", requests(), len(srv.Requests()))
		}
	})
}

func pemOf(srv *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
}
