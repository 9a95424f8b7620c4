package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
	"github.com/cloudwatch-go/cloudwatch/internal/preflight"
	"github.com/cloudwatch-go/cloudwatch/internal/redact"
	"github.com/cloudwatch-go/cloudwatch/internal/role"
)

// savedEvent is a line that export writes and import reads. Its names are those of the API and must
// not change.
type savedEvent struct {
	LogGroup      string `json:"logGroup"`
	LogStream     string `json:"logStream"`
	Timestamp     int64  `json:"timestamp"`               // milliseconds since 1970
	IngestionTime int64  `json:"ingestionTime,omitempty"` // milliseconds since 1970
	EventID       string `json:"eventId,omitempty"`       // gives the order of ingestion if it is from our endpoint
	Message       string `json:"message"`
}

// location is the source of export and the target of import: a directory or an endpoint.
type location struct {
	data     string
	endpoint string
	region   string
	profile  string
	role     role.Settings

	allowPlainHTTP bool
}

func (w *location) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&w.data, "data", "", "data `DIR` of 'cloudwatch serve', which must not be running (default as for serve)")
	fs.StringVar(&w.endpoint, "endpoint", "", "`URL` of an endpoint (or AWS_ENDPOINT_URL)")
	plainHTTPFlag(cmd, &w.allowPlainHTTP)
	fs.StringVar(&w.region, "region", "", "AWS `REGION` (or AWS_REGION)")
	fs.StringVar(&w.profile, "profile", "", "`PROFILE` of the shared config (or AWS_PROFILE)")
	roleFlags(cmd, &w.role)
}

func (w *location) check() error {
	if w.data != "" && w.endpoint != "" {
		return errors.New("--data and --endpoint exclude each other")
	}
	return nil
}

// url returns the URL of the endpoint; "": the directory.
func (w *location) url(p *program) string {
	if w.data != "" {
		return ""
	}
	return p.endpoint(w.endpoint)
}

// client returns a client for an endpoint. An endpoint on this machine needs no account. Invalid settings
// are an error, as in the constructors of the library.
func (p *program) client(ctx context.Context, url string, w *location) (*cloudwatchlogs.Client, error) {
	options := []func(*config.LoadOptions) error{
		config.WithSharedConfigProfile(w.profile),
		config.WithLogger(logging.Nop{}), // we report failures ourselves, once
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(attemptTimeout)),
	}
	if w.region != "" {
		options = append(options, config.WithRegion(w.region))
	}
	if loopback(url) && !p.hasAccount(w.profile) && w.role.ARN == "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(dummyKey, dummyKey, "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, wrongUsage(fmt.Errorf("load AWS config: %w", redact.Error(err)))
	}
	if cfg.Region == "" && loopback(url) {
		cfg.Region = defaultRegion
	}
	keys := cfg.Credentials
	if keys != nil {
		cfg.Credentials = &checkedKeys{keys}
	}
	settings := preflight.Settings{Region: w.region, Endpoint: w.endpoint, AllowPlainHTTP: w.allowPlainHTTP}
	if err := w.role.Check(); err != nil {
		return nil, wrongUsage(err)
	}
	var given cloudwatchlogs.Options
	var wrong error // about the role
	client := cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) {
		o.BaseEndpoint = &url
		o.APIOptions = append(o.APIOptions, preflight.Guard{PlainHTTP: w.allowPlainHTTP}.Add)
		given = *o
		if w.role.ARN == "" {
			return
		}
		var assumed *role.Provider
		if assumed, wrong = role.New(w.role, cfg, o, o.Credentials, settings); wrong == nil {
			o.Credentials = &checkedKeys{assumed}
		}
	})
	if err := cmp.Or(preflight.Client(settings, cfg, &given, preflight.BaseKeys{Provider: keys}, client), wrong); err != nil {
		return nil, wrongUsage(err)
	}
	return client, nil
}

// checkedKeys refuses keys that cannot sign a request, when they are retrieved.
type checkedKeys struct{ aws.CredentialsProvider }

func (k *checkedKeys) Retrieve(ctx context.Context) (aws.Credentials, error) {
	got, err := k.CredentialsProvider.Retrieve(ctx)
	if err == nil {
		err = preflight.Keys(got, "access key id", "secret access key", "session token")
	}
	if known, ok := errors.AsType[*deliver.CredentialsError](err); ok { // from the credentials that assume a role
		return aws.Credentials{}, known
	}
	if err != nil {
		return aws.Credentials{}, &deliver.CredentialsError{Err: redact.Error(err)}
	}
	return got, nil
}

// IsCredentialsProvider lets the SDK recognize the inner provider.
func (k *checkedKeys) IsCredentialsProvider(target aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(k.CredentialsProvider, target)
}

// attemptTimeout bounds each attempt: the SDK client has no timeout of its own.
const attemptTimeout = 30 * time.Second

// requestError explains a failed request and adds the next step. Other errors are returned unchanged.
func (w *location) requestError(p *program, group string, err error) error {
	if ready, ok := errors.AsType[*exitError](err); ok {
		return ready
	}
	f := failureOf(err)
	if f == nil {
		return failed(err)
	}
	f.Target = explain.Target{Group: group, Region: w.region, Endpoint: w.url(p), Role: w.role.ARN}
	d := diagnose(f, false)
	return &exitError{d.code(), errors.New(d.text)}
}

// place parses GROUP[:STREAM]. Names of groups and streams contain no colon.
func place(arg string) (group, stream string, err error) {
	group, stream, named := strings.Cut(arg, ":")
	if group == "" || named && stream == "" {
		return "", "", errors.New("must be GROUP or GROUP:STREAM")
	}
	return group, stream, nil
}
