// Package preflight validates the region, endpoint and keys of a client, wherever they come from, and
// prevents requests over plain HTTP to public hosts.
package preflight

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

// ErrNoRegion reports that no AWS region is configured.
var ErrNoRegion = errors.New("no AWS region found: set Options.Region, the variable AWS_REGION, or region in the shared config")

// Settings are the region, endpoint and keys that a program sets explicitly. Errors name them as
// fields of cloudwatch.Options.
type Settings struct {
	Region, Endpoint                           string
	AccessKeyID, SecretAccessKey, SessionToken string
	AllowPlainHTTP                             bool
	HasConfig                                  bool // Options.Config is set
}

// BaseKeys are the credentials that sign requests, or that assume a role.
type BaseKeys struct {
	Provider aws.CredentialsProvider // nil: none
	Chosen   bool                    // set by the program's ClientOptions
}

// resolution is the configuration that the SDK resolved. The SDK decides which setting wins:
// only the result is checked, and its source is found by comparing values.
type resolution struct {
	s             Settings
	env           config.EnvConfig // env and shared are sources of a loaded configuration
	shared        config.SharedConfig
	given, chosen *cloudwatchlogs.Options // before and after the program's ClientOptions
}

// Client returns an error if the region, endpoint or keys of a client are invalid. It names the
// source of each and the rule. given are the client's options before the program's
// ClientOptions changed them. Keys that must be fetched are checked later, by [Keys].
func Client(s Settings, cfg aws.Config, given *cloudwatchlogs.Options, keys BaseKeys, client *cloudwatchlogs.Client) error {
	chosen := client.Options()
	_, env, shared, _ := Sources(cfg)
	r := &resolution{s, env, shared, given, &chosen}
	if err := errors.Join(r.checkRegion(), r.checkBase(), r.checkKeys(keys)); err != nil {
		return err
	}
	return r.checkResolved(client)
}

// Sources returns the sources of a configuration. They are empty and loaded is false if
// config.LoadDefaultConfig did not make it.
func Sources(cfg aws.Config) (options config.LoadOptions, env config.EnvConfig, shared config.SharedConfig, loaded bool) {
	for _, source := range cfg.ConfigSources {
		switch s := source.(type) {
		case config.LoadOptions:
			options, loaded = s, true
		case config.EnvConfig:
			env = s
		case config.SharedConfig:
			shared = s
		}
	}
	return options, env, shared, loaded
}

// source is a named place that a setting may come from.
type source struct{ name, value string }

// nameOf returns the name of the first source with the value, or otherwise.
func nameOf(value, otherwise string, sources ...source) string {
	for _, s := range sources {
		if s.value != "" && s.value == value {
			return s.name
		}
	}
	return otherwise
}

// own returns the name of a setting that has no named source.
func (r *resolution) own(field string) string {
	if r.s.HasConfig {
		return "Options.Config." + field
	}
	return field + " of the AWS config"
}

// variable returns which of two environment variables with the same meaning is set.
func variable(first, second string) string {
	if os.Getenv(first) == "" && os.Getenv(second) != "" {
		return second
	}
	return first
}

const clientOptions = "Options.ClientOptions"

func (r *resolution) regionName() string {
	if r.chosen.Region != r.given.Region {
		return clientOptions + ": Region"
	}
	return nameOf(r.chosen.Region, r.own("Region"),
		source{"Options.Region", r.s.Region},
		source{variable("AWS_REGION", "AWS_DEFAULT_REGION"), r.env.Region},
		source{"region of the shared config", r.shared.Region})
}

func (r *resolution) baseName() string {
	if aws.ToString(r.chosen.BaseEndpoint) != aws.ToString(r.given.BaseEndpoint) {
		return clientOptions + ": BaseEndpoint"
	}
	const service = "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"
	return nameOf(*r.chosen.BaseEndpoint, r.own("BaseEndpoint"),
		source{"Options.Endpoint", r.s.Endpoint},
		source{service, os.Getenv(service)},
		source{"AWS_ENDPOINT_URL", r.env.BaseEndpoint},
		source{"endpoint_url of cloudwatch_logs in the shared config", r.shared.Services.ServiceValues["cloudwatch_logs"]["endpoint_url"]},
		source{"endpoint_url of the shared config", r.shared.BaseEndpoint})
}

func (r *resolution) checkRegion() error {
	if r.chosen.Region == "" {
		return ErrNoRegion
	}
	return Region(r.regionName(), r.chosen.Region)
}

