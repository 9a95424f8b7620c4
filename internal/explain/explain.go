// Package explain says in plain words why a request failed, and what the reader can do.
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

// Target is where a request goes, and what it needs there.
type Target struct {
	Group    string
	Stream   string
	Region   string
	Endpoint string // "" = that of the region
	NoCreate bool   // a missing log group or log stream is not created
	Tags     bool   // a new log group gets tags, which is a permission of its own
	Provider bool   // the program brings its own credentials
	Role     string // that is assumed with them; "" = none
	Service  string // "" = CloudWatch Logs
}

// Names are the settings, as the reader knows them.
type Names struct{ Keys, Profile, Provider, Region, Endpoint, NoCreate, ExternalID string }

// Fields are the names for who uses the library.
var Fields = Names{
	Keys:     "AWS_ACCESS_KEY_ID, Options.AccessID",
	Profile:  "AWS_PROFILE, Options.Profile",
	Provider: "Options.Config or ClientOptions",
	Region:   "AWS_REGION, Options.Region",
	Endpoint: "AWS_ENDPOINT_URL, Options.Endpoint",
	NoCreate: "Options.NoCreate",

	ExternalID: "Options.ExternalID",
}

// Kind is who can do something about a failure.
type Kind int

const (
	Other       Kind = iota // nobody, or it is not known who: the network, the service
	Credentials             // there are none, or they are refused
	Clock                   // that of this machine is wrong, which the SDK corrects
	Denied                  // a permission is missing
	Missing                 // the log group or log stream does not exist
	Invalid                 // the request is, and will always be
	Throttled               // the service asks to slow down
	Quota                   // one of the account is exhausted
	Unsupported             // the endpoint does not know the operation
	NoHost                  // the name of the host does not resolve
	Unreachable             // nobody answers, or not the service
)

// Failure is why a request failed. Its text says what was to be done, why it was not, and
// what the reader can do. It shows nothing of the request, and little of the response.
type Failure struct {
	Operation string // of the API; "" if not known
	Target    Target
	At        time.Time // when it failed
	Err       error     // of the SDK
}

// Unwrap returns the error of the SDK.
func (f *Failure) Unwrap() error { return f.Err }

// Error is the text with the names of the library.
func (f *Failure) Error() string { return f.Text(Fields) }

// Text is the whole text.
func (f *Failure) Text(n Names) string {
	e := f.explain(n)
	s := e.cause
	if what := f.what(); what != "" {
		s = what + ": " + s
	}
	if e.advice != "" {
		s += "; " + e.advice
	}
	return clean(s, maxText)
}

// Cause is why it failed, and no more.
func (f *Failure) Cause() string { return clean(f.explain(Fields).cause, maxText) }

// Kind returns who can do something about it.
func (f *Failure) Kind() Kind { return f.explain(Fields).kind }

// Final reports whether the request will not be made again: events do not wait for it.
func (f *Failure) Final() bool {
	return f.Operation == "PutRetentionPolicy" && f.Kind() == Invalid
}

// explained is what there is to say.
type explained struct {
	kind          Kind
	cause, advice string
}

// explain decides by types and codes, never by the text of an error.
func (f *Failure) explain(n Names) explained {
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

// what is the operation in words.
func (f *Failure) what() string {
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

func (f *Failure) noCredentials(e *deliver.CredentialsError, n Names) explained {
	var refused *role.Error
	if errors.As(e.Err, &refused) {
		return f.notAssumed(refused, n)
	}
	none, why := "no credentials", plain(e.Err)
	var u *deliver.Unfinished
	if errors.As(f.Err, &u) {
		none = (&deliver.Unfinished{Phase: deliver.PhaseCredentials, After: u.After}).Error()
	}
	for _, over := range []error{context.Canceled, context.DeadlineExceeded} { // the time has been said
		why = strings.TrimRight(strings.TrimSuffix(why, over.Error()), ", :")
	}
	if why != "" {
		why = ": " + why
	}
	if f.Target.Role != "" {
		none += " to assume role " + f.Target.Role
	}
	if f.Target.Provider {
		return explained{Credentials, none + " from " + n.Provider + why, ""}
	}
	return explained{
		Credentials,
		none + " in the environment, the shared config, or from a role of this machine" + why,
		fmt.Sprintf("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile (%s), log in with 'aws sso login', or give this machine a role", n.Profile),
	}
}

// service is who should have answered.
func (f *Failure) service() string {
	if host := f.Target.host(); host != "" {
		return host
	}
	return f.Target.service() + f.Target.in()
}

func (t *Target) service() string { return cmp.Or(t.Service, "CloudWatch Logs") }

// host is that of the endpoint, "" if AWS chooses it. Nothing else of the URL is shown: it
// may have a password.
func (t *Target) host() string {
	u, err := url.Parse(t.Endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}

func (t *Target) in() string {
	if t.Region == "" {
		return ""
	}
	return " in " + t.Region
}
