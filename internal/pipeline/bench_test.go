package pipeline_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// accepting is a service that takes everything. What is measured beside it is
// our side alone: encode, batch, sign, send.
var accepting = testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	r.Body.Close()
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amzn-Requestid": {"r"}},
		Body:    io.NopCloser(strings.NewReader("{}")),
		Request: r,
	}, nil
})

// BenchmarkLog logs and delivers records of six attributes, beside slog's own
// handler that writes to io.Discard.
func BenchmarkLog(b *testing.B) {
	b.Run("slog.JSONHandler to io.Discard", func(b *testing.B) {
		benchmarkLog(b, slog.NewJSONHandler(io.Discard, nil))
	})
	kinds := []struct {
		name  string
		opts  cloudwatch.Options
		spool bool
	}{
		{name: "JSON", opts: cloudwatch.Options{Format: cloudwatch.JSON}},
		{name: "Text", opts: cloudwatch.Options{Format: cloudwatch.Text}},
		{name: "Pattern", opts: cloudwatch.Options{Format: cloudwatch.Pattern("{time} : {level} - {message}")}},
		{name: "JSON, spool hot", opts: cloudwatch.Options{SpoolOptions: cloudwatch.SpoolOptions{RAM: "/dev/shm"}}, spool: true},
		{name: "JSON, spool direct", opts: cloudwatch.Options{SpoolOptions: cloudwatch.SpoolOptions{Direct: true}}, spool: true},
	}
	for _, k := range kinds {
		b.Run(k.name+" delivered", func(b *testing.B) {
			if k.spool {
				k.opts.Spool = b.TempDir()
			}
			k.opts.OnFull = cloudwatch.Block
			k.opts.BufferBytes = 16 << 20
			k.opts.Config = &aws.Config{
				Region:     "us-east-1",
				HTTPClient: &http.Client{Transport: accepting},
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "AK", SecretAccessKey: "s"}, nil
				}),
			}
			h, err := cloudwatch.NewHandler(testkit.Group, &k.opts)
			if err != nil {
				b.Fatal(err)
			}
			benchmarkLog(b, h)
			if err := h.Close(); err != nil {
				b.Fatal(err)
			}
			if s := h.Stats(); s.Delivered != s.Accepted {
				b.Fatalf("%+v", s)
			}
		})
	}
}

func benchmarkLog(b *testing.B, h slog.Handler) {
	log := slog.New(h)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		logRequest(ctx, log)
	}
}

func logRequest(ctx context.Context, log *slog.Logger) {
	log.LogAttrs(ctx, slog.LevelInfo, "request handled",
		slog.String("method", "GET"), slog.String("path", "/api/v1/orders/1234"), slog.Int("status", 200),
		slog.Duration("took", 1234567*time.Nanosecond), slog.String("remote", "192.0.2.17:51234"), slog.Bool("cached", false))
}

// BenchmarkHandle is the log call alone: the event goes into the buffer and
// waits there.
func BenchmarkHandle(b *testing.B) {
	b.Run("slog.JSONHandler to io.Discard", func(b *testing.B) {
		benchmarkLog(b, slog.NewJSONHandler(io.Discard, nil))
	})
	b.Run("JSON", func(b *testing.B) {
		srv := cloudwatchtest.New()
		defer srv.Close()
		cfg := srv.Config()
		h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
			Config: &cfg, LogStream: testkit.Stream, BufferBytes: 1 << 20, OnFull: cloudwatch.DropOldest, CloseTimeout: time.Millisecond,
		})
		if err != nil {
			b.Fatal(err)
		}
		srv.Inject(cloudwatchtest.Fault{Hang: true})
		benchmarkLog(b, h)
		h.Close()
	})
	b.Run("nothing", func(b *testing.B) { benchmarkLog(b, nothing{}) })
}

// nothing is a handler that does nothing: what package slog costs by itself.
type nothing struct{ slog.Handler }

func (nothing) Enabled(context.Context, slog.Level) bool  { return true }
func (nothing) Handle(context.Context, slog.Record) error { return nil }

// BenchmarkLogCall is the log call alone, with and without a spool: what is logged is
// delivered now and then, outside of what is measured.
func BenchmarkLogCall(b *testing.B) {
	run := func(name string, h slog.Handler, flush func(context.Context) error) {
		b.Run(name, func(b *testing.B) {
			log := slog.New(h)
			b.ReportAllocs()
			for n := range b.N {
				if n%4000 == 0 {
					b.StopTimer()
					if err := flush(b.Context()); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				logRequest(b.Context(), log)
			}
		})
	}
	file, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	run("slog.JSONHandler to a file", slog.NewJSONHandler(file, nil), func(context.Context) error { return nil })
	for _, k := range []struct {
		name  string
		spool bool
		opts  cloudwatch.SpoolOptions
	}{
		{name: "no spool"},
		{"spool hot", true, cloudwatch.SpoolOptions{RAM: "/dev/shm"}},
		{"spool direct", true, cloudwatch.SpoolOptions{Direct: true}},
	} {
		o := cloudwatch.Options{SpoolOptions: k.opts}
		o.Config = &aws.Config{Region: "us-east-1", HTTPClient: &http.Client{Transport: accepting}, Credentials: aws.AnonymousCredentials{}}
		if k.spool {
			o.Spool = filepath.Join(b.TempDir(), "spool")
		}
		h, err := cloudwatch.NewHandler("g", &o)
		if err != nil {
			b.Fatal(err)
		}
		run(k.name, h, h.Flush)
		if err := h.Close(); err != nil {
			b.Error(err)
		}
	}
}

// BenchmarkWrite is a Write of a line alone: the event goes into the buffer and waits there.
func BenchmarkWrite(b *testing.B) {
	line := []byte(`{"time":"2026-11-22T12:00:00.123456789+01:00","level":"INFO","msg":"request handled","method":"GET","path":"/api/v1/orders/1234","status":200,"took":1234567,"remote":"192.0.2.17:51234","cached":false}` + "\n")
	kinds := []struct {
		name string
		opts cloudwatch.WriterOptions
		text []byte
	}{
		{"a line", cloudwatch.WriterOptions{}, line},
		{"a message", cloudwatch.WriterOptions{Framing: cloudwatch.EventPerWrite}, line},
		{"ReadJSON", cloudwatch.WriterOptions{ReadJSON: true}, line},
		{"20 lines", cloudwatch.WriterOptions{}, bytes.Repeat(line, 20)},
	}
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			srv := cloudwatchtest.New()
			defer srv.Close()
			cfg := srv.Config()
			h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
				Config: &cfg, LogStream: testkit.Stream, BufferBytes: 1 << 20, OnFull: cloudwatch.DropOldest, CloseTimeout: time.Millisecond,
			})
			if err != nil {
				b.Fatal(err)
			}
			srv.Inject(cloudwatchtest.Fault{Hang: true})
			w := h.WriterWith(k.opts)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Write(k.text); err != nil {
					b.Fatal(err)
				}
			}
			h.Close()
		})
	}
}
