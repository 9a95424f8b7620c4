package cloudwatch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// The handler beside other handlers and under other loggers.

func TestAsDefaultLogger(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: cloudwatch.JSON})
		slogBefore, logBefore, flagsBefore := slog.Default(), log.Writer(), log.Flags()
		defer func() {
			slog.SetDefault(slogBefore)
			log.SetOutput(logBefore)
			log.SetFlags(flagsBefore)
		}()
		slog.SetDefault(f.Log)
		slog.Warn("from slog", "n", 1)
		log.Print("from log")
		slog.NewLogLogger(f.Handler, slog.LevelError).Print("from a log.Logger")
		f.FlushWithin(time.Second)
		got := strings.Join(f.Server.Messages(testkit.Group, testkit.Stream), "\n")
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
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		logger := log.New(f.W, "app: ", 0)
		logger.Print("one")
		logger.Print("two\nlines\n\nand a blank one")
		fmt.Fprint(f.W, "par", "tial", " line\r\nnext")
		io.WriteString(f.W, "\n")
		f.FlushWithin(time.Second)
		f.WantMessages("app: one", "app: two", "lines", "and a blank one", "partial line", "next")
		if s := f.Stats(); s.Dropped != (cloudwatch.Dropped{Empty: 1}) {
			t.Errorf("dropped %+v", s.Dropped)
		}
	})
}

func TestInvalidTextIsRepaired(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		f.W.Write([]byte("caf\xe9 \xf0\x9f\x98 \x00\x1b[31m \"q\" \\ \u2028 é 😀\n"))
		f.FlushWithin(time.Second)
		f.WantMessages("caf\ufffd \ufffd\ufffd\ufffd \x00\x1b[31m \"q\" \\ \u2028 é 😀")
	})
}

func TestLevels(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var level slog.LevelVar
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Level: &level})
		f.Log.Debug("no")
		f.Log.Info("yes")
		level.Set(slog.LevelError)
		f.Log.Warn("no")
		f.Log.Error("yes, too")
		level.Set(slog.LevelDebug)
		f.Log.Debug("now")
		f.FlushWithin(time.Second)
		f.WantMessages("yes", "yes, too", "now")
	})
}

// A transport that logs each request through the handler it serves would feed
// itself for ever.
func TestDeliveryDoesNotLogToItself(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		cfg := srv.Config()
		var logger *slog.Logger
		inner := srv.Client()
		cfg.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			logger.InfoContext(r.Context(), "sending")
			return inner.Do(r)
		})}
		f := testkit.NewOn(t, srv, cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg})
		logger = f.Log
		want := f.Logged(1)
		time.Sleep(time.Minute)
		f.WantMessages(want...)
	})
}

// The SDK logs every request and answer through slog or log, and that is us. Its
// loggers know no context.
func TestSDKThatLogsToUs(t *testing.T) {
	rows := map[string]func(f *testkit.Fixture) logging.LoggerFunc{
		"slog": func(f *testkit.Fixture) logging.LoggerFunc {
			return func(_ logging.Classification, format string, args ...any) {
				f.Log.Debug(fmt.Sprintf(format, args...))
			}
		},
		"log": func(f *testkit.Fixture) logging.LoggerFunc {
			logger := log.New(f.W, "", 0)
			return func(_ logging.Classification, format string, args ...any) { logger.Printf(format, args...) }
		},
	}
	for name, adapter := range rows {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				var logger logging.LoggerFunc
				var calls atomic.Int64
				srv := cloudwatchtest.New()
				cfg := srv.Config()
				cfg.ClientLogMode = aws.LogRequestWithBody | aws.LogResponseWithBody | aws.LogSigning | aws.LogRetries
				cfg.Logger = logging.LoggerFunc(func(c logging.Classification, format string, args ...any) {
					calls.Add(1)
					logger(c, format, args...)
				})
				f := testkit.NewOn(t, srv, cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg, Level: slog.LevelDebug})
				logger = adapter(f)
				want := f.Logged(1)
				time.Sleep(time.Minute)
				want = append(want, f.Logged(1)...)
				time.Sleep(time.Minute)
				f.WantMessages(want...)
				if n := f.Server.RequestCount(""); n > 6 || // the stream and the group are made, and two requests for two events
					calls.Load() == 0 {
					t.Errorf("%d requests, %d calls of the logger", n, calls.Load())
				}
			})
		})
	}
}

