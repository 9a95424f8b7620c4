//go:build unix

package killtest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// mood is how the endpoint answers all requests.
type mood int32

const (
	answers mood = iota // as the service does
	dawdles             // the same, but it takes its time before it says so
	refuses             // status 503
	hangs               // not at all
)

func (m mood) String() string { return [...]string{"answers", "dawdles", "refuses", "hangs"}[m] }

// endpoint is a real socket before the strict endpoint of cloudwatchtest. It knows
// the process that makes a request, and tells the oracle what that has delivered.
type endpoint struct {
	*httptest.Server
	mood     atomic.Int32
	underWay sync.WaitGroup

	mu     sync.Mutex // a request after the other
	srv    *cloudwatchtest.Server
	oracle *oracle
}

func newEndpoint(t *testing.T, o *oracle) *endpoint {
	e := &endpoint{srv: cloudwatchtest.New(), oracle: o}
	e.Server = httptest.NewServer(e)
	t.Cleanup(func() {
		e.CloseClientConnections()
		e.Close()
		e.srv.Close()
	})
	return e
}

func (e *endpoint) set(m mood) { e.mood.Store(int32(m)) }

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.underWay.Add(1)
	defer e.underWay.Done()
	m := mood(e.mood.Load())
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // killed meanwhile
	}
	req := e.oracle.arrived(runOf(r))
	switch m {
	case hangs:
		<-r.Context().Done()
		return
	case refuses:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"__type":"ServiceUnavailableException","message":"refused by the test"}`)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	e.handle(w, r, req)
	if m == dawdles {
		// What was delivered is not known to the process as long as this waits.
		time.Sleep(time.Duration(len(body)%20) * time.Millisecond)
	}
	e.oracle.answered(req)
}

func (e *endpoint) handle(w http.ResponseWriter, r *http.Request, req *request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.srv.ServeHTTP(w, r)
	for _, done := range e.srv.TakeRequests() { // it is the only one
		switch {
		case !done.Committed && done.Code != "ResourceNotFoundException" && done.Code != "ResourceAlreadyExistsException":
			e.oracle.failf("well formed", "%s was refused: %s: %s", done.Operation, done.Code, done.Message)
		case done.Rejected > 0:
			e.oracle.failf("well formed", "%d events were rejected", done.Rejected)
		case done.Committed && done.Operation == "PutLogEvents":
			e.oracle.delivered(req, done.LogStream, e.srv.TakeEvents(killtest.Group, done.LogStream))
		}
	}
}

// runOf returns the process that has signed a request.
func runOf(r *http.Request) (run int) {
	_, id, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if _, err := fmt.Sscanf(id, killtest.AccessID, &run); err != nil {
		return -1
	}
	return run
}
