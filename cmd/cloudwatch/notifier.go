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

// flagNames are the names of settings for users of the command.
var flagNames = explain.Names{
	Keys:     "AWS_ACCESS_KEY_ID, or the profile",
	Profile:  "AWS_PROFILE, --profile",
	Provider: "the program",
	Region:   "AWS_REGION, --region",
	Endpoint: "AWS_ENDPOINT_URL, --endpoint",
	NoCreate: "--no-create",

	ExternalID: "--external-id",
}

// notifier prints the errors that the library reports, one line each. The judge decides whether they end
// the run.
type notifier struct {
	screen   *screen
	noCreate bool

	// retention is the exit code of a run that delivered everything but could not set the retention of a
	// log group it created; 0: none.
	retention atomic.Int32

	said bool // a failure was printed, so that the end does not repeat it; used by one goroutine
}

// report is Options.OnError of the library, which calls it from one goroutine at a time.
func (t *notifier) report(err error) {
	if e, ok := errors.AsType[*cloudwatch.DeliveryError](err); ok {
		t.failed(e)
		return
	}
	e, ok := errors.AsType[*cloudwatch.LossError](err)
	if ok && (e.Reason == cloudwatch.LossUndelivered || e.Reason == cloudwatch.LossClosed) {
		// The last lines state the number. Only the cause may not have been printed yet.
		if f := failureOf(e.Err); f != nil && !t.said {
			t.screen.say("cloudwatch: " + f.Text(flagNames))
		}
		return
	}
	t.screen.say(message(err))
}

func (t *notifier) failed(e *cloudwatch.DeliveryError) {
	f := failureOf(e.Err)
	if f == nil || errors.Is(e.Err, context.Canceled) { // the run is ending
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
