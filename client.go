package cloudwatch

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/internal/access"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/machine"
	"github.com/cloudwatch-go/cloudwatch/internal/role"
)

// client is the SDK's client, and where it gets its credentials.
type client struct {
	*cloudwatchlogs.Client
	conns   connections
	sources []*credentialsSource // the provider of each may hold the one before
	base    *credentialsSource   // of the credentials that a role is assumed with, or of all; nil if there are none
	end     context.CancelFunc   // ends what they have started
	// instanceID asks the metadata service of EC2 for the id of the instance.
	instanceID func() (string, error)
}

// newClient returns the client for the settings. It reads environment and shared config
// but asks no server: credentials are fetched by the first request. What is wrong about
// the settings is an error, wherever they come from. speech gets to know when the SDK
// logs about our requests.
func newClient(s *settings, speech *deliver.Speech) (*client, error) {
	life, end := context.WithCancel(context.Background())
	cfg, err := loadConfig(life, s)
	if err != nil {
		end()
		return nil, err
	}
	c := &client{end: end, instanceID: func() (string, error) { return machine.InstanceID(life, cfg) }}
	var given cloudwatchlogs.Options // as the program's ClientOptions find them
	var wrong error                  // about the role
	c.Client = cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) {
		if s.Endpoint != "" { // here, since the environment wins over cfg.BaseEndpoint
			o.BaseEndpoint = &s.Endpoint
		}
		if o.Credentials != nil {
			o.Credentials = c.source(life, o.Credentials, reload(life, s, cfg))
		}
		given = *o
		for _, change := range s.ClientOptions {
			change(o)
		}
		if _, same := o.Credentials.(*credentialsSource); !same && o.Credentials != nil {
			o.Credentials = c.source(life, o.Credentials, nil)
		}
		c.base, _ = o.Credentials.(*credentialsSource)
		if s.RoleARN != "" {
			wrong = c.assume(life, s, cfg, o)
		}
		o.HTTPClient = c.conns.client(o.HTTPClient)
		// Delivery retries, with all it knows; a second retryer below it would
		// only add hidden pauses and a quota of its own.
		o.Retryer = aws.NopRetryer{}
		o.APIOptions = append(o.APIOptions, awsmiddleware.AddUserAgentKey("cloudwatch-go"), access.Guard{PlainHTTP: s.AllowPlainHTTP}.Add)
		if o.Logger != nil {
			o.Logger = speech.Logger(o.Logger)
		}
	})
	var keys access.BaseKeys
	if c.base != nil {
		keys = access.BaseKeys{Provider: c.base.current(), Chosen: c.base != given.Credentials}
	}
	if err := cmp.Or(access.Check(s.access(), cfg, &given, keys, c.Client), wrong); err != nil {
		end()
		return nil, err
	}
	return c, nil
}

// assume makes requests use the credentials of a role, which those of o assume. They have a
// source of their own, since they are renewed more often.
func (c *client) assume(life context.Context, s *settings, cfg aws.Config, o *cloudwatchlogs.Options) error {
	provider, err := role.New(s.role(), cfg, o, o.Credentials, s.access())
	if err != nil {
		return err
	}
	o.Credentials = c.source(life, provider, nil)
	return nil
}

// source returns a source of the client's credentials.
func (c *client) source(life context.Context, p aws.CredentialsProvider, load loader) *credentialsSource {
	source := &credentialsSource{life: life, provider: p, load: load}
	c.sources = append(c.sources, source)
	return source
}

// newKeys has credentials looked for again. It does not block.
func (c *client) newKeys() {
	for _, source := range c.sources {
		source.refresh()
	}
}

// close closes the connections, cancels a retrieval of credentials in flight, and waits for
// its end, at most so long: a provider of the program may ignore its context.
func (c *client) close(grace time.Duration) {
	c.conns.close()
	c.end()
	until := time.Now().Add(grace)
	for _, source := range c.sources {
		source.await(time.Until(until))
	}
}
