package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// Bounds of asking the metadata service, all attempts together.
const (
	askTimeout     = time.Second
	askAttempts    = 3
	askBackoff     = 50 * time.Millisecond
	maxAnswerBytes = 4 << 10 // tokens have less than a hundred
	maxHeaderBytes = 16 << 10
)

var instanceID = regexp.MustCompile(`^i-[0-9a-f]{8,32}$`)

var errNoInstanceID = errors.New("the metadata service answers with something else than an instance id")

// InstanceID asks the metadata service of EC2 for the id of the instance, with a token
// (IMDSv2) and for a second at most. The configuration and the environment say where it is,
// and whether it may be asked.
func InstanceID(ctx context.Context, cfg aws.Config) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	// The HTTP client is our own: the service is on this machine, so no proxy of the program
	// must be used, and a response of anything else must be bounded.
	connections := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.Proxy, t.DisableKeepAlives, t.MaxResponseHeaderBytes = nil, true, maxHeaderBytes
	})
	client := imds.NewFromConfig(cfg, func(o *imds.Options) {
		o.EnableFallback = aws.FalseTernary
		o.DisableDefaultMaxBackoff = true // it would be the whole second
		o.HTTPClient = bounded{connections.WithTimeout(askTimeout)}
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = askAttempts, askBackoff
		})
	})
	out, err := client.GetMetadata(ctx, &imds.GetMetadataInput{Path: "instance-id"})
	if err != nil {
		return "", askError(ctx, err)
	}
	defer out.Content.Close()
	text, err := io.ReadAll(out.Content)
	if err != nil {
		return "", askError(ctx, err)
	}
	id := bytes.TrimSpace(text)
	if !instanceID.Match(id) {
		return "", errNoInstanceID
	}
	return string(id), nil
}

// askError returns an error without the steps of the SDK around it.
func askError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("the metadata service has not answered within %v", askTimeout)
	}
	for operation := (*smithy.OperationError)(nil); errors.As(err, &operation); {
		err = operation.Err
	}
	return redact.Error(err)
}

// bounded is an HTTP client that reads no more of a response than an answer can have.
type bounded struct{ aws.HTTPClient }

func (b bounded) Do(r *http.Request) (*http.Response, error) {
	response, err := b.HTTPClient.Do(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxAnswerBytes)
	}
	return response, err
}
