package cloudwatchtest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func TestLocalEndpointIsRequiredAndMayBeAddedTwice(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	if err := srv.CreateLogGroup("g"); err != nil {
		t.Fatal(err)
	}
	cfg := srv.Config()
	cfg.APIOptions = append(cfg.APIOptions, cloudwatchtest.LocalEndpoint)
	in := &cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: []string{"arn:aws:logs:us-east-1:000000000000:log-group:g"}}
	out, err := cloudwatchlogs.NewFromConfig(cfg).StartLiveTail(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.GetStream().Close(); err != nil {
		t.Fatal(err)
	}

	var requested string
	cfg.APIOptions = nil
	cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		requested = r.URL.Host
		return nil, errors.New("no such host")
	})
	cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) { o.Retryer = aws.NopRetryer{} }).
		StartLiveTail(t.Context(), in)
	if want := "stream-" + strings.TrimPrefix(srv.URL, "http://"); requested != want {
		t.Errorf("without LocalEndpoint the SDK requests %s, want %s", requested, want)
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
