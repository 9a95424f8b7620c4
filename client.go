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
// shared config but asks no server: credentials are fetched by the first
// request. speech gets to know when the SDK logs about our requests.
func newClient(s *settings, speech *deliver.Speech) (*cloudwatchlogs.Client, error) {
	cfg, err := loadConfig(s)
	if err != nil {
		return nil, err
	}
	var region string
	client := cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) {
		if s.Endpoint != "" { // here, since the environment wins over cfg.BaseEndpoint
			o.BaseEndpoint = &s.Endpoint
		}
		for _, change := range s.ClientOptions {
			change(o)
		}
		// Delivery retries, with all it knows; a second retryer below it would
		// only add hidden pauses and a quota of its own.
		o.Retryer = aws.NopRetryer{}
		o.APIOptions = append(o.APIOptions, awsmiddleware.AddUserAgentKey("cloudwatch-go"))
		if o.Credentials != nil {
			o.Credentials = typedCredentials{o.Credentials}
		}
		if o.Logger != nil {
			o.Logger = speech.Logger(o.Logger)
		}
		region = o.Region
	})
	if region == "" {
		return nil, ErrNoRegion
	}
	return client, nil
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

// typedCredentials gives a failure to get credentials a type, so that delivery
// can tell it from a failed request.
type typedCredentials struct{ aws.CredentialsProvider }

func (c typedCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	got, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = &deliver.CredentialsError{Err: err}
	}
	return got, err
}

// IsCredentialsProvider lets the SDK see the provider inside: anonymous
// credentials mean requests without a signature.
func (c typedCredentials) IsCredentialsProvider(target aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(c.CredentialsProvider, target)
}

// ProviderSources hands on where the credentials come from.
func (c typedCredentials) ProviderSources() []aws.CredentialSource {
	if p, ok := c.CredentialsProvider.(aws.CredentialProviderSource); ok {
		return p.ProviderSources()
	}
	return nil
}