func TestLogValueMayLog(t *testing.T) {
	formats := map[string]cloudwatch.Format{
		"JSON": cloudwatch.JSON, "Text": cloudwatch.Text, "Pattern": cloudwatch.Pattern("{message}"),
		"Using": cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }),
	}
	for name, format := range formats {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: format})
				f.Log.Info("outer", "v", testkit.Talkative{Log: f.Log})
				f.FlushWithin(time.Second)
				if got := f.Server.Messages(testkit.Group, testkit.Stream); len(got) != 2 || !strings.Contains(got[0], "inner") || !strings.Contains(got[1], "outer") {
					t.Errorf("got %q", got)
				}
			})
		})
	}
}

// What the default format sends is what slog.JSONHandler writes.
func TestJSONEqualsSlog(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: cloudwatch.JSON, AddSource: true})
		var plain bytes.Buffer
		record := slog.NewRecord(time.Now(), slog.LevelWarn, "m \"q\" <&> \u2028", 0)
		record.Add("a", 1, slog.Group("g", "b", []string{"x"}, "err", io.EOF), "d", time.Second)
		for _, h := range []slog.Handler{f.Handler, slog.NewJSONHandler(&plain, &slog.HandlerOptions{AddSource: true})} {
			h = h.WithAttrs([]slog.Attr{slog.Int("x", 1)}).WithGroup("y")
			if err := h.Handle(context.Background(), record); err != nil {
				t.Fatal(err)
			}
		}
		f.FlushWithin(time.Second)
		f.WantMessages(strings.TrimSuffix(plain.String(), "\n"))
	})
}

func TestAppendKeepsTimeAndBytes(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		past := time.Now().Add(-time.Hour)
		for _, e := range []struct {
			at      time.Time
			message string
		}{{past, `{"level":"error","msg":"past"}`}, {time.Time{}, "two\nlines\n"}, {time.Time{}, ""}} {
			if err := f.Append(e.at, slog.LevelDebug, []byte(e.message)); err != nil {
				t.Error(err)
			}
		}
		now := time.Now()
		f.FlushWithin(time.Minute)
		f.WantMessages(`{"level":"error","msg":"past"}`, "two\nlines\n")
		events := f.Server.Events(testkit.Group, testkit.Stream)
		if len(events) != 2 || events[0].Timestamp.UnixMilli() != past.UnixMilli() || events[1].Timestamp.UnixMilli() != now.UnixMilli() {
			t.Errorf("got %v, want one of %v and one of %v", events, past, now)
		}
		if n := f.Stats().Dropped.Empty; n != 1 {
			t.Errorf("%d empty messages counted, want 1", n)
		}
		f.Close()
		if err := f.Append(now, slog.LevelInfo, []byte("late")); !errors.Is(err, cloudwatch.ErrClosed) {
			t.Errorf("after Close: %v, want ErrClosed", err)
		}
		f.CheckAccounting()
	})
}

// The level of a message decides what a full buffer keeps, as that of a record does.
func TestAppendIsAdmittedByLevel(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: 1 << 20})
		testkit.MustCreate(t, f.Server)
		end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		message := []byte(strings.Repeat("x", 200))
		full := 0
		for range 12_000 {
			if errors.Is(f.Append(time.Time{}, slog.LevelDebug, message), cloudwatch.ErrBufferFull) {
				full++
			}
		}
		if full == 0 {
			t.Fatal("the buffer was never full")
		}
		for range 500 {
			if err := f.Append(time.Time{}, slog.LevelError, []byte("error")); err != nil {
				t.Fatal(err)
			}
		}
		end()
		f.FlushWithin(time.Minute)
		errs := 0
		for _, e := range f.Server.Events(testkit.Group, testkit.Stream) {
			if e.Message == "error" {
				errs++
			}
		}
		if errs != 500 {
			t.Errorf("%d of 500 errors are kept", errs)
		}
	})
}

