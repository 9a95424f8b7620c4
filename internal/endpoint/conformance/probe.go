package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// probe checks a rule: a client, its own log groups, and the errors found.
type probe struct {
	*logs.Client
	ctx    context.Context
	target Target
	prefix string   // of the names of its log groups
	groups []string // to delete at the end
	errs   []error
}

func newProbe(ctx context.Context, t Target) *probe {
	var id [6]byte
	rand.Read(id[:])
	return &probe{
		Client: t.client(),
		ctx:    ctx,
		target: t,
		prefix: "conformance-" + hex.EncodeToString(id[:]),
	}
}

// client returns the real client, without its validation.
func (t Target) client() *logs.Client {
	return logs.NewFromConfig(t.Config, func(o *logs.Options) {
		o.Retryer = aws.NopRetryer{}
		if t.Patience > 0 {
			o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 10 })
		}
		o.APIOptions = append(o.APIOptions, unchecked)
		if t.Config.BaseEndpoint != nil {
			o.APIOptions = append(o.APIOptions, noHostPrefix)
		}
	})
}

// unchecked makes the client send what it would refuse to send.
func unchecked(stack *middleware.Stack) error {
	_, _ = stack.Initialize.Remove("OperationInputValidation") // operations without required members do not have it
	return nil
}

// noHostPrefix makes StartLiveTail use the endpoint's own host, without the prefix "stream-".
func noHostPrefix(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("noHostPrefix",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
		}), middleware.Before)
}

// fatalf records that the endpoint does not follow the rule, and ends the probe.
func (p *probe) fatalf(format string, args ...any) {
	p.errorf(format, args...)
	runtime.Goexit()
}

// must ends the probe if a request that it depends on failed.
func (p *probe) must(err error) {
	if err != nil {
		p.fatalf("%w", err)
	}
}

// newName returns a name for a log group that ends with suffix. If the group is created, it is
// deleted at the end.
func (p *probe) newName(suffix string) string {
	return p.ours(fmt.Sprintf("%s-%d%s", p.prefix, len(p.groups), suffix))
}

// ours registers a log group for deletion at the end, if it exists then.
func (p *probe) ours(name string) string {
	p.groups = append(p.groups, name)
	return name
}

// group creates a log group.
func (p *probe) group(change ...func(*logs.CreateLogGroupInput)) string {
	in := &logs.CreateLogGroupInput{LogGroupName: aws.String(p.newName(""))}
	for _, f := range change {
		f(in)
	}
	_, err := p.CreateLogGroup(p.ctx, in)
	p.must(err)
	return *in.LogGroupName
}

// stream creates a log stream.
func (p *probe) stream(group, stream string) {
	_, err := p.CreateLogStream(p.ctx, &logs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	p.must(err)
}

// groupWith creates a log group with log streams.
func (p *probe) groupWith(streams ...string) string {
	group := p.group()
	for _, s := range streams {
		p.stream(group, s)
	}
	return group
}

// deleteGroups deletes the log groups of the probe.
func (p *probe) deleteGroups() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), probeTimeout)
	defer cancel()
	for _, name := range p.groups {
		_, err := p.DeleteLogGroup(ctx, &logs.DeleteLogGroupInput{LogGroupName: &name})
		if codeOf(err) == validation {
			_, _ = p.PutLogGroupDeletionProtection(ctx, &logs.PutLogGroupDeletionProtectionInput{LogGroupIdentifier: &name, DeletionProtectionEnabled: aws.Bool(false)})
			_, err = p.DeleteLogGroup(ctx, &logs.DeleteLogGroupInput{LogGroupName: &name})
		}
		// Some names are invalid, or their groups were not created.
		if err != nil && codeOf(err) != notFound && codeOf(err) != invalid {
			p.errorf("delete log groups: %w", err)
		}
	}
}

// arn returns the ARN of a log group, without a trailing ":*".
func (p *probe) arn(group string) string {
	out, err := p.DescribeLogGroups(p.ctx, &logs.DescribeLogGroupsInput{LogGroupNamePrefix: &group})
	p.must(err)
	if len(out.LogGroups) == 0 {
		p.fatalf("DescribeLogGroups does not return %s", group)
	}
	return strings.TrimSuffix(*out.LogGroups[0].Arn, ":*")
}

// event returns an event.
func event(at time.Time, message string) types.InputLogEvent {
	return types.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli()), Message: &message}
}

// events returns events at successive milliseconds, ending now.
func events(messages ...string) []types.InputLogEvent {
	first := time.Now().Add(-time.Duration(len(messages)) * time.Millisecond)
	list := make([]types.InputLogEvent, len(messages))
	for i, m := range messages {
		list[i] = event(first.Add(time.Duration(i)*time.Millisecond), m)
	}
	return list
}

// put puts events and returns the response.
func (p *probe) put(group, stream string, batch ...types.InputLogEvent) *logs.PutLogEventsOutput {
	out, err := p.PutLogEvents(p.ctx, &logs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: batch})
	p.must(err)
	return out
}

// stored creates a log group with a stream that holds messages.
func (p *probe) stored(messages ...string) (group, stream string) {
	group, stream = p.groupWith("s"), "s"
	p.put(group, stream, events(messages...)...)
	return group, stream
}

// messages reads a stream from its beginning.
func (p *probe) messages(group, stream string) []string {
	out, err := p.GetLogEvents(p.ctx, &logs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, StartFromHead: aws.Bool(true)})
	p.must(err)
	return texts(out.Events)
}

func texts(events []types.OutputLogEvent) []string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = *e.Message
	}
	return list
}

