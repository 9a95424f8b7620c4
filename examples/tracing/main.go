// Command tracing adds the ids of the current trace to each event: trace_id and span_id of
// OpenTelemetry, xray_trace_id of AWS X-Ray. Log calls pass the context for that, such as
// slog.InfoContext does; an event without a trace has no ids. How a server ends without
// losing events is in examples/shutdown.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	err := run(func(handler http.Handler) error { return http.ListenAndServe("127.0.0.1:8080", handler) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(serve func(http.Handler) error) error {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		OnError: func(err error) { fmt.Fprintln(os.Stderr, err) },
	})
	if err != nil {
		return err
	}
	slog.SetDefault(slog.New(contextHandler{top: h, attrs: traceIDs}))

	err = serve(traced(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slog.InfoContext(r.Context(), "paid", "order", 17)
	})))
	return errors.Join(err, h.Close())
}

// traceIDs returns the ids of the trace that the context is part of.
func traceIDs(ctx context.Context) (ids []slog.Attr) {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() { // OpenTelemetry
		ids = append(ids, slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	header, _ := ctx.Value(xrayKey{}).(string)
	for field := range strings.SplitSeq(header, ";") { // X-Ray, such as "Root=1-67891233-abcdef012345678912345678;Sampled=1"
		if root, ok := strings.CutPrefix(strings.TrimSpace(field), "Root="); ok {
			ids = append(ids, slog.String("xray_trace_id", root))
		}
	}
	return ids
}

type xrayKey struct{}

// traced keeps the trace header of each request in its context.
func traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), xrayKey{}, r.Header.Get("X-Amzn-Trace-Id"))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
