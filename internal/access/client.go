// Package access makes the SDK client that a handler sends its requests with: it loads the AWS
// configuration, keeps the credentials fresh and closes the connections at the end.
package access

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/machine"
	"github.com/cloudwatch-go/cloudwatch/internal/preflight"
	"github.com/cloudwatch-go/cloudwatch/internal/role"
)

// Options are the fields of cloudwatch.Options that decide where requests go and how they are
// signed.
type Options struct {
	preflight.Settings
	Role          role.Settings // zero: no role is assumed
	Profile       string
	Config        *aws.Config // nil: environment and shared config
	ClientOptions []func(*cloudwatchlogs.Options)
}

// Client is an SDK client together with its credentials and connections.
type Client struct {
	*cloudwatchlogs.Client
	Speech *deliver.Speech // detects the SDK's logging about requests of this client

	cfg     aws.Config
	conns   connections
	sources []*credentialsSource // a later one may wrap the provider of an earlier one
	base    *credentialsSource   // assumes the role, or signs requests if there is none; nil: no credentials
	life    context.Context      // canceled by Close
	end     context.CancelFunc
}

// NewClient returns a client. It reads environment and shared config but makes no request:
// credentials are fetched by the first request. Invalid settings are an error, wherever they
// come from.
func NewClient(o Options) (*Client, error) {
	o.HasConfig = o.Config != nil
	life, end := context.WithCancel(context.Background())
	cfg, err := loadConfig(life, &o)
	if err != nil {
		end()
		return nil, err
	}
	c := &Client{Speech: new(deliver.Speech), cfg: cfg, life: life, end: end}
	if err := c.build(&o); err != nil {
		end()
		return nil, err
	}
	return c, nil
}

// build makes and checks the SDK client.
func (c *Client) build(s *Options) error {
	var given cloudwatchlogs.Options // before the program's ClientOptions
	var roleErr error
	c.Client = cloudwatchlogs.NewFromConfig(c.cfg, func(o *cloudwatchlogs.Options) {
		if s.Endpoint != "" { // here, since the environment wins over cfg.BaseEndpoint
			o.BaseEndpoint = &s.Endpoint
		}
		if o.Credentials != nil {
			o.Credentials = c.source(o.Credentials, reload(c.life, s, c.cfg))
		}
		given = *o
		for _, change := range s.ClientOptions {
			change(o)
		}
		if _, same := o.Credentials.(*credentialsSource); !same && o.Credentials != nil {
			o.Credentials = c.source(o.Credentials, nil)
		}
		c.base, _ = o.Credentials.(*credentialsSource)
		if s.Role.ARN != "" {
			roleErr = c.assume(s, o)
		}
		o.HTTPClient = c.conns.client(o.HTTPClient)
		// Delivery retries with its own backoff. A second retryer below it would only add
		// hidden delays and another quota.
		o.Retryer = aws.NopRetryer{}
		o.APIOptions = append(o.APIOptions, awsmiddleware.AddUserAgentKey("cloudwatch-go"), preflight.Guard{PlainHTTP: s.AllowPlainHTTP}.Add)
		if o.Logger != nil {
			o.Logger = c.Speech.Logger(o.Logger)
		}
	})
	var keys preflight.BaseKeys
	if c.base != nil {
		keys = preflight.BaseKeys{Provider: c.base.current(), Chosen: c.base != given.Credentials}
	}
	return cmp.Or(preflight.Client(s.Settings, c.cfg, &given, keys, c.Client), roleErr)
}

// assume makes requests use the credentials of a role, which the credentials in o assume. They
// have a source of their own, since they are renewed more often.
func (c *Client) assume(s *Options, o *cloudwatchlogs.Options) error {
	provider, err := role.New(s.Role, c.cfg, o, o.Credentials, s.Settings)
	if err != nil {
		return err
	}
	o.Credentials = c.source(provider, nil)
	return nil
}

func (c *Client) source(p aws.CredentialsProvider, load loader) *credentialsSource {
	source := &credentialsSource{life: c.life, provider: p, load: load}
	c.sources = append(c.sources, source)
	return source
}

// InstanceID returns the id of the EC2 instance, which it requests from the metadata service.
func (c *Client) InstanceID() (string, error) { return machine.InstanceID(c.life, c.cfg) }

// Reloads reports whether new credentials are looked up in the environment and shared files.
// Otherwise they come from a provider of the program.
func (c *Client) Reloads() bool { return c.base != nil && c.base.load != nil }

// RenewCredentials makes the next request look up its credentials again. It never blocks.
func (c *Client) RenewCredentials() {
	for _, source := range c.sources {
		source.refresh()
	}
}

// Close closes the connections, cancels a retrieval of credentials in flight, and waits for it
// to end, for at most grace: a provider of the program may ignore its context.
func (c *Client) Close(grace time.Duration) {
	c.conns.close()
	c.end()
	until := time.Now().Add(grace)
	for _, source := range c.sources {
		source.await(time.Until(until))
	}
}
