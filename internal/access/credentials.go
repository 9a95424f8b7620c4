package access

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
	"github.com/cloudwatch-go/cloudwatch/internal/preflight"
	"github.com/cloudwatch-go/cloudwatch/internal/redact"
	"github.com/cloudwatch-go/cloudwatch/internal/role"
)

// credentialsSource provides the credentials of a client. The SDK reads environment and shared
// files once and keeps the credentials until they expire, so a long-lived program would never
// use new keys; refresh makes the next retrieval look them up again.
//
// At most one retrieval is in flight, however many requests wait for it or time out meanwhile:
// otherwise each attempt would call a provider that hangs once more.
type credentialsSource struct {
	load loader          // nil: the provider never changes
	life context.Context // of the client; its end cancels the retrieval

	mu        sync.Mutex
	provider  aws.CredentialsProvider
	stale     bool       // the provider must look up its credentials again
	retrieval *retrieval // in flight; nil: none
}

// retrieval is one call of the provider. Its result is written before done is closed.
type retrieval struct {
	began time.Time
	done  chan struct{}
	got   aws.Credentials
	err   error
}

func (s *credentialsSource) current() aws.CredentialsProvider {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.provider
}

// refresh discards credentials that the service rejected. A retrieval in flight gets new ones
// anyway. It never blocks.
func (s *credentialsSource) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = s.retrieval == nil
}

// Retrieve returns the credentials for a request. An error is a *[deliver.CredentialsError], so
// that delivery can distinguish it from a failed request.
func (s *credentialsSource) Retrieve(ctx context.Context) (aws.Credentials, error) {
	defer deliver.FetchCredentials(ctx)()
	r := s.join(ctx)
	select {
	case <-r.done:
		return r.got, r.err
	case <-ctx.Done():
		err := fmt.Errorf("the provider has not answered since %s: %w", r.began.UTC().Format(time.RFC3339), ctx.Err())
		return aws.Credentials{}, &deliver.CredentialsError{Err: err}
	}
}

// join returns the retrieval in flight, or starts one.
func (s *credentialsSource) join(ctx context.Context) *retrieval {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retrieval == nil {
		s.retrieval = &retrieval{began: time.Now(), done: make(chan struct{})}
		// It outlives the request that started it: others may wait for it too.
		ctx, cancel := context.WithCancel(untraced{context.WithoutCancel(ctx)})
		go s.run(ctx, cancel, s.retrieval, s.stale)
	}
	return s.retrieval
}

// untraced hides the httptrace hooks of the request that started a retrieval: they would take
// the provider's connections for connections of the request, which are closed if it is canceled.
type untraced struct{ context.Context }

func (c untraced) Value(key any) any {
	value := c.Context.Value(key)
	if _, hooks := value.(*httptrace.ClientTrace); hooks {
		return nil
	}
	return value
}

func (s *credentialsSource) run(ctx context.Context, cancel func(), r *retrieval, stale bool) {
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	if stale {
		s.renew()
	}
	r.got, r.err = s.current().Retrieve(ctx)
	if r.err == nil {
		r.err = preflight.Keys(r.got, "access key id", "secret access key", "session token")
	}
	if r.err != nil {
		r.got, r.err = aws.Credentials{}, credentialsError(r.err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = r.err != nil
	s.retrieval = nil
	close(r.done)
}

// renew loads another provider, or invalidates the present one.
func (s *credentialsSource) renew() {
	present := s.current()
	if s.load != nil {
		provider, err := s.load(present)
		if err != nil {
			return // the present credentials are no worse
		}
		if provider != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.provider = provider
			return
		}
	}
	switch cache := present.(type) {
	case *aws.CredentialsCache:
		cache.Invalidate()
	case *role.Provider:
		cache.Invalidate()
	}
}

// await waits for the retrieval in flight, for at most the given time.
func (s *credentialsSource) await(limit time.Duration) {
	s.mu.Lock()
	r := s.retrieval
	s.mu.Unlock()
	if r == nil {
		return
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-r.done:
	case <-t.C:
	}
}

// credentialsError returns the error of a provider without secrets: the SDK quotes the output
// of a credential_process that it cannot parse, and malformed URLs.
func credentialsError(err error) error {
	var inner *deliver.CredentialsError // of a source that the provider wraps
	if errors.As(err, &inner) {
		return inner
	}
	return &deliver.CredentialsError{Err: redact.Error(explain.ProcessError(err))}
}

// IsCredentialsProvider exposes the wrapped provider to the SDK, which does not sign requests
// with anonymous credentials.
func (s *credentialsSource) IsCredentialsProvider(target aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(s.current(), target)
}

// ProviderSources returns the sources of the wrapped provider.
func (s *credentialsSource) ProviderSources() []aws.CredentialSource {
	if p, ok := s.current().(aws.CredentialProviderSource); ok {
		return p.ProviderSources()
	}
	return nil
}
