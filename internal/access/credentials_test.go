package access_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// onlyKey returns a client of the endpoint for which only one key id is good. A
// request with another one gets an answer of AWS.
func onlyKey(srv *cloudwatchtest.Server, id string) *http.Client {
	return &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential="+id+"/") {
			defer srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ExpiredToken()})()
		}
		return srv.Client().Transport.RoundTrip(r)
	})}
}

// Somebody writes new keys to the shared credentials file while the program runs.
func TestNewKeysInTheSharedFile(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "credentials")
		write := func(id string) {
			text := "[default]\naws_access_key_id = " + id + "\naws_secret_access_key = secret\n"
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("OLD")
		t.Setenv("AWS_ACCESS_KEY_ID", "")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "")
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)

		srv := cloudwatchtest.New()
		defer srv.Close()
		testkit.MustCreate(t, srv)
		h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
			LogStream: testkit.Stream,
			Format:    cloudwatch.Pattern("{message}"),
			ClientOptions: []func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) {
				o.BaseEndpoint, o.HTTPClient = &srv.URL, onlyKey(srv, "NEW")
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		h.Writer().WriteString("a line\n")
		time.Sleep(10 * time.Minute)
		if s := h.Stats(); s.Pending != 1 || s.Requests > 30 {
			t.Errorf("with old keys: %+v", s)
		}
		write("NEW")
		time.Sleep(2 * time.Minute)
		if got := srv.Messages(testkit.Group, testkit.Stream); len(got) != 1 {
			t.Errorf("with new keys the stream holds %q, last error %v", got, h.Stats().LastError)
		}
	})
}

// A provider that says its keys are good for hours, and is wrong.
func TestKeysRevokedBeforeTheyExpire(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		testkit.MustCreate(t, srv)
		var asked atomic.Int64
		cfg := srv.Config()
		cfg.HTTPClient = onlyKey(srv, "SECOND")
		cfg.Credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			id := "FIRST"
			if asked.Add(1) > 1 {
				id = "SECOND"
			}
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: "secret", CanExpire: true, Expires: time.Now().Add(12 * time.Hour)}, nil
		}))
		f := testkit.NewOn(t, srv, cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg})
		want := f.Logged(3)
		time.Sleep(time.Minute)
		f.WantMessages(want...)
	})
}

// Options for the client may replace the credentials, or put something around
// them.
func TestCredentialsOfClientOptions(t *testing.T) {
	rows := map[string]func(o *cloudwatchlogs.Options){
		"replaced": func(o *cloudwatchlogs.Options) {
			o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "MINE", SecretAccessKey: "secret"}, nil
			})
		},
		"wrapped": func(o *cloudwatchlogs.Options) {
			inner := o.Credentials
			o.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
				got, err := inner.Retrieve(ctx)
				got.AccessKeyID = "MINE"
				return got, err
			})
		},
	}
	for name, change := range rows {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				srv := cloudwatchtest.New()
				cfg := srv.Config()
				cfg.HTTPClient = onlyKey(srv, "MINE")
				f := testkit.NewOn(t, srv, cloudwatch.Options{
					LogStream: testkit.Stream, Config: &cfg, ClientOptions: []func(*cloudwatchlogs.Options){change},
				})
				want := f.Logged(2)
				f.FlushWithin(time.Minute)
				f.WantMessages(want...)
				if n := f.Stats().Retries; n > 1 { // one is how the stream is found missing
					t.Errorf("%d requests were repeated", n)
				}
			})
		})
	}
}
