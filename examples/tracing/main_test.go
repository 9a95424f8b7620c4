package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/slogtest"

	"go.opentelemetry.io/otel/trace"

	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

const (
	root   = "1-67891233-abcdef012345678912345678"
	header = "Self=1-67891234-12456789abcdef012345678; Root=" + root + ";Sampled=1"
)

// withSpan returns a context as OpenTelemetry's SDK makes it when it starts a span.
func withSpan(ctx context.Context) context.Context {
	return trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0x4b, 15: 0x36}, SpanID: trace.SpanID{0xf0, 7: 0xb7},
	}))
}

const spanIDs = `"trace_id":"4b000000000000000000000000000036","span_id":"f0000000000000b7"`

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	err := run(func(handler http.Handler) error {
		request := httptest.NewRequest("POST", "/orders", nil)
		request.Header.Set("X-Amzn-Trace-Id", header)
		handler.ServeHTTP(httptest.NewRecorder(), request.WithContext(withSpan(request.Context())))
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/orders", nil))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	e.Want("my_log_group",
		`"msg":"paid",`+spanIDs+`,"xray_trace_id":"`+root+`","order":17}`,
		`"msg":"paid","order":17}`)
}

func TestTraceIDsOfOtherHeaders(t *testing.T) {
	for _, header := range []string{"", "garbage", "Sampled=1", "Self=1-2-3;Parent=4"} {
		if ids := traceIDs(context.WithValue(t.Context(), xrayKey{}, header)); len(ids) != 0 {
			t.Errorf("%q: got %v", header, ids)
		}
	}
}

// With and WithGroup keep the ids, at the top level.
func TestIDsStayAtTheTop(t *testing.T) {
	var out strings.Builder
	logger := slog.New(contextHandler{top: slog.NewJSONHandler(&out, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}), attrs: traceIDs})
	grouped := logger.With("a", 1).WithGroup("g").With("b", 2)
	grouped.WithGroup("h").InfoContext(withSpan(t.Context()), "m", "c", 3)
	grouped.WithGroup("i").InfoContext(withSpan(t.Context()), "m", "d", 4) // a branch of its own
	grouped.Info("no trace")
	want := `{"level":"INFO","msg":"m","a":1,` + spanIDs + `,"g":{"b":2,"h":{"c":3}}}
{"level":"INFO","msg":"m","a":1,` + spanIDs + `,"g":{"b":2,"i":{"d":4}}}
{"level":"INFO","msg":"no trace","a":1,"g":{"b":2}}
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

// The handler is one by the rules of log/slog.
func TestContextHandlerConforms(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return contextHandler{top: slog.NewJSONHandler(&out, nil), attrs: traceIDs}
	}, func(t *testing.T) map[string]any {
		var event map[string]any
		if err := json.Unmarshal(out.Bytes(), &event); err != nil {
			t.Fatal(err)
		}
		return event
	})
}
