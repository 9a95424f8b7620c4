package access_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// capture is an endpoint that keeps the headers of its last request.
type capture struct {
	*cloudwatchtest.Server
	seen chan http.Header
}

// newCapture starts an endpoint and makes it that of the environment.
func newCapture(t *testing.T) capture {
	c := capture{cloudwatchtest.Start(t), make(chan http.Header, 100)}
	t.Setenv("AWS_ENDPOINT_URL", c.URL)
	return c
}

// transport hands requests on and captures their headers.
func (c capture) transport(o *cloudwatchlogs.Options) {
	inner := c.Client()
	o.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		c.seen <- r.Header.Clone()
		return inner.Do(r)
	})}
}

// Where credentials and region come from, as the service sees it in the
// signature.
func TestCredentialsAndRegion(t *testing.T) {
	files := t.TempDir()
	config, credentials := filepath.Join(files, "config"), filepath.Join(files, "credentials")
	testkit.WriteFile(t, config, "[default]\nregion = eu-west-1\n[profile ops]\nregion = ap-south-1\n")
	testkit.WriteFile(t, credentials, "[default]\naws_access_key_id = AKFILE\naws_secret_access_key = s\n[ops]\naws_access_key_id = AKOPS\naws_secret_access_key = s\n")
	ready := aws.Config{
		Region: "ca-central-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKREADY", SecretAccessKey: "s"}, nil
		}),
	}
	rows := []struct {
		name         string
		env          map[string]string
		opts         cloudwatch.Options
		access       string // id/region of the signature
		sessionToken string
	}{
		{"environment", map[string]string{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_REGION": "eu-north-1"}, cloudwatch.Options{}, "AKENV/eu-north-1", ""},
		{"session token of the environment", map[string]string{"AWS_SESSION_TOKEN": "tokenv"}, cloudwatch.Options{}, "test/us-east-1", "tokenv"},
		{"given", nil, cloudwatch.Options{AccessID: "AKGIVEN", AccessKey: "s", Region: "sa-east-1"}, "AKGIVEN/sa-east-1", ""},
		{"given with a session token", nil, cloudwatch.Options{AccessID: "AKGIVEN", AccessKey: "s", SessionToken: "tok"}, "AKGIVEN/us-east-1", "tok"},
		{"shared files", map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": ""}, cloudwatch.Options{}, "AKFILE/eu-west-1", ""},
		{"profile", map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": ""}, cloudwatch.Options{Profile: "ops"}, "AKOPS/ap-south-1", ""},
		{"profile of the environment", map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": "", "AWS_PROFILE": "ops"}, cloudwatch.Options{}, "AKOPS/ap-south-1", ""},
		{"ready config", nil, cloudwatch.Options{Config: &ready}, "AKREADY/ca-central-1", ""},
		{"ready config, but keys and region given", nil, cloudwatch.Options{Config: &ready, AccessID: "AKGIVEN", AccessKey: "s", Region: "us-west-2"}, "AKGIVEN/us-west-2", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			srv := newCapture(t)
			t.Setenv("AWS_CONFIG_FILE", config)
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", credentials)
			for name, value := range row.env {
				t.Setenv(name, value)
			}
			opts := row.opts
			opts.ClientOptions = []func(*cloudwatchlogs.Options){srv.transport}
			if opts.Config != nil {
				opts.Endpoint = srv.URL
			}
			logOne(t, &opts)
			header := <-srv.seen
			id, rest, _ := strings.Cut(strings.TrimPrefix(header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")
			scope := strings.Split(rest, "/") // date/region/service/aws4_request
			if got := id + "/" + scope[1]; got != row.access {
				t.Errorf("signed by %s, want %s", got, row.access)
			}
			if got := header.Get("X-Amz-Security-Token"); got != row.sessionToken {
				t.Errorf("session token %q, want %q", got, row.sessionToken)
			}
			if agent := header.Get("User-Agent"); !strings.Contains(agent, "cloudwatch-go") {
				t.Errorf("user agent %q", agent)
			}
		})
	}
}

// logOne logs a line and fails the test unless it is delivered.
func logOne(t *testing.T, opts *cloudwatch.Options) {
	t.Helper()
	w, err := cloudwatch.NewWriter(testkit.Group, opts)
	if err != nil {
		t.Fatal(err)
	}
	w.WriteString("a line\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// Where the endpoint comes from, the later ones winning over the earlier.
func TestEndpoint(t *testing.T) {
	one, two, three := cloudwatchtest.Start(t), cloudwatchtest.Start(t), cloudwatchtest.Start(t)
	received := func(srv *cloudwatchtest.Server) int { return srv.RequestCount("PutLogEvents") }

	t.Setenv("AWS_ENDPOINT_URL", one.URL)
	logOne(t, nil)
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", two.URL)
	logOne(t, nil)
	logOne(t, &cloudwatch.Options{Endpoint: three.URL})
	if received(one) != 1 || received(two) != 1 || received(three) != 1 {
		t.Errorf("received %d, %d, %d requests", received(one), received(two), received(three))
	}
}

func TestNoRegion(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	_, err := cloudwatch.NewHandler(testkit.Group, nil)
	if err == nil {
		t.Fatal("a handler without a region was made")
	}
	for _, way := range []string{"Options.Region", "AWS_REGION", "shared config"} {
		if !strings.Contains(err.Error(), way) {
			t.Errorf("%q does not name %s", err, way)
		}
	}
}

func TestPositional(t *testing.T) {
	srv := newCapture(t)
	h, err := cloudwatch.New("AKPOS", "secret", "eu-south-1", testkit.Group, testkit.Stream)
	if err != nil {
		t.Fatal(err)
	}
	h.Writer().WriteString("a line\n")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	testkit.WantEqual(t, "messages", srv.Messages(testkit.Group, testkit.Stream), []string{"a line"})

	h, err = cloudwatch.New("", "", "", testkit.Group, "")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if len(h.LogStream()) != 23 {
		t.Errorf("generated stream %q", h.LogStream())
	}
}

// A constructor makes no request, whatever the credentials would need.
func TestConstructorMakesNoRequest(t *testing.T) {
	srv := newCapture(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", srv.URL) // would be asked for a role
	h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{CloseTimeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if requests := srv.Requests(); len(requests) != 0 {
		t.Errorf("%d requests", len(requests))
	}
}

// Secrets stay out of everything that is told.
func TestNoSecretIsTold(t *testing.T) {
	const secret, token = "canarysecret", "canarytoken"
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{AccessID: "AKGIVEN", AccessKey: secret, SessionToken: token, CloseTimeout: time.Second})
		f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.UnrecognizedClient()})
		f.Log.Info("canarymessage")
		time.Sleep(time.Minute)
		told := []error{f.Close(), f.Stats().LastError}
		for _, err := range append(told, f.Errors.Errors()...) {
			for _, canary := range []string{secret, token, "canarymessage"} {
				if strings.Contains(err.Error(), canary) {
					t.Errorf("%q is in %q", canary, err)
				}
			}
		}
	})
}
