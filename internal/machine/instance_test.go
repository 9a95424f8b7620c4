package machine

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// metadata is a metadata service that gives a token and lets a function answer the rest.
func metadata(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			fmt.Fprint(w, "token")
		case r.Header.Get("X-Aws-Ec2-Metadata-Token") != "token":
			t.Errorf("%s %s without a token", r.Method, r.URL)
			http.Error(w, "no", http.StatusUnauthorized)
		case r.URL.Path == "/latest/meta-data/instance-id":
			answer(w, r)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", srv.URL)
	return srv
}

// within checks that asking takes a second at most, and a little for a busy machine.
func within(t *testing.T, cfg aws.Config) (string, error) {
	t.Helper()
	began := time.Now()
	id, err := InstanceID(t.Context(), cfg)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	return id, err
}

func TestInstanceID(t *testing.T) {
	const id = "i-0123456789abcdef0"
	failures := new(atomic.Int64)
	for about, row := range map[string]struct {
		answer http.HandlerFunc
		want   string // "" = an error
	}{
		"an id":                 {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, id) }, id},
		"an old one":            {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "i-0a1b2c3d") }, "i-0a1b2c3d"},
		"a newline at the end":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, id) }, id},
		"a newline inside":      {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, id+"\n"+id) }, ""},
		"nothing":               {func(http.ResponseWriter, *http.Request) {}, ""},
		"a page":                {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>log in</html>") }, ""},
		"a megabyte":            {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("i", 1<<20)) }, ""},
		"headers of a megabyte": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("i", 1<<20)) }, ""},
		"not found":             {http.NotFound, ""},
		"forbidden":             {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, ""},
		"a redirect":            {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, ""},
		"a failure that passes": {func(w http.ResponseWriter, _ *http.Request) { failOnce(w, failures, id) }, id},
		"no answer":             {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ""},
		"an answer in drips":    {func(w http.ResponseWriter, r *http.Request) { drip(w, r, id) }, ""},
		"an answer that is cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			fmt.Fprint(w, id)
		}, ""},
		"a connection that ends": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ""},
	} {
		t.Run(about, func(t *testing.T) {
			metadata(t, row.answer)
			got, err := within(t, aws.Config{})
			if got != row.want || (err == nil) != (row.want != "") {
				t.Errorf("got %q, %v, want %q", got, err, row.want)
			}
			if err != nil && (len(err.Error()) > 500 || strings.Contains(err.Error(), "operation error")) {
				t.Errorf("error %q", err)
			}
		})
	}
}

func failOnce(w http.ResponseWriter, failures *atomic.Int64, id string) {
	if failures.Add(1) == 1 {
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprint(w, id)
}

func drip(w http.ResponseWriter, r *http.Request, text string) {
	for _, c := range text {
		fmt.Fprintf(w, "%c", c)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// A token without end, none at all, and a service that does not listen.
func TestNoInstanceID(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	hole, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	refused := httptest.NewServer(http.NotFoundHandler())
	closed := refused.URL
	refused.Close()
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			t.Errorf("%s %s: version 1 was asked", r.Method, r.URL)
		}
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer old.Close()
	for about, endpoint := range map[string]string{
		"a black hole": "http://" + hole.Addr().String(), "a token without end": endless.URL, "nothing listens": closed,
		"no tokens": old.URL, "not a URL": "http://[::1",
	} {
		t.Run(about, func(t *testing.T) {
			t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)
			if got, err := within(t, aws.Config{}); err == nil {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestInstanceIDIsNotAskedForWhereThatIsDisabled(t *testing.T) {
	metadata(t, func(w http.ResponseWriter, _ *http.Request) {
		t.Error("asked")
		fmt.Fprint(w, "i-0123456789abcdef0")
	})
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if got, err := within(t, aws.Config{}); err == nil || !strings.Contains(err.Error(), "AWS_EC2_METADATA_DISABLED") {
		t.Errorf("got %q, %v", got, err)
	}
}

// The endpoint of a configuration that was loaded wins, and a proxy is not asked.
func TestInstanceIDByTheSharedConfig(t *testing.T) {
	srv := metadata(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "i-0123456789abcdef0") })
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithEC2IMDSEndpoint(srv.URL), config.WithRegion("eu-central-1"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := within(t, cfg); got != "i-0123456789abcdef0" {
		t.Errorf("got %q, %v", got, err)
	}
}
