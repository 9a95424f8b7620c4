package access

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
)

// A retrieval leaves no connection open, whether the program sets the SDK's HTTP client or not:
// each reload makes a new client. Requests to the service share a connection.
func TestRetrievalLeavesNoConnection(t *testing.T) {
	var opened, open atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/latest/api/token":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			fmt.Fprint(w, "token")
		case "/latest/meta-data/iam/security-credentials/":
			fmt.Fprint(w, "role")
		default:
			fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"AK","SecretAccessKey":"s","Token":"t","Expiration":%q}`,
				time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		}
	}))
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	srv.Start()
	defer srv.Close()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_EC2_METADATA_DISABLED"} {
		t.Setenv(name, "")
	}
	for _, variable := range []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT"} {
		for name, client := range map[string]config.HTTPClient{"the default client": nil, "a client of the program": awshttp.NewBuildableClient()} {
			t.Run(variable+" "+name, func(t *testing.T) {
				t.Setenv(variable, srv.URL)
				var cfg aws.Config
				for range 3 {
					var err error
					if cfg, err = load(t.Context(), config.LoadOptions{HTTPClient: client}); err != nil {
						t.Fatal(err)
					}
					if got, err := cfg.Credentials.Retrieve(t.Context()); err != nil || got.AccessKeyID != "AK" {
						t.Fatal(got.AccessKeyID, err)
					}
				}
				eventually(t, "connections stay open", func() bool { return open.Load() == 0 })
				if client != nil {
					return
				}
				var conns connections
				defer conns.close()
				before, service := opened.Load(), conns.client(cfg.HTTPClient)
				for range 3 {
					req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
					if err != nil {
						t.Fatal(err)
					}
					response, err := service.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					io.Copy(io.Discard, response.Body)
					response.Body.Close()
				}
				if n := opened.Load() - before; n != 1 {
					t.Errorf("requests to the service made %d connections", n)
				}
			})
		}
	}
}

// eventually waits until cond holds, for at most a minute.
func eventually(t *testing.T, failure string, cond func() bool) {
	t.Helper()
	for range 600 {
		if cond() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal(failure)
}
