package main

import (
	"testing"

	"github.com/cloudwatch-go/cloudwatch"
)

func TestLoopback(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"http://127.0.0.1:4586":                true,
		"https://127.9.9.9":                    true,
		"http://[::1]:4586/":                   true,
		"http://[::ffff:127.0.0.1]":            true,
		"http://localhost:4566":                true,
		"http://LOCALHOST":                     true,
		"http://logs.localhost:4566":           true,
		"":                                     false,
		"http://10.0.0.1":                      false,
		"http://0.0.0.0":                       false,
		"http://localhost.example.com":         false,
		"http://localhost@example.com":         false,
		"http://user:x@127.0.0.1:4586":         false,
		"http://127.0.0.1.example.com":         false,
		"https://logs.us-east-1.amazonaws.com": false,
		"localhost:4566":                       false,
		"http://[":                             false,
	} {
		if got := loopback(endpoint); got != want {
			t.Errorf("loopback(%q) = %v", endpoint, got)
		}
	}
}

// Made-up keys only go to this machine, and only when there is no account.
func TestWithoutAccount(t *testing.T) {
	withoutAWS(t)
	const local, remote = "http://127.0.0.1:1", "https://example.com"
	for name, test := range map[string]struct {
		env      map[string]string
		options  cloudwatch.Options
		madeUp   bool
		region   string
		endpoint string // in the options
	}{
		"nothing":        {nil, cloudwatch.Options{}, false, "", ""},
		"flag":           {nil, cloudwatch.Options{Endpoint: local}, true, defaultRegion, local},
		"variable":       {map[string]string{"AWS_ENDPOINT_URL": local}, cloudwatch.Options{}, true, defaultRegion, local},
		"logs variable":  {map[string]string{"AWS_ENDPOINT_URL": remote, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": local}, cloudwatch.Options{}, true, defaultRegion, local},
		"flag wins":      {map[string]string{"AWS_ENDPOINT_URL": local}, cloudwatch.Options{Endpoint: remote}, false, "", remote},
		"remote logs":    {map[string]string{"AWS_ENDPOINT_URL": local, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": remote}, cloudwatch.Options{}, false, "", ""},
		"ignored":        {map[string]string{"AWS_ENDPOINT_URL": local, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}, cloudwatch.Options{}, false, "", ""},
		"region":         {nil, cloudwatch.Options{Endpoint: local, Region: "eu-central-1"}, true, "eu-central-1", local},
		"key":            {map[string]string{"AWS_ACCESS_KEY_ID": "x"}, cloudwatch.Options{Endpoint: local}, false, defaultRegion, local},
		"profile":        {map[string]string{"AWS_PROFILE": "x"}, cloudwatch.Options{Endpoint: local}, false, defaultRegion, local},
		"profile flag":   {nil, cloudwatch.Options{Endpoint: local, Profile: "x"}, false, "", local},
		"web identity":   {map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "x"}, cloudwatch.Options{Endpoint: local}, false, defaultRegion, local},
		"container role": {map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "x"}, cloudwatch.Options{Endpoint: local}, false, defaultRegion, local},
	} {
		p := &program{getenv: func(name string) string { return test.env[name] }}
		o := test.options
		p.withoutAccount(&o)
		if madeUp := o.AccessID != "" && o.AccessKey != ""; madeUp != test.madeUp {
			t.Errorf("%s: made-up keys %v, want %v", name, madeUp, test.madeUp)
		}
		if o.Region != test.region || o.Endpoint != test.endpoint {
			t.Errorf("%s: region %q, endpoint %q; want %q, %q", name, o.Region, o.Endpoint, test.region, test.endpoint)
		}
	}
}
