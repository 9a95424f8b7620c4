package cloudwatch

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
)

// newClient returns the SDK's client for the settings. It reads environment and
// shared config but asks no server: credentials are fetched by the first request,
// and newKeys has them looked for again. speech gets to know when the SDK logs
// about our requests, and conns which connections it makes.
func newClient(s *settings, speech *deliver.Speech, conns *connections) (client *cloudwatchlogs.Client, newKeys func(), err error) {
	cfg, err := loadConfig(s)
	if err != nil {
		return nil, nil, err
	}
	source := &credentialsSource{}
	if s.Config == nil && s.AccessID == "" {
		source.load = func() (aws.CredentialsProvider, error) {
			again, err := loadConfig(s)
			return again.Credentials, err
		}
	}
	newKeys = source.refresh
	var region string
	client = cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) {
		if s.Endpoint != "" { // here, since the environment wins over cfg.BaseEndpoint
			o.BaseEndpoint = &s.Endpoint
		}
		if o.Credentials != nil {
			source.provider, o.Credentials = o.Credentials, source
		}
		for _, change := range s.ClientOptions {
			change(o)
		}
		if _, same := o.Credentials.(*credentialsSource); !same && o.Credentials != nil {
			changed := &credentialsSource{provider: o.Credentials} // which may hold the first one
			o.Credentials = changed
			newKeys = func() { source.refresh(); changed.refresh() }
		}
		o.HTTPClient = conns.client(o.HTTPClient)
		// Delivery retries, with all it knows; a second retryer below it would
		// only add hidden pauses and a quota of its own.
		o.Retryer = aws.NopRetryer{}
		o.APIOptions = append(o.APIOptions, awsmiddleware.AddUserAgentKey("cloudwatch-go"))
		if o.Logger != nil {
			o.Logger = speech.Logger(o.Logger)
		}
		region = o.Region
	})
	if region == "" {
		return nil, nil, ErrNoRegion
	}
	return client, newKeys, nil
}

func loadConfig(s *settings) (aws.Config, error) {
	var cfg aws.Config
	if s.Config != nil {
		cfg = s.Config.Copy()
	} else {
		var err error
		cfg, err = config.LoadDefaultConfig(context.Background(), func(o *config.LoadOptions) error {
			o.Region = s.Region
			o.SharedConfigProfile = s.Profile
			return nil
		})
		if err != nil {
			return cfg, fmt.Errorf("load AWS config: %w", err)
		}
	}
	if s.Region != "" {
		cfg.Region = s.Region
	}
	if s.AccessID != "" {
		cfg.Credentials = credentials.NewStaticCredentialsProvider(s.AccessID, s.AccessKey, s.SessionToken)
	}
	return cfg, nil
}
