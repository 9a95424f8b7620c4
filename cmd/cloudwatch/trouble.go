package main

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
)

// flagNames are the settings as a user of the command knows them.
var flagNames = explain.Names{
	Keys:     "AWS_ACCESS_KEY_ID, or the profile",
	Profile:  "AWS_PROFILE, --profile",
	Provider: "the program",
	Region:   "AWS_REGION, --region",
	Endpoint: "AWS_ENDPOINT_URL, --endpoint",
	NoCreate: "--no-create",
}

// trouble says in plain words, one line each, what the library reports, and
// tells the shipment when there is no hope.
//
// The library retries whatever happens, as a server wants it. A person at a
// terminal wants the message instead. So there is no hope when only somebody
// outside this run can change something: no credentials, credentials that are
// refused, a permission that is missing, a log group or log stream that can
// never be created, and with --no-create one that does not exist. The shipment
// then ends, unless something was delivered before.
type trouble struct {
	screen     *screen
	noCreate   bool
	keepTrying bool
	hopeless   chan int // capacity 1: the exit code

	retentionDenied atomic.Bool // a log group was made, its retention could not be set

	said string // the last cause, so that the end does not repeat it; of one goroutine alone
}

// tell is the library's OnError. One goroutine calls it.
func (t *trouble) tell(err error) {
	if e, ok := errors.AsType[*cloudwatch.DeliveryError](err); ok {
		t.failed(e)
		return
	}
	e, ok := errors.AsType[*cloudwatch.LossError](err)
	if ok && (e.Reason == cloudwatch.LossUndelivered || e.Reason == cloudwatch.LossClosed) {
		// The last lines say how many. What no attempt has said is why.
		if f, ok := errors.AsType[*explain.Failure](e.Err); ok && t.said == "" {
			t.screen.say("cloudwatch: " + f.Text(flagNames))
		}
		return
	}
	t.screen.say(message(err))
}

func (t *trouble) failed(e *cloudwatch.DeliveryError) {
	f, _ := errors.AsType[*explain.Failure](e.Err)
	code := t.exitCode(f)
	hopeless := code != 0 && !t.keepTrying
	if e.Operation == "PutRetentionPolicy" { // events do not wait for it
		hopeless = false
		t.retentionDenied.Store(code == exitDenied)
	}
	t.said = explained(e.Err)
	text := "cloudwatch: " + t.said
	if !hopeless && (f == nil || !f.Final()) {
		text += "; retrying"
	}
	if since := time.Since(e.Since); since > 30*time.Second {
		text += fmt.Sprintf(" (%s in %v)", counted(int64(e.Failures), "failure", "failures"), since.Round(time.Second))
	}
	t.screen.say(text)
	if hopeless {
		select {
		case t.hopeless <- code:
		default:
		}
	}
}

// exitCode returns the exit code if there is no hope, else 0.
func (t *trouble) exitCode(f *explain.Failure) int {
	if f == nil {
		return 0
	}
	switch kind := f.Kind(); {
	case kind == explain.Credentials, kind == explain.Denied:
		return exitDenied
	case kind == explain.Missing && t.noCreate, kind == explain.Invalid && f.Operation != "PutLogEvents":
		return exitFailed
	}
	return 0
}

// explained is the text of an error. That of a request, of the library or of the SDK, says
// what to do, in the words of the command.
func explained(err error) string {
	text := err.Error()
	if f, ok := errors.AsType[*explain.Failure](err); ok {
		return strings.Replace(text, f.Error(), f.Text(flagNames), 1)
	}
	if sdk, ok := errors.AsType[*smithy.OperationError](err); ok {
		f := &explain.Failure{Operation: sdk.OperationName, At: time.Now(), Err: sdk}
		return strings.Replace(text, sdk.Error(), f.Text(flagNames), 1)
	}
	return text
}
