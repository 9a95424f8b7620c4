package deliver

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// TestReachabilityByAnswer: what each kind of answer shows about the connection to the service.
func TestReachabilityByAnswer(t *testing.T) {
	for _, row := range []struct {
		answer           string
		err              error
		never            bool // missing groups and streams are not created
		answered, failed bool
	}{
		{answer: "taken", answered: true},
		{answer: "missing, will be created", err: &types.ResourceNotFoundException{}, answered: true},
		{answer: "missing", err: &types.ResourceNotFoundException{}, never: true, failed: true},
		{answer: "throttled", err: &types.ThrottlingException{}},
		{answer: "refused", err: &types.InvalidParameterException{}},
		{answer: "no connection", err: errors.New("connection refused"), failed: true},
		{answer: "no credentials", err: &CredentialsError{errors.New("none")}, failed: true},
		{answer: "exists already", err: &types.ResourceAlreadyExistsException{}},
	} {
		r := NewReach()
		_, end := r.begin(t.Context(), !row.never)
		if s := r.State(); s.Waiting != 1 || s.Dialing != 0 {
			t.Errorf("%s: in flight: %+v", row.answer, s)
		}
		_ = end(row.err)
		s := r.State()
		if s.Waiting != 0 || s.Last.IsZero() || s.Failing.IsZero() == row.failed || s.Answered.IsZero() == row.answered {
			t.Errorf("%s: %+v", row.answer, s)
		}
	}
}

// TestReachabilityWhileDialing: a request counts as dialing until it has a connection, but not
// while credentials are fetched.
func TestReachabilityWhileDialing(t *testing.T) {
	r := NewReach()
	held, release := make(chan struct{}), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if s := r.State(); s.Dialing != 0 || s.Waiting != 1 {
			t.Errorf("while the server answers: %+v", s)
		}
	}))
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		held <- struct{}{}
		<-release
		return c, err
	}}}
	get := func(ctx context.Context) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		_ = resp.Body.Close()
		client.CloseIdleConnections()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ctx, end := r.begin(t.Context(), true)
		done := FetchCredentials(ctx)
		get(ctx)
		done()
		get(ctx)
		_ = end(nil)
	}()
	<-held
	if s := r.State(); s.Dialing != 0 || s.Waiting != 1 {
		t.Errorf("while credentials are fetched: %+v", s)
	}
	release <- struct{}{}
	<-held
	if s := r.State(); s.Dialing != 1 || s.Waiting != 0 {
		t.Errorf("while connecting: %+v", s)
	}
	release <- struct{}{}
	<-ended
	if s := r.State(); s.Dialing+s.Waiting != 0 || time.Since(s.Answered) > time.Minute {
		t.Errorf("at the end: %+v", s)
	}
}

// TestReachabilityDuringHandshake: a request in its TLS handshake is connected, however long that
// takes.
func TestReachabilityDuringHandshake(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := NewReach()
	go func() {
		c, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = c.Read(make([]byte, 1)) // the handshake has begun
		if s := r.State(); s.Dialing != 0 || s.Waiting != 1 {
			t.Errorf("during the handshake: %+v", s)
		}
		_ = c.Close()
		_ = listener.Close()
	}()
	client := &http.Client{Transport: &http.Transport{}}
	ctx, end := r.begin(t.Context(), true)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+listener.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Error("the request succeeded")
	}
	_ = end(err)
	if s := r.State(); s.Dialing+s.Waiting != 0 || s.Failing.IsZero() {
		t.Errorf("at the end: %+v", s)
	}
}
