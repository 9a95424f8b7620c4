package cloudwatch

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
)

// credentialsSource is where the client gets its credentials. The SDK reads
// environment and shared files once, and keeps what it got until it expires. So a
// long-lived program would never hear of new keys; refresh has them looked for
// again.
type credentialsSource struct {
	load func() (aws.CredentialsProvider, error) // reads environment and shared files again; nil if they are not the source

	mu       sync.Mutex
	provider aws.CredentialsProvider
}

func (s *credentialsSource) current() aws.CredentialsProvider {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.provider
}

// refresh forgets credentials that the service does not take.
func (s *credentialsSource) refresh() {
	if s.load != nil {
		provider, err := s.load()
		if err != nil || provider == nil {
			return // those we have are no worse
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.provider = provider
		return
	}
	if cache, ok := s.current().(*aws.CredentialsCache); ok {
		cache.Invalidate()
	}
}

// Retrieve returns the credentials for a request. A failure gets a type, so that
// delivery can tell it from a failed request.
func (s *credentialsSource) Retrieve(ctx context.Context) (aws.Credentials, error) {
	defer deliver.FetchCredentials(ctx)()
	got, err := s.current().Retrieve(ctx)
	if err != nil {
		err = &deliver.CredentialsError{Err: err}
	}
	return got, err
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
