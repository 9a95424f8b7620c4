package cloudwatchtest

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Config returns an AWS configuration that reaches the endpoint: region
// us-east-1, made-up static credentials, the endpoint's URL, and
// [LocalEndpoint]. For [New] it carries the in-memory HTTP client as well; for
// [NewServer] the SDK makes its own.
func (s *Server) Config() aws.Config {
	cfg := aws.Config{
		Region: defaultRegion,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test", Source: "cloudwatchtest"}, nil
		}),
		BaseEndpoint: aws.String(s.URL),
		APIOptions:   []func(*middleware.Stack) error{LocalEndpoint},
	}
	if s.socket == nil {
		cfg.HTTPClient = s.client
	}
	return cfg
}

// LocalEndpoint makes clients of the SDK fit for an endpoint on this machine,
// as StartLiveTail needs it. [Server.Config] has it; for a configuration of
// your own:
//
//	cfg.APIOptions = append(cfg.APIOptions, cloudwatchtest.LocalEndpoint)
//
// It keeps the host of the endpoint as it is: the SDK would put "stream-" before
// it, and "stream-127.0.0.1" is nowhere. And it changes what net/http reads at
// the end of a body that the SDK has closed, which is when the answer begins:
// else it takes an answer that is quick for a request that failed, and drops
// the connection under the stream.
//
// Adding it twice is safe. The error is that of a stack that is not the SDK's.
func LocalEndpoint(stack *middleware.Stack) error {
	const id = "cloudwatchtest.LocalEndpoint"
	if _, there := stack.Initialize.Get(id); there {
		return nil
	}
	// The switch is a value of the context, and one that the caller sets is
	// cleared when the call begins. So it is set by the first step.
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

// readSeeker hides that a body is also an io.WriterTo. Of the two, only Read
// tells net/http of a body that was closed what it tells of one that was read.
type readSeeker struct{ io.ReadSeeker }
