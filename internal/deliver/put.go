package deliver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// request is a finished PutLogEvents body with its payload hash, which is computed once for all
// attempts.
type request struct {
	body     []byte
	encoding string // Content-Encoding; "" = none
	sha256   string // lower-case hex
}

func newRequest(body []byte, encoding string) *request {
	sum := sha256.Sum256(body)
	return &request{body: body, encoding: encoding, sha256: hex.EncodeToString(sum[:])}
}

// put sends the body with the SDK's client. The client's credentials, endpoint, signing, clock
// correction and typed errors stay in place; only the steps that validate and encode a typed
// input are skipped. date is zero if the response has no trusted Date.
//
// The SDK closes the body before the call returns, so the caller may reuse its memory.
func put(ctx context.Context, client *cloudwatchlogs.Client, at *Endpoint, r *request) (info *types.RejectedLogEventsInfo, date time.Time, err error) {
	out, err := client.PutLogEvents(ctx, nil, at.watch, func(o *cloudwatchlogs.Options) {
		o.APIOptions = append(o.APIOptions[:len(o.APIOptions):len(o.APIOptions)], func(stack *middleware.Stack) error {
			if _, err := stack.Initialize.Remove("OperationInputValidation"); err != nil {
				return err
			}
			_, err := stack.Serialize.Swap("OperationSerializer", readySerializer{r})
			return err
		})
	})
	if err != nil {
		return nil, dateOf(err), err
	}
	date, _ = awsmiddleware.GetServerTime(out.ResultMetadata)
	return out.RejectedLogEventsInfo, date, nil
}

// dateOf returns the Date of an error response.
func dateOf(err error) time.Time {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.Response == nil {
		return time.Time{}
	}
	date, _ := http.ParseTime(response.Response.Header.Get("Date"))
	return date
}

// readySerializer replaces the SDK's serializer of PutLogEvents.
type readySerializer struct{ *request }

// ID returns the ID of the replaced step, so that it keeps its place in the stack.
func (readySerializer) ID() string { return "OperationSerializer" }

func (s readySerializer) HandleSerialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
	out middleware.SerializeOutput, metadata middleware.Metadata, err error,
) {
	req, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return out, metadata, fmt.Errorf("unexpected transport %T", in.Request)
	}
	req.Method = "POST"
	if req.URL.Path == "" {
		req.URL.Path = "/"
	}
	req.Header.Set("X-Amz-Target", "Logs_20140328.PutLogEvents")
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if s.encoding != "" {
		req.Header.Set("Content-Encoding", s.encoding)
	}
	withBody, err := req.SetStream(bytes.NewReader(s.body))
	if err != nil {
		return out, metadata, err
	}
	*req = *withBody // later steps hold this pointer
	// Stack values in the caller's context are cleared by the SDK, so the hash is set here.
	return next.HandleSerialize(v4.SetPayloadHash(ctx, s.sha256), in)
}
