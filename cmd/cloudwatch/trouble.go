package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

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

	ExternalID: "--external-id",
}

// trouble says in plain words, one line each, what the library reports. Whether
// it ends the run, a judge decides.
type trouble struct {
	screen   *screen
	noCreate bool

	// The exit code of a run that has made a log group and could not set its
	// retention, though all was delivered; 0 = none.
	retention atomic.Int32

	said bool // something was, so that the end does not repeat it; of one goroutine alone
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
		if f := failureOf(e.Err); f != nil && !t.said {
			t.screen.say("cloudwatch: " + f.Text(flagNames))
		}
		return
	}
	t.screen.say(message(err))
}

func (t *trouble) failed(e *cloudwatch.DeliveryError) {
	f := failureOf(e.Err)
	if f == nil || errors.Is(e.Err, context.Canceled) { // the run ends
		return
	}
	d := diagnose(f, t.noCreate)
	if e.Operation == setRetention && d.kind != kindPassing {
		t.retention.Store(int32(d.code()))
	}
	t.said = true
	text := "cloudwatch: " + d.text
	if !f.Final() {
		text += "; retrying"
	}
	if since := time.Since(e.Since); since > 30*time.Second {
		text += fmt.Sprintf(" (%s in %v)", counted(int64(e.Failures), "failure", "failures"), since.Round(time.Second))
	}
	t.screen.say(text)
}
