package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/metrics"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/tracing"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// access is the way to the service as the SDK has resolved it. Which setting wins is the
// SDK's business: what is checked is the result, and where that comes from is found by its
// value.
type access struct {
	s             *settings
	env           config.EnvConfig // these two are sources of the configuration, if it was loaded
	shared        config.SharedConfig
	given, chosen *cloudwatchlogs.Options // before and after the program's ClientOptions
}

// checkAccess returns what is wrong about region, endpoint and keys, with the name of each
// source and the rule.
func checkAccess(s *settings, cfg aws.Config, given *cloudwatchlogs.Options, client *cloudwatchlogs.Client) error {
	chosen := client.Options()
	_, env, shared, _ := sourcesOf(cfg)
	a := &access{s, env, shared, given, &chosen}
	if err := errors.Join(a.checkRegion(), a.checkBase(), a.checkKeys()); err != nil {
		return err
	}
	return a.checkResolved(client)
}

// source is a place that a setting may come from.
type source struct{ name, value string }

// nameOf returns the first source that has the value.
func nameOf(value, otherwise string, sources ...source) string {
	for _, s := range sources {
		if s.value != "" && s.value == value {
			return s.name
		}
	}
	return otherwise
}

// own returns the name of a setting that no source has.
func (a *access) own(field string) string {
	if a.s.Config != nil {
		return "Options.Config." + field
	}
	return field + " of the AWS config"
}

// variable returns the environment variable that is set, of two with the same meaning.
func variable(first, second string) string {
	if os.Getenv(first) == "" && os.Getenv(second) != "" {
		return second
	}
	return first
}

const clientOptions = "Options.ClientOptions"

func (a *access) regionName() string {
	if a.chosen.Region != a.given.Region {
		return clientOptions + ": Region"
	}
	return nameOf(a.chosen.Region, a.own("Region"),
		source{"Options.Region", a.s.Region},
		source{variable("AWS_REGION", "AWS_DEFAULT_REGION"), a.env.Region},
		source{"region of the shared config", a.shared.Region})
}

func (a *access) baseName() string {
	if aws.ToString(a.chosen.BaseEndpoint) != aws.ToString(a.given.BaseEndpoint) {
		return clientOptions + ": BaseEndpoint"
	}
	const service = "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"
	return nameOf(*a.chosen.BaseEndpoint, a.own("BaseEndpoint"),
		source{"Options.Endpoint", a.s.Endpoint},
		source{service, os.Getenv(service)},
		source{"AWS_ENDPOINT_URL", a.env.BaseEndpoint},
		source{"endpoint_url of cloudwatch_logs in the shared config", a.shared.Services.ServiceValues["cloudwatch_logs"]["endpoint_url"]},
		source{"endpoint_url of the shared config", a.shared.BaseEndpoint})
}

func (a *access) checkRegion() error {
	if a.chosen.Region == "" {
		return ErrNoRegion
	}
	return checkRegion(a.regionName(), a.chosen.Region)
}

// variantName returns where FIPS or dual-stack endpoints were switched on.
func (a *access) variantName(given, env, shared bool, variable, key, field string) string {
	switch {
	case !given:
		return clientOptions + ": EndpointOptions." + field
	case env:
		return variable
	case shared:
		return key + " of the shared config"
	}
	return a.own(field)
}

// checkBase checks the endpoint that a setting names.
func (a *access) checkBase() error {
	if a.chosen.BaseEndpoint == nil || !resolvedBySDK(a.chosen) {
		return nil
	}
	if err := checkEndpoint(a.baseName(), *a.chosen.BaseEndpoint, a.s.AllowPlainHTTP); err != nil {
		return err
	}
	const fips, dual = aws.FIPSEndpointStateEnabled, aws.DualStackEndpointStateEnabled
	variant, name := "", ""
	if chosen, given := a.chosen.EndpointOptions, a.given.EndpointOptions; chosen.UseFIPSEndpoint == fips {
		variant = "FIPS"
		name = a.variantName(given.UseFIPSEndpoint == fips, a.env.UseFIPSEndpoint == fips, a.shared.UseFIPSEndpoint == fips,
			"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", "UseFIPSEndpoint")
	} else if chosen.UseDualStackEndpoint == dual {
		variant = "dual-stack"
		name = a.variantName(given.UseDualStackEndpoint == dual, a.env.UseDualStackEndpoint == dual, a.shared.UseDualStackEndpoint == dual,
			"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", "UseDualStackEndpoint")
	}
	if variant == "" {
		return nil
	}
	return fmt.Errorf("%s beside %s %q: the SDK knows %s endpoints of AWS only: unset one of the two", name, a.baseName(), *a.chosen.BaseEndpoint, variant)
}

