// Package role gets credentials by assuming an IAM role (AssumeRole of AWS STS).
package role

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
)

// Rules of the API reference of AssumeRole, and of ARNs of roles in that of IAM.
const (
	maxARNLength        = 2048
	minExternalIDLength = 2
	maxExternalIDLength = 1224
	maxSessionLength    = 64
)

var (
	arnForm         = regexp.MustCompile(`^arn:aws(-[a-z0-9]+)*:iam::[0-9]{12}:role/([!-~]+/)?[\w+=,.@-]{1,64}$`)
	externalIDForm  = regexp.MustCompile(`^[\w+=,.@:/-]*$`)
	unfitForSession = regexp.MustCompile(`[^\w+=,.@-]+`)
)

// Settings are the role that is assumed, and the external id that its trust policy may demand.
// Errors name them as fields of cloudwatch.Options.
type Settings struct{ ARN, ExternalID string }

// Check returns what is wrong about the settings. It shows nothing of the external id.
func (s Settings) Check() error {
	switch {
	case s.ARN == "" && s.ExternalID != "":
		return errors.New("Options.ExternalID is set but RoleARN is empty: an external id goes with a role")
	case len(s.ARN) > maxARNLength:
		return fmt.Errorf("Options.RoleARN: longer than %d characters", maxARNLength)
	case s.ARN != "" && !arnForm.MatchString(s.ARN):
		return fmt.Errorf("Options.RoleARN %q: must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/logs", s.ARN)
	case s.ExternalID != "" && (len(s.ExternalID) < minExternalIDLength || len(s.ExternalID) > maxExternalIDLength):
		return fmt.Errorf("Options.ExternalID: must have %d to %d characters", minExternalIDLength, maxExternalIDLength)
	case !externalIDForm.MatchString(s.ExternalID):
		return errors.New("Options.ExternalID: only letters, digits and _ + = , . @ : / - are allowed")
	}
	return nil
}

// sessionName returns the name that CloudTrail shows for what is done with the role.
func sessionName(program, host string) string {
	name := strings.Trim(unfitForSession.ReplaceAllString(program+"@"+host, "-"), "-@")
	if name = name[:min(len(name), maxSessionLength)]; len(name) < 2 {
		return "cloudwatch-go"
	}
	return name
}

func ownSessionName() string {
	host, _ := os.Hostname() // without one, the name is that of the program
	return sessionName(filepath.Base(os.Args[0]), host)
}

// The times of credentials. Every role allows an hour, and one that another role assumes
// gets no more.
const (
	lifetime     = time.Hour
	refreshEarly = 5 * time.Minute // before they expire
	retryEarly   = time.Minute     // after an early refresh that failed
)

// Error says that a role was not assumed.
type Error struct {
	ARN        string
	ExternalID bool   // one was given
	Endpoint   string // that a setting names; "" = that of AWS
	Err        error
}

func (e *Error) Error() string { return "assume role " + e.ARN + ": " + e.Err.Error() }

// Unwrap returns the error of STS, or of the way to it.
func (e *Error) Unwrap() error { return e.Err }

// Provider gets the credentials of a role, and keeps them until shortly before they expire.
// While new ones cannot be had, those that are still valid do.
type Provider struct {
	settings Settings
	client   *client
	assume   aws.CredentialsProvider

	mu    sync.Mutex
	got   aws.Credentials
	early time.Time // when they are refreshed
}

func newProvider(s Settings, c *client) *Provider {
	return &Provider{settings: s, client: c, assume: stscreds.NewAssumeRoleProvider(c, s.ARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName, o.Duration = ownSessionName(), lifetime
		if s.ExternalID != "" {
			o.ExternalID = &s.ExternalID
		}
	})}
}

// Retrieve returns the credentials of the role. An error about those that it is assumed with
// is returned as it is; any other one is an *Error.
func (p *Provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	p.mu.Lock()
	got, early := p.got, p.early
	p.mu.Unlock()
	now := time.Now()
	if got.HasKeys() && now.Before(early) {
		return got, nil
	}
	fresh, err := p.assume.Retrieve(ctx)
	if err == nil && !fresh.HasKeys() {
		err = errors.New("STS has answered without keys")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		p.got, p.early = fresh, fresh.Expires.Add(-min(refreshEarly, time.Until(fresh.Expires)/2))
		return fresh, nil
	case got.HasKeys() && time.Now().Before(got.Expires):
		p.early = time.Now().Add(retryEarly)
		return got, nil
	}
	var ofBase *deliver.CredentialsError
	if errors.As(err, &ofBase) {
		return aws.Credentials{}, err
	}
	return aws.Credentials{}, &Error{p.settings.ARN, p.settings.ExternalID != "", p.client.endpoint, err}
}

// Invalidate has the role assumed again.
func (p *Provider) Invalidate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = aws.Credentials{}
}
