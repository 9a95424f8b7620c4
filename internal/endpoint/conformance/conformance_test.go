package conformance

import (
	"context"
	"flag"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

var (
	endpoint = flag.String("endpoint", "", "`address` of the endpoint that TestEndpoint checks, or \"aws\" for the service itself")
	patience = flag.Duration("patience", 0, "how long it may take there until accepted data can be read")
)

// The endpoint of this project follows every rule. Time is fake, so that rules which take hours are
// checked as well.
func TestRules(t *testing.T) {
	for _, r := range Rules() {
		t.Run(r.Name(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// A bubble starts in the year 2000, but some rules apply only later.
				time.Sleep(time.Until(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)))
				srv := cloudwatchtest.New()
				defer srv.Close()
				if err := (Target{Config: srv.Config()}).Check(t.Context(), r); err != nil {
					t.Error(err)
				}
				if groups := srv.LogGroups(); len(groups) > 0 {
					t.Errorf("%d log groups are left, such as %s", len(groups), groups[0].Name)
				}
			})
		})
	}
}

// The same over a socket, in real time.
func TestRulesOverASocket(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	for _, f := range CheckAll(t.Context(), Target{Config: srv.Config()}) {
		t.Run(f.Rule.Name(), func(t *testing.T) {
			if f.Err != nil {
				t.Error(f.Err)
			}
		})
	}
	if groups := srv.LogGroups(); len(groups) > 0 {
		t.Errorf("%d log groups are left, such as %s", len(groups), groups[0].Name)
	}
}

// TestEndpoint checks any endpoint. For the service itself, credentials and region are those of the
// environment.
func TestEndpoint(t *testing.T) {
	if *endpoint == "" {
		t.Skip("no -endpoint")
	}
	target := Target{Config: reach(*endpoint), Patience: *patience}
	if *endpoint == "aws" {
		cfg, err := config.LoadDefaultConfig(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		target.Config = cfg
	}
	kept, found := 0, CheckAll(t.Context(), target)
	for _, f := range found {
		t.Run(f.Rule.Name(), func(t *testing.T) {
			if f.Err != nil {
				t.Error(f.Err)
				return
			}
			kept++
		})
	}
	t.Logf("%d of %d rules are followed", kept, len(found))
}

// reach returns the configuration that reaches an endpoint at an address.
func reach(url string) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(strings.TrimSuffix(url, "/")),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
}

// Names of rules are unique, and sources have addresses.
func TestRulesAreWellFormed(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range Rules() {
		if r.Area == "" || r.Text == "" || r.Source == "" || r.probe == nil {
			t.Errorf("%+v lacks a part", r)
		}
		if seen[r.Name()] {
			t.Errorf("%s: twice", r.Name())
		}
		seen[r.Name()] = true
		if strings.HasSuffix(r.Text, ".") && !strings.Contains(r.Text, ": ") {
			t.Errorf("%s: a full stop at the end", r.Name())
		}
		if !strings.HasPrefix(r.Address(), "https://") || strings.ContainsAny(r.Address(), " ") {
			t.Errorf("%s: source %s", r.Name(), r.Address())
		}
	}
	if len(seen) < 300 {
		t.Errorf("%d rules", len(seen))
	}
}
