package cloudwatchtest

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Config returns an AWS configuration that reaches the endpoint: region
// us-east-1, made-up static credentials, and the endpoint's URL. For [New] it
// carries the in-memory HTTP client as well; for [NewServer] the SDK makes its
// own.
func (s *Server) Config() aws.Config {
	cfg := aws.Config{
		Region: defaultRegion,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test", Source: "cloudwatchtest"}, nil
		}),
		BaseEndpoint: aws.String(s.URL),
	}
	if s.socket == nil {
		cfg.HTTPClient = s.client
	}
	return cfg
}
