package contender

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// Target is the destination of a contender.
type Target struct {
	URL string
	CA  string // PEM of the certificate to trust; empty for plain HTTP

	Place Place // for the files of a contender, see HasFiles
}

// sdkHTTP returns the default HTTP client of the SDK, which also trusts the target.
func (t Target) sdkHTTP() *awshttp.BuildableClient {
	client := awshttp.NewBuildableClient()
	if t.CA == "" {
		return client
	}
	return client.WithTransportOptions(t.trust)
}

func (t Target) trust(transport *http.Transport) {
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AppendCertsFromPEM([]byte(t.CA))
}

// sdkClient returns an SDK client as a program would create it.
func (t Target) sdkClient() *cloudwatchlogs.Client {
	return cloudwatchlogs.NewFromConfig(aws.Config{
		Region:      region,
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(accessID, accessKey, "")),
		HTTPClient:  t.sdkHTTP(),
	}, func(o *cloudwatchlogs.Options) {
		o.BaseEndpoint = &t.URL
	})
}
