package preflight

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// STS returns an error if the endpoint of an STS client is not allowed. The response holds keys,
// so plain HTTP follows the same rule as for CloudWatch Logs.
func STS(s Settings, cfg aws.Config, client *sts.Client) error {
	o := client.Options()
	name := "endpoint of STS"
	if o.BaseEndpoint != nil {
		const service = "AWS_ENDPOINT_URL_STS"
		_, env, shared, _ := Sources(cfg)
		name = nameOf(*o.BaseEndpoint, (&resolution{s: s}).own("BaseEndpoint"),
			source{service, os.Getenv(service)},
			source{"AWS_ENDPOINT_URL", env.BaseEndpoint},
			source{"endpoint_url of sts in the shared config", shared.Services.ServiceValues["sts"]["endpoint_url"]},
			source{"endpoint_url of the shared config", shared.BaseEndpoint}) + " (for STS)"
		if err := Endpoint(name, *o.BaseEndpoint, s.AllowPlainHTTP); err != nil {
			return err
		}
	}
	where, err := resolveSTS(client)
	//lint:ignore SA1019 programs still set it
	if err != nil && o.EndpointResolver != nil { // it may succeed later
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, redact.Error(err))
	}
	return Endpoint(name, where.String(), s.AllowPlainHTTP)
}

// resolveSTS is resolve, for STS.
func resolveSTS(client *sts.Client) (where *url.URL, err error) {
	name := "arn:aws:iam::123456789012:role/any"
	_, err = client.AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: &name, RoleSessionName: aws.String("any")}, func(o *sts.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider("any", "any", "")
		o.Interceptors = smithyhttp.InterceptorRegistry{}
		o.APIOptions = []func(*middleware.Stack) error{func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(resolved{&where}, "ResolveEndpointV2", middleware.After)
		}}
	})
	if where != nil {
		return where, nil
	}
	return nil, err
}
