// Package explain describes in plain words why a request failed and what the reader can do.
package explain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/role"
)

// Target is where a request is sent, and what it needs there.
type Target struct {
	Group    string
	Stream   string
	Region   string
	Endpoint string // "": the region's default
	NoCreate bool   // missing log groups and log streams are not created
	Tags     bool   // new log groups get tags, which needs another permission
	Provider bool   // the program supplies its own credentials
	Role     string // assumed with them; "": none
	Service  string // "": CloudWatch Logs
}

// Names are the names of the settings in texts, as the reader knows them.
type Names struct{ Keys, Profile, Provider, Region, Endpoint, NoCreate, ExternalID string }

// Fields are the names for users of the library.
var Fields = Names{
	Keys:     "AWS_ACCESS_KEY_ID, Options.AccessID",
	Profile:  "AWS_PROFILE, Options.Profile",
	Provider: "Options.Config or ClientOptions",
	Region:   "AWS_REGION, Options.Region",
	Endpoint: "AWS_ENDPOINT_URL, Options.Endpoint",
	NoCreate: "Options.NoCreate",

	ExternalID: "Options.ExternalID",
}

// Kind classifies failures by who can fix them.
type Kind int

const (
	Other       Kind = iota // nobody, or not known: a temporary failure of the service or the network
	Credentials             // missing or rejected
	Clock                   // this machine's clock is wrong; the SDK corrects for it
	Denied                  // a permission is missing
	Missing                 // the log group or log stream does not exist
	Invalid                 // the request is invalid and always will be
	Throttled               // the service asks to slow down
	Quota                   // an account quota is exhausted
	Unsupported             // the endpoint does not support the operation
	NoHost                  // the host name does not resolve
	Unreachable             // no server answers, or not the service
)

// Failure explains why a request failed. Its text says what was attempted, why it failed, and
// what the reader can do. It shows nothing of the request, and little of the response.
type Failure struct {
	Operation string // API operation; "" if not known
	Target    Target
	At        time.Time // time of the failure
	Err       error     // error of the SDK
}

// Unwrap returns the error of the SDK.
func (f *Failure) Unwrap() error { return f.Err }

// Error returns the text with the names in [Fields].
func (f *Failure) Error() string { return f.Text(Fields) }

// Text returns the complete text.
func (f *Failure) Text(n Names) string {
	e := f.explain(n)
	s := e.cause
	if what := f.action(); what != "" {
		s = what + ": " + s
	}
	if e.advice != "" {
		s += "; " + e.advice
	}
	return clean(s, maxText)
}

// Cause returns only the cause.
func (f *Failure) Cause() string { return clean(f.explain(Fields).cause, maxText) }

// Kind returns the kind of failure.
func (f *Failure) Kind() Kind { return f.explain(Fields).kind }

// Final reports whether the request will not be retried. No events wait for such a request.
func (f *Failure) Final() bool {
	return f.Operation == "PutRetentionPolicy" && f.Kind() == Invalid
}

// explanation is the explanation of a failure.
type explanation struct {
	kind          Kind
	cause, advice string
}

// explain decides by types and codes, never by the text of an error.
func (f *Failure) explain(n Names) explanation {
	var credentials *deliver.CredentialsError
	if errors.As(f.Err, &credentials) {
		return f.noCredentials(credentials, n)
	}
	var foreign *deliver.ForeignError
	if errors.As(f.Err, &foreign) {
		return f.foreign(foreign, n)
	}
	var api smithy.APIError
	if errors.As(f.Err, &api) {
		return f.answer(api, n)
	}
	return f.network(n)
}

// action describes the operation.
func (f *Failure) action() string {
	group := ""
	if f.Target.Group != "" {
		group = " log group " + f.Target.Group
	}
	switch {
	case group == "":
		return f.Operation
	case f.Operation == "PutLogEvents":
		return "send events to" + group
	case f.Operation == "CreateLogStream":
		return "create log stream " + f.Target.Stream + " in" + group
	case f.Operation == "CreateLogGroup":
		return "create" + group
	case f.Operation == "PutRetentionPolicy":
		return "set the retention of" + group
	}
	return f.Operation
}

func (f *Failure) noCredentials(e *deliver.CredentialsError, n Names) explanation {
	var refused *role.Error
	if errors.As(e.Err, &refused) {
		return f.notAssumed(refused, n)
	}
	none, why := "no credentials", plain(e.Err)
	var u *deliver.Unfinished
	if errors.As(f.Err, &u) {
		none = (&deliver.Unfinished{Phase: deliver.PhaseCredentials, After: u.After}).Error()
	}
	for _, over := range []error{context.Canceled, context.DeadlineExceeded} { // the text has the time already
		why = strings.TrimRight(strings.TrimSuffix(why, over.Error()), ", :")
	}
	if why != "" {
		why = ": " + why
	}
	if f.Target.Role != "" {
		none += " to assume role " + f.Target.Role
	}
	if f.Target.Provider {
		return explanation{Credentials, none + " from " + n.Provider + why, ""}
	}
	return explanation{
		Credentials,
		none + " in the environment, the shared config, or from an IAM role of this machine" + why,
		fmt.Sprintf("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile (%s), log in with 'aws sso login', or give this machine an IAM role", n.Profile),
	}
}

// service names the server that should have answered.
func (f *Failure) service() string {
	if host := f.Target.host(); host != "" {
		return host
	}
	return f.Target.serviceName() + f.Target.inRegion()
}

func (t *Target) serviceName() string { return cmp.Or(t.Service, "CloudWatch Logs") }

// host returns the host of the endpoint; "" if AWS chooses it. No other part of the URL is shown,
// because it may contain a password.
func (t *Target) host() string {
	u, err := url.Parse(t.Endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}

func (t *Target) inRegion() string {
	if t.Region == "" {
		return ""
	}
	return " in " + t.Region
}