func TestAppendAllocatesNothing(t *testing.T) {
	if testkit.RaceEnabled {
		t.Skip("the race detector allocates")
	}
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{
			LogStream: testkit.Stream, BufferBytes: 8 << 20, OnFull: cloudwatch.DropOldest, CloseTimeout: time.Millisecond,
		})
		f.Server.Inject(cloudwatchtest.Fault{Hang: true})
		message := []byte(`{"level":"info","msg":"request handled","status":200}`)
		now := time.Now()
		log := func() {
			if err := f.Append(now, slog.LevelInfo, message); err != nil {
				t.Fatal(err)
			}
		}
		for range 100_000 { // the first ones fill pools and the buffer
			log()
		}
		if n := testing.AllocsPerRun(100_000, log); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// TestSlogtest runs the rules of testing/slogtest on what arrives at the
// service.
func TestSlogtest(t *testing.T) {
	tests := []struct {
		name   string
		format cloudwatch.Format
		parse  func(text string) (map[string]any, error)
	}{
		{"JSON", cloudwatch.JSON, parseJSON},
		{"Text", cloudwatch.Text, parseText},
		{"Using JSONHandler", cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) }), parseJSON},
		{"Using TextHandler", cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }), parseText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h *cloudwatch.Handler
			var srv *cloudwatchtest.Server
			newHandler := func(t *testing.T) slog.Handler {
				srv = cloudwatchtest.New()
				cfg := srv.Config()
				var err error
				h, err = cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{Config: &cfg, LogStream: testkit.Stream, Format: tt.format})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					h.Close()
					srv.Close()
				})
				return h
			}
			slogtest.Run(t, newHandler, func(t *testing.T) map[string]any {
				if err := h.Flush(context.Background()); err != nil {
					t.Fatal(err)
				}
				messages := srv.Messages(testkit.Group, testkit.Stream)
				if len(messages) != 1 {
					t.Fatalf("%d messages arrived, want 1: %q", len(messages), messages)
				}
				got, err := tt.parse(messages[0])
				if err != nil {
					t.Fatalf("%q: %v", messages[0], err)
				}
				return got
			})
		})
	}
}

func parseJSON(text string) (got map[string]any, err error) {
	err = json.Unmarshal([]byte(text), &got)
	return got, err
}

// parseText reads key=value pairs. A dot in a key begins a group.
func parseText(text string) (map[string]any, error) {
	got := make(map[string]any)
	for text != "" {
		key, rest, err := word(text, "=")
		if err != nil {
			return nil, err
		}
		value, rest, err := word(strings.TrimPrefix(rest, "="), " ")
		if err != nil {
			return nil, err
		}
		text = strings.TrimPrefix(rest, " ")
		in := got
		for {
			group, inner, nested := strings.Cut(key, ".")
			if !nested {
				break
			}
			members, ok := in[group].(map[string]any)
			if !ok {
				members = make(map[string]any)
				in[group] = members
			}
			in, key = members, inner
		}
		in[key] = value
	}
	return got, nil
}

// word returns the word before end, which may be in quotes.
func word(text, end string) (word, rest string, err error) {
	if quoted, err := strconv.QuotedPrefix(text); err == nil {
		word, err = strconv.Unquote(quoted)
		return word, text[len(quoted):], err
	}
	i := strings.Index(text, end)
	if i < 0 && end == "=" {
		return "", "", fmt.Errorf("no value behind %q", text)
	}
	if i < 0 {
		i = len(text)
	}
	return text[:i], text[i:], nil
}
