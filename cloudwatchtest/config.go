package cloudwatchtest

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
)

// Config returns an AWS configuration that reaches the endpoint: region us-east-1, static test
// credentials, the endpoint's URL, and [LocalEndpoint]. For [New] it includes the in-memory HTTP
// client; otherwise the SDK creates its own.
func (s *Server) Config() aws.Config {
	cfg := aws.Config{
		Region: endpoint.DefaultRegion,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test", Source: "cloudwatchtest"}, nil
		}),
		BaseEndpoint: aws.String(s.URL),
		APIOptions:   []func(*middleware.Stack) error{LocalEndpoint},
	}
	if !s.endpoint.Listens() {
		cfg.HTTPClient = s.Client()
	}
	return cfg
}

// LocalEndpoint configures the SDK's clients for an endpoint on this machine, which StartLiveTail
// requires. [Server.Config] includes it; for your own configuration:
//
//	cfg.APIOptions = append(cfg.APIOptions, cloudwatchtest.LocalEndpoint)
//
// It keeps the host of the endpoint unchanged: the SDK would prefix it with "stream-", and
// "stream-127.0.0.1" does not exist. It also changes what net/http reads at the end of a request
// body that the SDK has closed, which the SDK does when the response begins. Otherwise net/http
// takes a fast response for a failed request, and drops the connection under the stream.
//
// Adding it twice is safe. It returns an error only for a stack that is not the SDK's.
func LocalEndpoint(stack *middleware.Stack) error {
	const id = "cloudwatchtest.LocalEndpoint"
	if _, there := stack.Initialize.Get(id); there {
		return nil
	}
	// The setting is a context value that the SDK clears at the start of a call, so the first step
	// sets it.
	err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc(id,
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
		}), middleware.Before)
	if err != nil {
		return err
	}
	return stack.Build.Add(middleware.BuildMiddlewareFunc(id,
		func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
			r, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return next.HandleBuild(ctx, in)
			}
			if body, ok := r.GetStream().(io.ReadSeeker); ok {
				var err error
				if r, err = r.SetStream(readSeeker{body}); err != nil {
					return middleware.BuildOutput{}, middleware.Metadata{}, err
				}
				in.Request = r
			}
			return next.HandleBuild(ctx, in)
		}), middleware.After)
}

// readSeeker hides that a request body is also an io.WriterTo. Of the two, only Read treats a
// closed body like one that was read to its end.
type readSeeker struct{ io.ReadSeeker }
