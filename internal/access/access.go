// Package access checks the way to the service: region, endpoint and keys, wherever they
// come from, and that no request crosses the open network in clear text.
package access

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

// ErrNoRegion says that no AWS region is set anywhere.
var ErrNoRegion = errors.New("no AWS region found: set Options.Region, the variable AWS_REGION, or region in the shared config")

// Settings are what a program says itself of its way to the service. Errors name them as
// fields of cloudwatch.Options.
type Settings struct {
	Region, Endpoint                  string
	AccessID, AccessKey, SessionToken string
	AllowPlainHTTP                    bool
	HasConfig                         bool // Options.Config: it was not loaded here
}

// BaseKeys are the credentials that requests are signed with, or that a role is assumed with.
type BaseKeys struct {
	Provider aws.CredentialsProvider // nil = there are none
	Chosen   bool                    // by the program's ClientOptions
}

// way is the way to the service as the SDK has resolved it. Which setting wins is the
// SDK's business: what is checked is the result, and where that comes from is found by its
// value.
type way struct {
	s             Settings
	env           config.EnvConfig // these two are sources of the configuration, if it was loaded
	shared        config.SharedConfig
	given, chosen *cloudwatchlogs.Options // before and after the program's ClientOptions
}

// Check returns what is wrong about region, endpoint and keys of a client, with the name of
// each source and the rule. Its options were given before the program's ClientOptions
// changed them. Keys that have to be asked for are not known yet: see [Keys].
func Check(s Settings, cfg aws.Config, given *cloudwatchlogs.Options, keys BaseKeys, client *cloudwatchlogs.Client) error {
	chosen := client.Options()
	_, env, shared, _ := Sources(cfg)
	w := &way{s, env, shared, given, &chosen}
	if err := errors.Join(w.checkRegion(), w.checkBase(), w.checkKeys(keys)); err != nil {
		return err
	}
	return w.checkResolved(client)
}

// Sources returns what a configuration was made of. Of one that was not made by
// config.LoadDefaultConfig they are empty, and loaded is false.
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
func (w *way) own(field string) string {
	if w.s.HasConfig {
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

func (w *way) regionName() string {
	if w.chosen.Region != w.given.Region {
		return clientOptions + ": Region"
	}
	return nameOf(w.chosen.Region, w.own("Region"),
		source{"Options.Region", w.s.Region},
		source{variable("AWS_REGION", "AWS_DEFAULT_REGION"), w.env.Region},
		source{"region of the shared config", w.shared.Region})
}

func (w *way) baseName() string {
	if aws.ToString(w.chosen.BaseEndpoint) != aws.ToString(w.given.BaseEndpoint) {
		return clientOptions + ": BaseEndpoint"
	}
	const service = "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"
	return nameOf(*w.chosen.BaseEndpoint, w.own("BaseEndpoint"),
		source{"Options.Endpoint", w.s.Endpoint},
		source{service, os.Getenv(service)},
		source{"AWS_ENDPOINT_URL", w.env.BaseEndpoint},
		source{"endpoint_url of cloudwatch_logs in the shared config", w.shared.Services.ServiceValues["cloudwatch_logs"]["endpoint_url"]},
		source{"endpoint_url of the shared config", w.shared.BaseEndpoint})
}

func (w *way) checkRegion() error {
	if w.chosen.Region == "" {
		return ErrNoRegion
	}
	return Region(w.regionName(), w.chosen.Region)
}

// variantName returns where FIPS or dual-stack endpoints were switched on.
func (w *way) variantName(given, env, shared bool, variable, key, field string) string {
	switch {
	case !given:
		return clientOptions + ": EndpointOptions." + field
	case env:
		return variable
	case shared:
		return key + " of the shared config"
	}
	return w.own(field)
}

// checkBase checks the endpoint that a setting names.
func (w *way) checkBase() error {
	if w.chosen.BaseEndpoint == nil || !resolvedBySDK(w.chosen) {
		return nil
	}
	if err := Endpoint(w.baseName(), *w.chosen.BaseEndpoint, w.s.AllowPlainHTTP); err != nil {
		return err
	}
	const fips, dual = aws.FIPSEndpointStateEnabled, aws.DualStackEndpointStateEnabled
	variant, name := "", ""
	if chosen, given := w.chosen.EndpointOptions, w.given.EndpointOptions; chosen.UseFIPSEndpoint == fips {
		variant = "FIPS"
		name = w.variantName(given.UseFIPSEndpoint == fips, w.env.UseFIPSEndpoint == fips, w.shared.UseFIPSEndpoint == fips,
			"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", "UseFIPSEndpoint")
	} else if chosen.UseDualStackEndpoint == dual {
		variant = "dual-stack"
		name = w.variantName(given.UseDualStackEndpoint == dual, w.env.UseDualStackEndpoint == dual, w.shared.UseDualStackEndpoint == dual,
			"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", "UseDualStackEndpoint")
	}
	if variant == "" {
		return nil
	}
	return fmt.Errorf("%s beside %s %q: the SDK knows %s endpoints of AWS only: unset one of the two", name, w.baseName(), *w.chosen.BaseEndpoint, variant)
}

// checkResolved checks where requests go.
func (w *way) checkResolved(client *cloudwatchlogs.Client) error {
	where, err := resolve(client)
	switch {
	case resolvedBySDK(w.chosen) && err != nil:
		return fmt.Errorf("%s %q: %w", w.regionName(), w.chosen.Region, redact.Error(err))
	case resolvedBySDK(w.chosen) || err != nil: // a resolver of the program may know later
		return nil
	}
	name := clientOptions
	if !resolvedBySDK(w.given) {
		name = "Options.Config"
	}
	return Endpoint(name+": URL of the endpoint resolver", where.String(), w.s.AllowPlainHTTP)
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
func (w *way) checkKeys(keys BaseKeys) error {
	got, ok := StaticKeys(keys.Provider)
	if !ok {
		return nil
	}
	otherwise := w.own("Credentials")
	if keys.Chosen {
		otherwise = clientOptions + ": Credentials"
	}
	env, shared := w.env.Credentials, w.shared.Credentials
	return Keys(got,
		nameOf(got.AccessKeyID, otherwise+": access key id",
			source{"Options.AccessID", w.s.AccessID},
			source{variable("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"), env.AccessKeyID},
			source{"aws_access_key_id of the shared files", shared.AccessKeyID}),
		nameOf(got.SecretAccessKey, otherwise+": secret access key",
			source{"Options.AccessKey", w.s.AccessKey},
			source{variable("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"), env.SecretAccessKey},
			source{"aws_secret_access_key of the shared files", shared.SecretAccessKey}),
		nameOf(got.SessionToken, otherwise+": session token",
			source{"Options.SessionToken", w.s.SessionToken},
			source{"AWS_SESSION_TOKEN", env.SessionToken},
			source{"aws_session_token of the shared files", shared.SessionToken}))
}