// variantName returns the name of the setting that selected FIPS or dual-stack endpoints.
func (r *resolution) variantName(given, env, shared bool, variable, key, field string) string {
	switch {
	case !given:
		return clientOptions + ": EndpointOptions." + field
	case env:
		return variable
	case shared:
		return key + " of the shared config"
	}
	return r.own(field)
}

// checkBase checks an endpoint that was configured.
func (r *resolution) checkBase() error {
	if r.chosen.BaseEndpoint == nil || !resolvedBySDK(r.chosen) {
		return nil
	}
	if err := Endpoint(r.baseName(), *r.chosen.BaseEndpoint, r.s.AllowPlainHTTP); err != nil {
		return err
	}
	const fips, dual = aws.FIPSEndpointStateEnabled, aws.DualStackEndpointStateEnabled
	variant, name := "", ""
	if chosen, given := r.chosen.EndpointOptions, r.given.EndpointOptions; chosen.UseFIPSEndpoint == fips {
		variant = "FIPS"
		name = r.variantName(given.UseFIPSEndpoint == fips, r.env.UseFIPSEndpoint == fips, r.shared.UseFIPSEndpoint == fips,
			"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", "UseFIPSEndpoint")
	} else if chosen.UseDualStackEndpoint == dual {
		variant = "dual-stack"
		name = r.variantName(given.UseDualStackEndpoint == dual, r.env.UseDualStackEndpoint == dual, r.shared.UseDualStackEndpoint == dual,
			"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", "UseDualStackEndpoint")
	}
	if variant == "" {
		return nil
	}
	return fmt.Errorf("%s beside %s %q: the SDK knows %s endpoints of AWS only: unset one of the two", name, r.baseName(), *r.chosen.BaseEndpoint, variant)
}

// checkResolved checks the URL that requests go to.
func (r *resolution) checkResolved(client *cloudwatchlogs.Client) error {
	where, err := resolve(client)
	switch {
	case resolvedBySDK(r.chosen) && err != nil:
		return fmt.Errorf("%s %q: %w", r.regionName(), r.chosen.Region, redact.Error(err))
	case resolvedBySDK(r.chosen) || err != nil: // a resolver of the program may succeed later
		return nil
	}
	name := clientOptions
	if !resolvedBySDK(r.given) {
		name = "Options.Config"
	}
	return Endpoint(name+": URL of the endpoint resolver", where.String(), r.s.AllowPlainHTTP)
}

// resolvedBySDK reports whether the SDK, not a resolver of the program, decides where requests go.
func resolvedBySDK(o *cloudwatchlogs.Options) bool {
	//lint:ignore SA1019 programs still set it
	if o.EndpointResolver != nil {
		return false
	}
	return reflect.TypeOf(o.EndpointResolverV2) == reflect.TypeOf(cloudwatchlogs.NewDefaultEndpointResolverV2())
}

// resolve returns the URL that the SDK would send a request to. It runs the steps before signing
// and calls no code of the program except its endpoint resolver.
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

// resolved records the URL of a request and then fails it.
type resolved struct{ where **url.URL }

var errResolved = errors.New("resolved")

// ID returns the name of the middleware.
func (resolved) ID() string { return "cloudwatch.resolved" }

func (m resolved) HandleFinalize(_ context.Context, in middleware.FinalizeInput, _ middleware.FinalizeHandler) (
	out middleware.FinalizeOutput, metadata middleware.Metadata, err error,
) {
	if request, ok := in.Request.(*smithyhttp.Request); ok {
		*m.where = request.URL
	}
	return out, metadata, errResolved
}

// checkKeys checks keys that are known without a request.
func (r *resolution) checkKeys(keys BaseKeys) error {
	got, ok := StaticKeys(keys.Provider)
	if !ok {
		return nil
	}
	otherwise := r.own("Credentials")
	if keys.Chosen {
		otherwise = clientOptions + ": Credentials"
	}
	env, shared := r.env.Credentials, r.shared.Credentials
	return Keys(got,
		nameOf(got.AccessKeyID, otherwise+": access key id",
			source{"Options.AccessID", r.s.AccessKeyID},
			source{variable("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"), env.AccessKeyID},
			source{"aws_access_key_id of the shared files", shared.AccessKeyID}),
		nameOf(got.SecretAccessKey, otherwise+": secret access key",
			source{"Options.AccessKey", r.s.SecretAccessKey},
			source{variable("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"), env.SecretAccessKey},
			source{"aws_secret_access_key of the shared files", shared.SecretAccessKey}),
		nameOf(got.SessionToken, otherwise+": session token",
			source{"Options.SessionToken", r.s.SessionToken},
			source{"AWS_SESSION_TOKEN", env.SessionToken},
			source{"aws_session_token of the shared files", shared.SessionToken}))
}
