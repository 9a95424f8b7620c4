package main

import (
	"context"
	"net/netip"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/cloudwatch-go/cloudwatch"
)

// Keys and region for a local endpoint if no account is configured. The endpoint does not check them,
// but requests must be signed.
const (
	dummyKey      = "local"
	defaultRegion = "us-east-1"
)

// withoutAccount sets dummy keys and a region if the endpoint is on this machine and none are
// configured. It also writes the endpoint into the options, so dummy keys never go to another host, nor
// to AWS STS for a role.
func (p *program) withoutAccount(o *cloudwatch.Options) {
	endpoint := p.endpoint(o.Endpoint)
	if !loopback(endpoint) {
		return
	}
	if !p.hasAccount(o.Profile) && o.RoleARN == "" {
		o.Endpoint, o.AccessID, o.AccessKey = endpoint, dummyKey, dummyKey
	}
	if o.Region == "" {
		// Only for its region. The library reports an error.
		cfg, err := config.LoadDefaultConfig(context.Background(), config.WithSharedConfigProfile(o.Profile))
		if err == nil && cfg.Region == "" {
			o.Region = defaultRegion
		}
	}
}

// endpoint returns the URL of the flag or, if empty, of the environment.
func (p *program) endpoint(flag string) string {
	if flag != "" {
		return flag
	}
	if strings.EqualFold(p.getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		return ""
	}
	if e := p.getenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"); e != "" {
		return e
	}
	return p.getenv("AWS_ENDPOINT_URL")
}

// hasAccount reports whether a flag or the environment configures credentials.
func (p *program) hasAccount(profile string) bool {
	if profile != "" {
		return true
	}
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		if p.getenv(name) != "" {
			return true
		}
	}
	return false
}

// loopback reports whether the text of the URL names this machine. A URL with a password does not
// count: the library refuses it and names its source.
func loopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.User != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
