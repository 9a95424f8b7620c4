package cloudwatch

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

	"github.com/cloudwatch-go/cloudwatch/internal/access"
	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// fetchTimeout bounds each HTTP request for credentials of a configuration that we load.
// The SDK has no bound, and a connection that hangs would hold all later requests, since
// they wait for the same credentials.
const fetchTimeout = 30 * time.Second

// loadConfig returns the configuration of the program, or reads environment and shared
// config. It asks no server. What it starts to get credentials ends with the context.
func loadConfig(life context.Context, s *settings) (aws.Config, error) {
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
	if s.AccessID != "" {
		cfg.Credentials = credentials.NewStaticCredentialsProvider(s.AccessID, s.AccessKey, s.SessionToken)
	}
	return cfg, nil
}

// loader reads environment and shared files again for new credentials. It returns nil if
// it finds nothing else than the present provider does.
type loader func(present aws.CredentialsProvider) (aws.CredentialsProvider, error)

// reload returns the loader of the client, nil if its credentials are not from environment
// and shared files. Keys that the program gives stay as they are.
func reload(life context.Context, s *settings, cfg aws.Config) loader {
	switch {
	case s.AccessID != "":
		return nil
	case s.Config == nil:
		return func(aws.CredentialsProvider) (aws.CredentialsProvider, error) {
			again, err := loadConfig(life, s)
			return again.Credentials, err
		}
	case !readKeys(cfg) && !lastResort(cfg):
		return nil
	}
	options := againOptions(cfg)
	options.Logger = cfg.Logger
	return func(present aws.CredentialsProvider) (aws.CredentialsProvider, error) {
		again, err := load(life, options)
		if err != nil || isInstanceRole(again.Credentials) && isInstanceRole(present) {
			return nil, err
		}
		return again.Credentials, nil
	}
}

// againOptions returns the options by which a program's configuration can be loaded again.
func againOptions(cfg aws.Config) config.LoadOptions {
	options, _, _, _ := access.Sources(cfg)
	options.Region = cfg.Region
	options.LogConfigurationWarnings = nil // that was done
	if options.CustomCABundle != nil {     // it was read to its end
		options.CustomCABundle, options.HTTPClient = nil, cfg.HTTPClient
	}
	return options
}

// readKeys reports whether the credentials of a program's configuration are keys that
// config.LoadDefaultConfig has read from the environment or a shared file: the program may
// have set others since. Every other provider of the SDK looks for new ones by itself.
func readKeys(cfg aws.Config) bool {
	_, env, shared, _ := access.Sources(cfg)
	got, ok := access.StaticKeys(cfg.Credentials)
	same := func(c aws.Credentials) bool {
		return c.AccessKeyID == got.AccessKeyID && c.SecretAccessKey == got.SecretAccessKey && c.SessionToken == got.SessionToken
	}
	return ok && (same(env.Credentials) || same(shared.Credentials))
}

// lastResort reports whether a program's configuration has the role of the EC2 instance,
// which config.LoadDefaultConfig takes when it finds nothing else: keys may come later.
func lastResort(cfg aws.Config) bool {
	options, _, shared, loaded := access.Sources(cfg)
	return loaded && options.Credentials == nil && shared.CredentialSource == "" && isInstanceRole(cfg.Credentials)
}

func isInstanceRole(p aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(p, (*ec2rolecreds.Provider)(nil))
}

// load is config.LoadDefaultConfig, but it asks no server, the metadata service of EC2 is
// never asked without a token (IMDSv1), no request for credentials lasts for ever, and none
// leaves a connection behind. What the options say of these things wins.
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
	// Mode "auto" and a region from the metadata service would ask it here and now.
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
		cfg.HTTPClient = keepAlive(client.WithTimeout(0), true) // delivery has deadlines of its own
	}
	endHungProcess(life, &cfg)
	return cfg, nil
}

// keepAlive returns a copy of a client that keeps its connections for later requests, or
// closes each one with its response. The SDK gives every service a copy of its own, with
// another dialer, so nothing else of a client for credentials would close what it leaves
// idle; they are fetched once in minutes or hours.
func keepAlive(client *awshttp.BuildableClient, on bool) *awshttp.BuildableClient {
	return client.WithTransportOptions(func(t *http.Transport) { t.DisableKeepAlives = !on })
}

// metadataClient gets its client when the configuration that describes it is loaded.
type metadataClient struct{ *imds.Client }

// quiet returns the logger of a program's configuration. The one that
// config.LoadDefaultConfig sets where the program names none prints on standard error,
// which nobody has asked for unless ClientLogMode says what to log.
func quiet(cfg aws.Config) logging.Logger {
	options, _, _, loaded := access.Sources(cfg)
	if !loaded || options.Logger != nil || cfg.ClientLogMode != 0 {
		return cfg.Logger
	}
	given, ok := cfg.Logger.(*logging.StandardLogger)
	if !ok || given.Logger == nil {
		return cfg.Logger
	}
	again, err := load(context.Background(), againOptions(cfg)) // to compare with the one it sets
	if err != nil {
		return cfg.Logger
	}
	set, ok := again.Logger.(*logging.StandardLogger)
	if ok && given.Logger.Writer() == set.Logger.Writer() && given.Logger.Prefix() == set.Logger.Prefix() {
		return logging.Nop{}
	}
	return cfg.Logger
}
