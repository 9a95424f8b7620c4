package testkit

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func WriteFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func MustCreate(t *testing.T, srv *cloudwatchtest.Server) {
	t.Helper()
	if err := srv.CreateLogGroup(Group); err != nil {
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "ResourceAlreadyExistsException" {
			t.Fatal(err)
		}
	}
	if err := srv.CreateLogStream(Group, Stream); err != nil {
		t.Fatal(err)
	}
}

// blackHole is a network in which packets disappear.
func BlackHole(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

var ErrCulprit = errors.New("it was me")

func Culprit() { panic(ErrCulprit) }

func PanicOf(f func()) (cause any) {
	defer func() { cause = recover() }()
	f()
	return nil
}

// LogValue runs in the log call, outside every lock: it may log.
type Talkative struct{ Log *slog.Logger }

func (v Talkative) LogValue() slog.Value {
	v.Log.Info("inner")
	return slog.StringValue("value")
}

// What Options.BufferBytes promises: the buffer may hold that much, and a
// little of everything else.
const (
	MemorySlack    = 1.0 / 16 // of BufferBytes: room in batches
	MemoryConstant = 4 << 20  // batches kept for later, and the rest of the pipeline
)

// heap returns the bytes in use.
func Heap() int {
	runtime.GC()
	runtime.GC() // for pools, which give way in two steps
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

type RoundTripper func(*http.Request) (*http.Response, error)

func (f RoundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func MustClose(t *testing.T, h *cloudwatch.Handler) {
	t.Helper()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}
