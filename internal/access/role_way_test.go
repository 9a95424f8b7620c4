package access_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// The answer of STS holds keys: it is asked nowhere that a request to CloudWatch Logs would
// not be sent to, wherever the endpoint comes from. Without a role it does not matter.
func TestSTSEndpointIsCheckedWhereverItComesFrom(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:1")
	places := func(endpoint string) []place {
		return []place{
			{name: "AWS_ENDPOINT_URL_STS", env: map[string]string{"AWS_ENDPOINT_URL_STS": endpoint}},
			{name: "AWS_ENDPOINT_URL", env: map[string]string{"AWS_ENDPOINT_URL": endpoint}},
			{name: "AWS_ENDPOINT_URL", env: map[string]string{"AWS_ENDPOINT_URL": endpoint}, load: plainLoad},
			{
				name: "endpoint_url of sts in the shared config", env: map[string]string{"AWS_ENDPOINT_URL_STS": ""},
				file: "[default]\nservices = local\n[services local]\nsts =\n  endpoint_url = " + endpoint + "\n",
			},
			{name: "Options.Config.BaseEndpoint", config: readyConfig(func(c *aws.Config) { c.BaseEndpoint = &endpoint }), opts: cloudwatch.Options{Endpoint: "http://127.0.0.1:1"}},
			{name: "Options.Config.BaseEndpoint", env: map[string]string{"AWS_ENDPOINT_URL_STS": ""}, load: []func(*config.LoadOptions) error{config.WithBaseEndpoint(endpoint)}},
		}
	}
	for endpoint, rule := range map[string]string{
		"http://sts.example.com":        "must be https",
		"http://134744072":              "the host must be",
		"localhost:4586":                "not a URL",
		"https://user:hush@sts.example": "user name and password",
	} {
		for _, p := range places(endpoint) {
			p.opts.Endpoint = "http://127.0.0.1:1"
			p.opts.RoleARN = roleARN
			wantRefused(t, p, rule)
			wantRefused(t, p, "(for STS)")
			p.opts.RoleARN = ""
			if err := p.open(t); err != nil {
				t.Errorf("%s %s without a role: %v", p.name, endpoint, err)
			}
		}
	}
	for _, endpoint := range []string{"http://127.0.0.1:1", "http://localstack:4566", "https://vpce-1.sts.us-east-1.vpce.amazonaws.com"} {
		for _, p := range places(endpoint) {
			p.opts.RoleARN = roleARN
			if err := p.open(t); err != nil {
				t.Errorf("%s %s: %v", p.name, endpoint, err)
			}
		}
	}
	for _, p := range places("http://sts.example.com") {
		p.opts.RoleARN, p.opts.AllowPlainHTTP = roleARN, true
		if err := p.open(t); err != nil {
			t.Errorf("%s with AllowPlainHTTP: %v", p.name, err)
		}
	}
	wantRefused(t, place{
		name: "AWS_ENDPOINT_URL_STS", env: map[string]string{"AWS_ENDPOINT_URL_STS": "https://sts.example.com", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": "", "AWS_USE_FIPS_ENDPOINT": "true"},
		opts: cloudwatch.Options{RoleARN: roleARN},
	}, "FIPS and custom endpoint are not supported")
}

// Base keys are found in all the ways there are, also by a profile that assumes a role of its
// own, and bad ones are named as without a role.
func TestRoleOverAllCredentials(t *testing.T) {
	sts := &stsService{}
	var open atomic.Int64
	server := httptest.NewUnstartedServer(sts)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	file := filepath.Join(t.TempDir(), "credentials")
	testkit.WriteFile(t, file, "[ops]\naws_access_key_id = AKIAOPS\naws_secret_access_key = s\n"+
		"[chained]\nrole_arn = arn:aws:iam::123456789012:role/first\nsource_profile = ops\n")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	for about, row := range map[string]struct {
		opts    cloudwatch.Options
		load    bool
		signers string // of the requests to STS
	}{
		"environment":                   {cloudwatch.Options{}, false, "AKIAENV"},
		"Options":                       {cloudwatch.Options{AccessID: "AKIAMINE", AccessKey: "s"}, false, "AKIAMINE"},
		"Profile":                       {cloudwatch.Options{Profile: "ops"}, false, "AKIAOPS"},
		"a profile that assumes a role": {cloudwatch.Options{Profile: "chained"}, false, "AKIAOPS ASIAROLE1"},
		"Config":                        {cloudwatch.Options{}, true, "AKIAENV"},
	} {
		t.Run(about, func(t *testing.T) {
			srv := cloudwatchtest.Start(t)
			t.Setenv("AWS_ENDPOINT_URL", srv.URL)
			if row.load {
				cfg, err := config.LoadDefaultConfig(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				row.opts.Config = &cfg
			}
			sts.requests, sts.signers = nil, nil
			signed := make(chan string, 10)
			row.opts.RoleARN, row.opts.LogStream = roleARN, testkit.Stream
			row.opts.ClientOptions = []func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) {
				o.APIOptions = append(o.APIOptions, seen(signed))
			}}
			w, err := cloudwatch.NewWriter(testkit.Group, &row.opts)
			if err != nil {
				t.Fatal(err)
			}
			w.WriteString("a line\n")
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(sts.signers, " "); got != row.signers {
				t.Errorf("requests to STS signed with %s, want %s", got, row.signers)
			}
			if got := <-signed; !strings.Contains(got, "Credential=ASIAROLE") {
				t.Errorf("signed with %s", got)
			}
			for range 100 {
				if open.Load() == 0 {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
			t.Errorf("%d connections to STS stay open", open.Load())
		})
	}
	wantRefused(t, place{name: "AWS_SECRET_ACCESS_KEY", env: map[string]string{"AWS_SECRET_ACCESS_KEY": "hush\r"}, opts: cloudwatch.Options{RoleARN: roleARN}},
		"a key is printable ASCII without blanks")
	wantRefused(t, place{name: "Options.RoleARN", opts: cloudwatch.Options{RoleARN: "logs"}}, "must be the ARN of an IAM role")
	wantRefused(t, place{name: "Options.ExternalID", opts: cloudwatch.Options{ExternalID: "hush"}}, "RoleARN is empty")
}

// seen is an API option that tells how requests are signed.
func seen(signed chan<- string) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("seen", func(
			ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
		) (middleware.FinalizeOutput, middleware.Metadata, error) {
			signed <- in.Request.(*smithyhttp.Request).Header.Get("Authorization")
			return next.HandleFinalize(ctx, in)
		}), middleware.After)
	}
}