// checkResolved checks where requests go.
func (a *access) checkResolved(client *cloudwatchlogs.Client) error {
	where, err := resolve(client)
	switch {
	case resolvedBySDK(a.chosen) && err != nil:
		return fmt.Errorf("%s %q: %w", a.regionName(), a.chosen.Region, redact.Error(err))
	case resolvedBySDK(a.chosen) || err != nil: // a resolver of the program may know later
		return nil
	}
	name := clientOptions
	if !resolvedBySDK(a.given) {
		name = "Options.Config"
	}
	return checkEndpoint(name+": URL of the endpoint resolver", where.String(), a.s.AllowPlainHTTP)
}

// resolvedBySDK reports whether no resolver of the program decides where requests go.
func resolvedBySDK(o *cloudwatchlogs.Options) bool {
	//lint:ignore SA1019 programs still have one
	if o.EndpointResolver != nil {
		return false
	}
	return reflect.TypeOf(o.EndpointResolverV2) == reflect.TypeOf(cloudwatchlogs.NewDefaultEndpointResolverV2())
}

// resolve returns where the SDK would send a request to. It goes through the steps of one
// that come before signing; nothing of the program is called but its endpoint resolver.
func resolve(client *cloudwatchlogs.Client) (where *url.URL, err error) {
	name := "any"
	_, err = client.CreateLogGroup(context.Background(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}, func(o *cloudwatchlogs.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider("any", "any", "")
		o.Logger, o.ClientLogMode = logging.Nop{}, 0
		o.Interceptors = smithyhttp.InterceptorRegistry{}
		o.TracerProvider, o.MeterProvider = &tracing.NopTracerProvider{}, metrics.NopMeterProvider{}
		o.APIOptions = []func(*middleware.Stack) error{func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(resolved{&where}, "ResolveEndpointV2", middleware.After)
		}}
	})
	if where != nil {
		return where, nil
	}
	return nil, err
}

// resolved takes the URL of a request and ends it.
type resolved struct{ where **url.URL }

var errResolved = errors.New("resolved")

// ID is its name in the stack.
func (resolved) ID() string { return "cloudwatch.resolved" }

func (r resolved) HandleFinalize(_ context.Context, in middleware.FinalizeInput, _ middleware.FinalizeHandler) (
	out middleware.FinalizeOutput, metadata middleware.Metadata, err error,
) {
	if request, ok := in.Request.(*smithyhttp.Request); ok {
		*r.where = request.URL
	}
	return out, metadata, errResolved
}

// checkKeys checks keys that are known without asking anybody.
func (a *access) checkKeys() error {
	provider, ok := a.chosen.Credentials.(*credentialsSource)
	if !ok {
		return nil
	}
	got, ok := staticKeys(provider.current())
	if !ok {
		return nil
	}
	otherwise := a.own("Credentials")
	if a.chosen.Credentials != a.given.Credentials {
		otherwise = clientOptions + ": Credentials"
	}
	env, shared := a.env.Credentials, a.shared.Credentials
	return checkKeys(got,
		nameOf(got.AccessKeyID, otherwise+": access key id",
			source{"Options.AccessID", a.s.AccessID},
			source{variable("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"), env.AccessKeyID},
			source{"aws_access_key_id of the shared files", shared.AccessKeyID}),
		nameOf(got.SecretAccessKey, otherwise+": secret access key",
			source{"Options.AccessKey", a.s.AccessKey},
			source{variable("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"), env.SecretAccessKey},
			source{"aws_secret_access_key of the shared files", shared.SecretAccessKey}),
		nameOf(got.SessionToken, otherwise+": session token",
			source{"Options.SessionToken", a.s.SessionToken},
			source{"AWS_SESSION_TOKEN", env.SessionToken},
			source{"aws_session_token of the shared files", shared.SessionToken}))
}
