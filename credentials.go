package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cloudwatch-go/cloudwatch/internal/access"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
	"github.com/cloudwatch-go/cloudwatch/internal/redact"
	"github.com/cloudwatch-go/cloudwatch/internal/role"
)

// credentialsSource is where the client gets its credentials. The SDK reads
// environment and shared files once, and keeps what it got until it expires. So a
// long-lived program would never hear of new keys; refresh has them looked for
// again.
//
// One retrieval is in flight at a time, however many requests wait for it and fail
// meanwhile: a provider that hangs would otherwise be called again at each attempt.
type credentialsSource struct {
	load loader          // nil if there is nothing to load
	life context.Context // of the handler; the retrieval ends with it

	mu        sync.Mutex
	provider  aws.CredentialsProvider
	stale     bool       // what the provider has is not to be used any more
	retrieval *retrieval // in flight; nil if none is
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

// refresh forgets credentials that the service does not take. Those in flight are new
// ones. It never blocks.
func (s *credentialsSource) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = s.retrieval == nil
}

// Retrieve returns the credentials for a request. A failure gets a type, so that
// delivery can tell it from a failed request.
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

// join returns the retrieval in flight, or begins one.
func (s *credentialsSource) join(ctx context.Context) *retrieval {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retrieval == nil {
		s.retrieval = &retrieval{began: time.Now(), done: make(chan struct{})}
		// It outlives the request that began it, for others may wait for it too.
		ctx, cancel := context.WithCancel(untraced{context.WithoutCancel(ctx)})
		go s.run(ctx, cancel, s.retrieval, s.stale)
	}
	return s.retrieval
}

// untraced is the context of one request for something that others need too: the hooks
// that follow the request must not take the connections of the provider for its own, which
// are closed if it is cut off.
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
		r.err = access.Keys(r.got, "access key id", "secret access key", "session token")
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

// renew looks for another provider, or has the one there is look for credentials again.
func (s *credentialsSource) renew() {
	present := s.current()
	if s.load != nil {
		provider, err := s.load(present)
		if err != nil {
			return // the credentials we have are no worse
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

// await waits for the retrieval in flight, at most so long.
func (s *credentialsSource) await(atMost time.Duration) {
	s.mu.Lock()
	r := s.retrieval
	s.mu.Unlock()
	if r != nil {
		wait(r.done, atMost)
	}
}

// credentialsError returns the error of a provider without what must stay secret: the SDK
// quotes the output of a credential_process that it cannot read, and URLs that cannot be
// parsed.
func credentialsError(err error) error {
	var told *deliver.CredentialsError // by the source inside of the provider
	if errors.As(err, &told) {
		return told
	}
	return &deliver.CredentialsError{Err: redact.Error(explain.ProcessError(err))}
}

// IsCredentialsProvider lets the SDK see the provider inside: anonymous
// credentials mean requests without a signature.
func (s *credentialsSource) IsCredentialsProvider(target aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(s.current(), target)
}

// ProviderSources hands on where the credentials come from.
func (s *credentialsSource) ProviderSources() []aws.CredentialSource {
	if p, ok := s.current().(aws.CredentialProviderSource); ok {
		return p.ProviderSources()
	}
	return nil
}