func filtered(events []types.FilteredLogEvent) []string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = *e.Message
	}
	return list
}

// want waits until get returns the wanted value, for as long as the endpoint's patience allows.
func (p *probe) want(what string, want []string, get func() []string) {
	for end := time.Now().Add(p.target.Patience); ; {
		got := get()
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(end) || p.target.Patience == 0 {
			p.errorf("%s: got %s, want %s", what, shown(got), shown(want))
			return
		}
		p.sleep(time.Second)
	}
}

// wantStored checks the messages in a stream.
func (p *probe) wantStored(group, stream string, want ...string) {
	p.want("the stream", want, func() []string { return p.messages(group, stream) })
}

// visible waits until n events of a group can be read.
func (p *probe) visible(group string, n int) {
	for end := time.Now().Add(p.target.Patience); time.Now().Before(end); p.sleep(time.Second) {
		out, err := p.FilterLogEvents(p.ctx, &logs.FilterLogEventsInput{LogGroupName: &group})
		if err == nil && len(out.Events) >= n {
			return
		}
	}
}

func (p *probe) sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-p.ctx.Done():
		p.fatalf("%w", p.ctx.Err())
	}
}

// shown formats a value for an error, truncated.
func shown(v any) string {
	s := fmt.Sprintf("%q", v)
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}

// plain formats a value with the pointers resolved.
func plain(v any) string {
	text, _ := json.Marshal(v) // responses can be encoded
	return shown(string(text))
}

// Error codes.
const (
	invalid       = "InvalidParameterException"
	notFound      = "ResourceNotFoundException"
	exists        = "ResourceAlreadyExistsException"
	validation    = "ValidationException"
	operation     = "InvalidOperationException"
	limitExceeded = "LimitExceededException"
	serialization = "SerializationException"
)

func codeOf(err error) string {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return ""
	}
	return e.ErrorCode()
}

// call is the request of a rule.
type call func(*probe) error

// accepts checks that a request succeeds.
func accepts(c call) func(*probe) {
	return func(p *probe) { p.must(c(p)) }
}

// refuses checks that a request fails with an error code. Error texts have an area of their own.
func refuses(code string, c call) func(*probe) {
	return func(p *probe) { p.refused(code, c(p)) }
}

// refused checks that a request failed with an error code, and with status 400.
func (p *probe) refused(code string, err error) {
	var res *smithyhttp.ResponseError
	switch {
	case err == nil:
		p.errorf("the request is accepted")
	case codeOf(err) != code:
		p.errorf("got %w, want %s", brief(err), code)
	case !errors.As(err, &res) || res.HTTPStatusCode() != http.StatusBadRequest:
		p.errorf("got %w, want status 400", brief(err))
	}
}

// refusedSomehow checks that a request was refused, where the documents do not say with which
// error.
func (p *probe) refusedSomehow(err error) {
	switch code := codeOf(err); {
	case err == nil:
		p.errorf("the request is accepted")
	case code != invalid && code != operation && code != validation:
		p.errorf("got %w", brief(err))
	}
}

// refusedSaying also checks that the error text contains parts.
func (p *probe) refusedSaying(code string, err error, parts ...string) {
	p.refused(code, err)
	var e smithy.APIError
	if !errors.As(err, &e) {
		return
	}
	for _, part := range parts {
		if !strings.Contains(e.ErrorMessage(), part) {
			p.errorf("the text is %s, without %s", shown(e.ErrorMessage()), shown(part))
		}
	}
}

// brief returns an error without what the client adds.
func brief(err error) error {
	var e smithy.APIError
	var res *smithyhttp.ResponseError
	if errors.As(err, &e) && errors.As(err, &res) {
		return fmt.Errorf("%d %s: %.200s", res.HTTPStatusCode(), e.ErrorCode(), e.ErrorMessage())
	}
	return err
}

// rawResponse is the response to a request sent without the client.
type rawResponse struct {
	status int
	header http.Header
	body   []byte
}

// send sends a signed request with a given body, without the client.
func (p *probe) send(operation string, body []byte, header ...string) rawResponse {
	res := p.post("logs", operation, body, header...)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	p.must(err)
	return rawResponse{res.StatusCode, res.Header, text}
}

// post sends a request to a host of the service, or to the endpoint. The caller closes the body.
func (p *probe) post(host, operation string, body []byte, header ...string) *http.Response {
	cfg := p.target.Config
	url := "https://" + host + "." + cfg.Region + ".amazonaws.com"
	if cfg.BaseEndpoint != nil {
		url = *cfg.BaseEndpoint
	}
	req, err := http.NewRequestWithContext(p.ctx, http.MethodPost, url+"/", bytes.NewReader(body))
	p.must(err)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	credentials, err := cfg.Credentials.Retrieve(p.ctx)
	p.must(err)
	sum := sha256.Sum256(body)
	p.must(v4.NewSigner().SignHTTP(p.ctx, credentials, req, hex.EncodeToString(sum[:]), "logs", cfg.Region, time.Now()))
	var client aws.HTTPClient = http.DefaultClient
	if cfg.HTTPClient != nil {
		client = cfg.HTTPClient
	}
	res, err := client.Do(req)
	p.must(err)
	return res
}

// pages calls fetch until a page has no token, passes each token to the next request, and returns
// the number of pages.
func (p *probe) pages(token **string, fetch func() (next *string)) int {
	for n := 1; n <= 50; n++ {
		next := fetch()
		if next == nil {
			return n
		}
		*token = next
	}
	p.fatalf("the 50th page still has a token")
	return 0
}
