package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch"
)

// trouble says in plain words, one line each, what the library reports, and
// tells the shipment when there is no hope.
//
// The library keeps trying whatever happens, as a server wants it. A person at
// a terminal wants the message instead. So there is no hope when only somebody
// outside this run can change something: no credentials, credentials that are
// refused, a permission that is missing, and with --no-create a log group or
// log stream that does not exist. The shipment then ends, unless something was
// delivered before.
type trouble struct {
	screen     *screen
	group      string
	endpoint   string // "" = AWS
	noCreate   bool
	keepTrying bool
	hopeless   chan int // capacity 1: the exit code

	retentionDenied atomic.Bool // a log group was made, its retention could not be set
}

// tell is the library's OnError. One goroutine calls it.
func (t *trouble) tell(err error) {
	if e, ok := errors.AsType[*cloudwatch.DeliveryError](err); ok {
		t.failed(e)
		return
	}
	if e, ok := errors.AsType[*cloudwatch.LossError](err); ok {
		if e.Reason == cloudwatch.LossUndelivered || e.Reason == cloudwatch.LossClosed {
			return // the last lines say it
		}
		text := fmt.Sprintf("cloudwatch: %s lost: %s", events(e.Events), e.Reason)
		if api, ok := errors.AsType[smithy.APIError](e.Err); ok {
			text += fmt.Sprintf(" (%s: %s)", api.ErrorCode(), api.ErrorMessage())
		}
		t.screen.say(text)
		return
	}
	t.screen.say(message(err))
}

func (t *trouble) failed(e *cloudwatch.DeliveryError) {
	text, code := t.explain(e)
	hopeless := code != 0 && !t.keepTrying
	if e.Operation == "PutRetentionPolicy" { // events do not wait for it
		hopeless = false
		t.retentionDenied.Store(code == exitDenied)
	}
	if !hopeless {
		text += "; trying again"
	}
	if since := time.Since(e.Since); since > 30*time.Second {
		text += fmt.Sprintf(" (%d failures in %v)", e.Failures, since.Round(time.Second))
	}
	t.screen.say("cloudwatch: " + text)
	if hopeless {
		select {
		case t.hopeless <- code:
		default:
		}
	}
}

// explain returns what is wrong and what to do about it, and the exit code if
// there is no hope, else 0.
func (t *trouble) explain(e *cloudwatch.DeliveryError) (text string, code int) {
	if c, ok := errors.AsType[*cloudwatch.CredentialsError](e.Err); ok {
		return fmt.Sprintf("no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, use --profile, or log in with 'aws sso login' (%v)", c.Err), exitDenied
	}
	if api, ok := errors.AsType[smithy.APIError](e.Err); ok {
		return t.explainAnswer(e.Operation, api)
	}
	return t.explainNetwork(e.Err), 0
}

// explainAnswer is explain for an error answer of the service. Codes are from
// "Common Errors" and the API reference of CloudWatch Logs.
func (t *trouble) explainAnswer(operation string, api smithy.APIError) (text string, code int) {
	answer := fmt.Sprintf("%s: %s", api.ErrorCode(), api.ErrorMessage())
	switch api.ErrorCode() {
	case "AccessDeniedException", "AccessDenied", "NotAuthorized", "UnauthorizedOperation":
		return fmt.Sprintf("access denied: allow logs:%s on log group %s (%s)", operation, t.group, answer), exitDenied
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId":
		return fmt.Sprintf("the access key is not known: check AWS_ACCESS_KEY_ID, or the profile (%s)", answer), exitDenied
	case "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature":
		return fmt.Sprintf("the signature is refused: check AWS_SECRET_ACCESS_KEY, or the profile, and the clock (%s)", answer), exitDenied
	case "ExpiredTokenException", "ExpiredToken":
		return fmt.Sprintf("the credentials have expired: get new ones, such as with 'aws sso login' (%s)", answer), exitDenied
	case "MissingAuthenticationToken", "MissingAuthenticationTokenException", "OptInRequired":
		return fmt.Sprintf("the credentials are refused (%s)", answer), exitDenied
	case "ResourceNotFoundException":
		if t.noCreate {
			return fmt.Sprintf("log group %s or its log stream does not exist: create it, or leave out --no-create (%s)", t.group, answer), exitFailed
		}
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "LimitExceededException":
		return fmt.Sprintf("the service asks to slow down, nothing is lost (%s)", answer), 0
	}
	return fmt.Sprintf("%s failed (%s)", operation, answer), 0
}

func (t *trouble) explainNetwork(err error) string {
	where, hint := "the service", "check the network"
	if u, ok := errors.AsType[*url.Error](err); ok {
		if at, e := url.Parse(u.URL); e == nil {
			where = at.Host
		}
		err = u.Err
	}
	if t.endpoint != "" {
		where, hint = t.endpoint, "check that the endpoint is running"
	}
	dns, notFound := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("%s refuses connections: %s", where, hint)
	case notFound:
		return fmt.Sprintf("host %s not found: check the network and the region or endpoint", dns.Name)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer from %s: %s", where, hint)
	default:
		// The SDK puts its own steps before the cause.
		text := err.Error()
		if i := strings.LastIndex(text, "request send failed, "); i >= 0 {
			text = text[i+len("request send failed, "):]
		}
		return fmt.Sprintf("cannot reach %s: %s", where, text)
	}
}
