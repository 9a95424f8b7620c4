package cloudwatch_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// The handler beside other handlers and under other loggers.

func TestAsDefaultLogger(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream, Format: cloudwatch.JSON})
		slogBefore, logBefore, flagsBefore := slog.Default(), log.Writer(), log.Flags()
		defer func() {
			slog.SetDefault(slogBefore)
			log.SetOutput(logBefore)
			log.SetFlags(flagsBefore)
		}()
		slog.SetDefault(f.log)
		slog.Warn("from slog", "n", 1)
		log.Print("from log")
		slog.NewLogLogger(f.Handler, slog.LevelError).Print("from a log.Logger")
		f.flush(time.Second)
		got := strings.Join(f.srv.Messages(group, stream), "\n")
		for _, want := range []string{
			`"level":"WARN","msg":"from slog","n":1}`,
			`"level":"INFO","msg":"from log"}`,
			`"level":"ERROR","msg":"from a log.Logger"}`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s is missing in\n%s", want, got)
			}
		}
	})
}

func TestWriterUnderLog(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream})
		logger := log.New(f.writer, "app: ", 0)
		logger.Print("one")
		logger.Print("two\nlines\n\nand a blank one")
		fmt.Fprint(f.writer, "par", "tial", " line\r\nnext")
		io.WriteString(f.writer, "\n")
		f.flush(time.Second)
		f.wantMessages("app: one", "app: two", "lines", "and a blank one", "partial line", "next")
		if s := f.Stats(); s.Dropped != (cloudwatch.Dropped{Empty: 1}) {
			t.Errorf("dropped %+v", s.Dropped)
		}
	})
}

func TestInvalidTextIsRepaired(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream})
		f.writer.Write([]byte("caf\xe9 \xf0\x9f\x98 \x00\x1b[31m \"q\" \\ \u2028 é 😀\n"))
		f.flush(time.Second)
		f.wantMessages("caf\ufffd \ufffd\ufffd\ufffd \x00\x1b[31m \"q\" \\ \u2028 é 😀")
	})
}

func TestLevels(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var level slog.LevelVar
		f := newFixture(t, cloudwatch.Options{LogStream: stream, Level: &level})
		f.log.Debug("no")
		f.log.Info("yes")
		level.Set(slog.LevelError)
		f.log.Warn("no")
		f.log.Error("yes, too")
		level.Set(slog.LevelDebug)
		f.log.Debug("now")
		f.flush(time.Second)
		f.wantMessages("yes", "yes, too", "now")
	})
}

// A transport that logs each request through the handler it serves would feed
// itself for ever.
func TestDeliveryDoesNotLogToItself(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		cfg := srv.Config()
		var logger *slog.Logger
		inner := srv.Client()
		cfg.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			logger.InfoContext(r.Context(), "sending")
			return inner.Do(r)
		})}
		f := newFixtureOn(t, srv, cloudwatch.Options{LogStream: stream, Config: &cfg})
		logger = f.log
		want := f.logged(1)
		time.Sleep(time.Minute)
		f.wantMessages(want...)
	})
}

// The SDK logs every request and answer through slog or log, and that is us. Its
// loggers know no context.
func TestSDKThatLogsToUs(t *testing.T) {
	rows := map[string]func(f *fixture) logging.LoggerFunc{
		"slog": func(f *fixture) logging.LoggerFunc {
			return func(_ logging.Classification, format string, args ...any) {
				f.log.Debug(fmt.Sprintf(format, args...))
			}
		},
		"log": func(f *fixture) logging.LoggerFunc {
			logger := log.New(f.writer, "", 0)
			return func(_ logging.Classification, format string, args ...any) { logger.Printf(format, args...) }
		},
	}
	for name, adapter := range rows {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var logger logging.LoggerFunc
				var calls atomic.Int64
				srv := cloudwatchtest.New()
				cfg := srv.Config()
				cfg.ClientLogMode = aws.LogRequestWithBody | aws.LogResponseWithBody | aws.LogSigning | aws.LogRetries
				cfg.Logger = logging.LoggerFunc(func(c logging.Classification, format string, args ...any) {
					calls.Add(1)
					logger(c, format, args...)
				})
				f := newFixtureOn(t, srv, cloudwatch.Options{LogStream: stream, Config: &cfg, Level: slog.LevelDebug})
				logger = adapter(f)
				want := f.logged(1)
				time.Sleep(time.Minute)
				want = append(want, f.logged(1)...)
				time.Sleep(time.Minute)
				f.wantMessages(want...)
				if n := f.srv.RequestCount(""); n > 6 || // the stream and the group are made, and two requests for two events
					calls.Load() == 0 {
					t.Errorf("%d requests, %d calls of the logger", n, calls.Load())
				}
			})
		})
	}
}

// LogValue runs in the log call, outside every lock: it may log.
type talkative struct{ log *slog.Logger }

func (v talkative) LogValue() slog.Value {
	v.log.Info("inner")
	return slog.StringValue("value")
}

func TestLogValueMayLog(t *testing.T) {
	formats := map[string]cloudwatch.Format{
		"JSON": cloudwatch.JSON, "Text": cloudwatch.Text, "Pattern": cloudwatch.Pattern("{message}"),
		"Using": cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }),
	}
	for name, format := range formats {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := newFixture(t, cloudwatch.Options{LogStream: stream, Format: format})
				f.log.Info("outer", "v", talkative{f.log})
				f.flush(time.Second)
				if got := f.srv.Messages(group, stream); len(got) != 2 || !strings.Contains(got[0], "inner") || !strings.Contains(got[1], "outer") {
					t.Errorf("got %q", got)
				}
			})
		})
	}
}

// What the default format sends is what slog.JSONHandler writes.
func TestJSONEqualsSlog(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream, Format: cloudwatch.JSON, AddSource: true})
		var plain bytes.Buffer
		record := slog.NewRecord(time.Now(), slog.LevelWarn, "m \"q\" <&> \u2028", 0)
		record.Add("a", 1, slog.Group("g", "b", []string{"x"}, "err", io.EOF), "d", time.Second)
		for _, h := range []slog.Handler{f.Handler, slog.NewJSONHandler(&plain, &slog.HandlerOptions{AddSource: true})} {
			h = h.WithAttrs([]slog.Attr{slog.Int("x", 1)}).WithGroup("y")
			if err := h.Handle(context.Background(), record); err != nil {
				t.Fatal(err)
			}
		}
		f.flush(time.Second)
		f.wantMessages(strings.TrimSuffix(plain.String(), "\n"))
	})
}
