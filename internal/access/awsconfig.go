package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/logging"

	"github.com/cloudwatch-go/cloudwatch/internal/preflight"
	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// fetchTimeout bounds each HTTP request for credentials of a configuration that is loaded here.
// The SDK has no bound, and one hanging connection would block all later requests, which wait
// for the same credentials.
const fetchTimeout = 30 * time.Second

// loadConfig returns the configuration of the program, or reads environment and shared config.
// It makes no request. Whatever it starts to get credentials ends with the context.
func loadConfig(life context.Context, s *Options) (aws.Config, error) {
	var cfg aws.Config
	if s.Config != nil {
		cfg = s.Config.Copy()
		cfg.Logger = quiet(cfg)
	} else {
		var err error
		cfg, err = load(life, config.LoadOptions{Region: s.Region, SharedConfigProfile: s.Profile, Logger: logging.Nop{}})
		if err != nil {
			return cfg, err
		}
	}
	if s.Region != "" {
		cfg.Region = s.Region
	}
	if s.AccessKeyID != "" {
		cfg.Credentials = credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretAccessKey, s.SessionToken)
	}
	return cfg, nil
}

// loader reads environment and shared files again for new credentials. It returns nil if it
// finds the same source as the present provider.
type loader func(present aws.CredentialsProvider) (aws.CredentialsProvider, error)

// reload returns the loader of a client, nil if its credentials do not come from environment or
// shared files. Keys that the program sets never change.
func reload(life context.Context, s *Options, cfg aws.Config) loader {
	switch {
	case s.AccessKeyID != "":
		return nil
	case s.Config == nil:
		return func(aws.CredentialsProvider) (aws.CredentialsProvider, error) {
			again, err := loadConfig(life, s)
			return again.Credentials, err
		}
	case !readKeys(cfg) && !lastResort(cfg):
		return nil
	}
	options := reloadOptions(cfg)
	options.Logger = cfg.Logger
	return func(present aws.CredentialsProvider) (aws.CredentialsProvider, error) {
		again, err := load(life, options)
		if err != nil || isInstanceRole(again.Credentials) && isInstanceRole(present) {
			return nil, err
		}
		return again.Credentials, nil
	}
}

// reloadOptions returns the options that load a program's configuration again.
func reloadOptions(cfg aws.Config) config.LoadOptions {
	options, _, _, _ := preflight.Sources(cfg)
	options.Region = cfg.Region
	options.LogConfigurationWarnings = nil // they were logged already
	if options.CustomCABundle != nil {     // the reader is consumed
		options.CustomCABundle, options.HTTPClient = nil, cfg.HTTPClient
	}
	return options
}

// readKeys reports whether the credentials of a program's configuration are keys that
// config.LoadDefaultConfig read from the environment or a shared file and that the program has
// not replaced since. Every other provider of the SDK renews its credentials itself.
func readKeys(cfg aws.Config) bool {
	_, env, shared, _ := preflight.Sources(cfg)
	got, ok := preflight.StaticKeys(cfg.Credentials)
	same := func(c aws.Credentials) bool {
		return c.AccessKeyID == got.AccessKeyID && c.SecretAccessKey == got.SecretAccessKey && c.SessionToken == got.SessionToken
	}
	return ok && (same(env.Credentials) || same(shared.Credentials))
}

// lastResort reports whether a program's configuration uses the role of the EC2 instance only
// because config.LoadDefaultConfig found no other credentials: keys may appear later.
func lastResort(cfg aws.Config) bool {
	options, _, shared, loaded := preflight.Sources(cfg)
	return loaded && options.Credentials == nil && shared.CredentialSource == "" && isInstanceRole(cfg.Credentials)
}

func isInstanceRole(p aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(p, (*ec2rolecreds.Provider)(nil))
}

// load is config.LoadDefaultConfig with these differences, unless the options set the same: it
// makes no request, it never uses version 1 of the EC2 metadata service (IMDSv1, without a
// token), requests for credentials have a deadline and leave no idle connection.
func load(life context.Context, options config.LoadOptions) (aws.Config, error) {
	bounded := keepAlive(awshttp.NewBuildableClient().WithTimeout(fetchTimeout), false)
	own := options.HTTPClient == nil
	if own {
		options.HTTPClient = bounded
	} else if client, ok := options.HTTPClient.(*awshttp.BuildableClient); ok {
		options.HTTPClient = keepAlive(client, false)
	}
	metadata := &metadataClient{}
	if options.EC2RoleCredentialOptions == nil {
		options.EC2RoleCredentialOptions = func(o *ec2rolecreds.Options) { o.Client = metadata }
	}
	if options.EndpointCredentialOptions == nil {
		options.EndpointCredentialOptions = func(o *endpointcreds.Options) { o.HTTPClient = bounded }
	}
	// Mode "auto" and UseEC2IMDSRegion would call the metadata service during the load.
	options.DefaultsModeOptions.IMDSClient = imds.New(imds.Options{ClientEnableState: imds.ClientDisabled})
	options.UseEC2IMDSRegion = nil
	cfg, err := config.LoadDefaultConfig(life, func(o *config.LoadOptions) error {
		*o = options
		return nil
	})
	if missing := (config.SharedConfigProfileNotExistError{}); errors.As(err, &missing) {
		return cfg, fmt.Errorf("load AWS config: %w; add the profile to the shared config, or name another one (AWS_PROFILE, Options.Profile)", redact.Error(err))
	}
	if err != nil {
		return cfg, fmt.Errorf("load AWS config: %w", redact.Error(err))
	}
	metadata.Client = imds.NewFromConfig(cfg, func(o *imds.Options) { o.EnableFallback = aws.FalseTernary })
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok && own {
		cfg.HTTPClient = keepAlive(client.WithTimeout(0), true) // delivery sets deadlines
	}
	boundProcess(life, &cfg)
	return cfg, nil
}

// keepAlive returns a copy of a client with keep-alive on or off. Clients for credentials have
// it off: the SDK copies the client for each service, so nothing could close the connections
// that they leave idle, and credentials are fetched once in minutes or hours.
func keepAlive(client *awshttp.BuildableClient, on bool) *awshttp.BuildableClient {
	return client.WithTransportOptions(func(t *http.Transport) { t.DisableKeepAlives = !on })
}

// metadataClient gets its client once the configuration that describes it is loaded.
type metadataClient struct{ *imds.Client }

// quiet returns the logger of a program's configuration, or logging.Nop for the logger that
// config.LoadDefaultConfig sets by default: it prints to standard error, which the program did
// not request unless ClientLogMode is set.
func quiet(cfg aws.Config) logging.Logger {
	options, _, _, loaded := preflight.Sources(cfg)
	if !loaded || options.Logger != nil || cfg.ClientLogMode != 0 {
		return cfg.Logger
	}
	given, ok := cfg.Logger.(*logging.StandardLogger)
	if !ok || given.Logger == nil {
		return cfg.Logger
	}
	again, err := load(context.Background(), reloadOptions(cfg)) // to compare with its default
	if err != nil {
		return cfg.Logger
	}
	set, ok := again.Logger.(*logging.StandardLogger)
	if ok && given.Logger.Writer() == set.Logger.Writer() && given.Logger.Prefix() == set.Logger.Prefix() {
		return logging.Nop{}
	}
	return cfg.Logger
}
