package main

import (
	"context"
	"net/netip"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/cloudwatch-go/cloudwatch"
)

// The keys and the region for an endpoint on this machine that nobody gave an
// account for. Such an endpoint does not check them, but requests must be
// signed with something.
const (
	dummyKey      = "local"
	defaultRegion = "us-east-1"
)

// withoutAccount fills in keys and region if the endpoint is on this machine and
// there are none. Other hosts never get made-up keys; and since the endpoint is
// written into the options as well, made-up keys never go to another host, nor to AWS
// STS for a role.
func (p *program) withoutAccount(o *cloudwatch.Options) {
	endpoint := p.endpoint(o.Endpoint)
	if !loopback(endpoint) {
		return
	}
	if !p.hasAccount(o.Profile) && o.RoleARN == "" {
		o.Endpoint, o.AccessID, o.AccessKey = endpoint, dummyKey, dummyKey
	}
	if o.Region == "" {
		// Only asked for its region. If it cannot be loaded, the library says so.
		cfg, err := config.LoadDefaultConfig(context.Background(), config.WithSharedConfigProfile(o.Profile))
		if err == nil && cfg.Region == "" {
			o.Region = defaultRegion
		}
	}
}

// endpoint returns the URL given by the flag or else by the environment.
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

// hasAccount reports whether a flag or the environment says whose account to
// use.
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

// loopback reports whether the URL is one of this machine, by its text alone. One with a
// password is left to the checks of the library, which refuse it and name its source.
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
