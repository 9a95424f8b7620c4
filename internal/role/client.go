package role

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/preflight"
	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// timeout bounds one request to STS. It is shorter than that of a request that waits for the
// credentials, so that this one fails with the reason.
const timeout = 10 * time.Second

// maxHeaderBytes bounds the headers of an answer.
const maxHeaderBytes = 64 << 10

// client is a client of STS. It retrieves the credentials that assume the role before its
// request, so that each of the two steps has its own time limit and error.
type client struct {
	*sts.Client
	base     aws.CredentialsProvider // nil if there are none
	endpoint string                  // that a setting names; "" = that of AWS
}

// New returns a provider that assumes a role with other credentials. Region, FIPS, dual stack
// and HTTP client are those of the client of CloudWatch Logs, the endpoint is the one that the
// SDK finds for STS. What is wrong about it is an error.
func New(s Settings, cfg aws.Config, logs *cloudwatchlogs.Options, base aws.CredentialsProvider, way preflight.Settings) (*Provider, error) {
	cfg.Region = logs.Region
	c := &client{base: base}
	c.Client = sts.NewFromConfig(cfg, func(o *sts.Options) {
		o.EndpointOptions.UseFIPSEndpoint = logs.EndpointOptions.UseFIPSEndpoint
		o.EndpointOptions.UseDualStackEndpoint = logs.EndpointOptions.UseDualStackEndpoint
		o.HTTPClient = bounded(logs.HTTPClient)
		o.Retryer = aws.NopRetryer{} // delivery retries
		o.Credentials = nil          // see AssumeRole
		// The answer holds keys: whatever is logged of requests to CloudWatch Logs, this is not.
		o.Logger, o.ClientLogMode = logging.Nop{}, 0
		o.APIOptions = append(o.APIOptions[:len(o.APIOptions):len(o.APIOptions)],
			awsmiddleware.AddUserAgentKey("cloudwatch-go"), preflight.Guard{PlainHTTP: way.AllowPlainHTTP}.Add, checkAnswers)
	})
	if err := preflight.STS(way, cfg, c.Client); err != nil {
		return nil, err
	}
	c.endpoint = redact.URL(aws.ToString(c.Options().BaseEndpoint))
	return newProvider(s, c), nil
}

// bounded returns a copy of the SDK's own HTTP client that leaves no idle connection, as there
// is one request an hour. An HTTP client of the program stays as it is.
func bounded(of aws.HTTPClient) aws.HTTPClient {
	buildable, ok := of.(*awshttp.BuildableClient)
	if !ok {
		return of
	}
	return buildable.WithTimeout(timeout).WithTransportOptions(func(t *http.Transport) {
		t.DisableKeepAlives = true
		if t.MaxResponseHeaderBytes == 0 {
			t.MaxResponseHeaderBytes = maxHeaderBytes
		}
	})
}

var errNone = errors.New("there are none to assume the role with") // reads on from: no credentials

// AssumeRole makes one request. The expiry of what it returns is by the clock of this machine,
// which may be wrong.
func (c *client) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, change ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	if c.base == nil {
		return nil, &deliver.CredentialsError{Err: errNone}
	}
	keys, err := c.base.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	out, err := c.Client.AssumeRole(limited, in, append(change, func(o *sts.Options) { o.Credentials = fixed(keys) })...)
	if err != nil {
		if ctx.Err() == nil && limited.Err() != nil {
			err = &deliver.Unfinished{Phase: deliver.PhaseStarted, After: time.Since(began), Err: err}
		}
		return nil, err
	}
	if out.Credentials != nil {
		left := lifetime
		if at, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok && out.Credentials.Expiration != nil {
			left = min(max(out.Credentials.Expiration.Sub(at), 0), lifetime)
		}
		out.Credentials.Expiration = aws.Time(began.Add(left))
	}
	return out, nil
}

// fixed returns a provider of keys that are there.
func fixed(keys aws.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
}
