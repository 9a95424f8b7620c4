package faulttest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// What is logged is huge or odd. The options of the oracle are for events that
// are neither, so these rows check the books by themselves.
func TestFaultMatrixOddEvents(t *testing.T) {
	huge := strings.Repeat("0123456789abcdef", 10<<20/16)
	asJSON := cloudwatch.Options{LogStream: testkit.Stream, Format: cloudwatch.JSON}
	text := cloudwatch.Options{LogStream: testkit.Stream}
	with := func(policy cloudwatch.Oversize) cloudwatch.Options {
		return cloudwatch.Options{LogStream: testkit.Stream, Oversize: policy}
	}
	const most = 1_048_550 // bytes of an event
	for _, row := range []struct {
		recipe int
		event  string
		opts   cloudwatch.Options
		run    func(f *testkit.Fixture)
	}{
		{38, "a string of 10 MB, Split", with(cloudwatch.Split), func(f *testkit.Fixture) {
			f.Log.Info(huge)
			f.FlushWithin(time.Minute)
			got := f.Messages()
			if err := testkit.CheckParts(huge, most, cloudwatch.Split, got); err != nil || len(got) != 11 {
				f.T.Errorf("%d events: %v", len(got), err)
			}
		}},
		{38, "a string of 10 MB, Truncate", with(cloudwatch.Truncate), func(f *testkit.Fixture) {
			f.Log.Info(huge)
			f.FlushWithin(time.Minute)
			if err := testkit.CheckParts(huge, most, cloudwatch.Truncate, f.Messages()); err != nil {
				f.T.Error(err)
			}
		}},
		{38, "a string of 10 MB, Drop", with(cloudwatch.Drop), func(f *testkit.Fixture) {
			err := f.Handle(f.T.Context(), slog.NewRecord(time.Now(), slog.LevelError, huge, 0))
			if !errors.Is(err, cloudwatch.ErrOversize) || f.Stats().Dropped.Oversize != 1 {
				f.T.Errorf("got %v, dropped %+v", err, f.Stats().Dropped)
			}
			want := f.Logged(1)
			f.FlushWithin(time.Minute)
			f.WantMessages(want...)
			time.Sleep(time.Minute)
			if told := f.Server.Messages(testkit.Group, testkit.Stream); len(told) != 2 || !strings.Contains(told[0], `"events":1,"bytes":10485760,`) {
				f.T.Errorf("the stream holds %.300q", told)
			}
		}},
		{38, "100,000 attributes", asJSON, func(f *testkit.Fixture) {
			attrs := make([]slog.Attr, 100_000)
			for i := range attrs {
				attrs[i] = slog.Int("k", i%10)
			}
			wantAsSlog(f, slog.LevelInfo, "many", attrs...)
		}},
		{38, "NUL, controls, invalid UTF-8, lone surrogates", asJSON, func(f *testkit.Fixture) {
			for i, kind := range payloads {
				wantAsSlog(f, slog.LevelInfo, kind.text[:1000], slog.String("a\x00b\xff", kind.text[i:1000+i]))
			}
			wantAsSlog(f, slog.LevelInfo, "\x00", slog.String("\xed\xa0\x80", "\xed\xbf\xbf\xf4\x90\x80\x80"))
		}},
		{38, "deep groups", asJSON, func(f *testkit.Fixture) {
			inner := slog.Int("innermost", 1)
			for range 1000 {
				inner = slog.Group("g", inner)
			}
			wantAsSlog(f, slog.LevelInfo, "deep", inner)
		}},
		{38, "a LogValuer that never ends", asJSON, func(f *testkit.Fixture) {
			wantAsSlog(f, slog.LevelInfo, "endless", slog.Any("v", endless{}))
		}},
		{38, "values that panic", asJSON, func(f *testkit.Fixture) {
			wantAsSlog(f, slog.LevelInfo, "panics", slog.Any("v", panics{}), slog.Any("nil", (*panics)(nil)))
			f.Log.Info("panics", "v", panicsInLogValue{}, "after", 1)
			f.FlushWithin(time.Minute)
			got := f.Messages()
			if last := got[len(got)-1]; !strings.Contains(last, "LogValue panicked") || !strings.Contains(last, `"after":1}`) {
				f.T.Errorf("got %s", last)
			}
		}},
		{38, "a LogValuer that logs", asJSON, func(f *testkit.Fixture) {
			for range 100 {
				f.Log.WithGroup("g").Info("outer", "v", testkit.Talkative{Log: f.Log})
			}
			f.FlushWithin(time.Minute)
			all := strings.Join(f.Messages(), "")
			if inner, outer := strings.Count(all, `"msg":"inner"}`), strings.Count(all, `"msg":"outer","g":{"v":"value"}}`); inner != 100 || outer != 100 {
				f.T.Errorf("%d and %d events", inner, outer)
			}
		}},
		{38, "a message that is {}", text, func(f *testkit.Fixture) {
			for _, message := range []string{"{}", "{ }", "{", `{"a":1}`, `{"a":1} `, "[]", "null"} {
				f.Handle(f.T.Context(), slog.NewRecord(time.Now().Add(-15*aDay), slog.LevelInfo, message, 0))
			}
			f.FlushWithin(time.Minute)
			note := " [restamped from " + time.Now().Add(-15*aDay).UTC().Format("2006-01-02T15:04:05.000Z") + "]"
			member := `{"a":1,"restamped":"` + strings.Trim(note, " []")[len("restamped from "):] + `"}`
			f.WantMessages("{}"+note, "{ }"+note, "{"+note, member, `{"a":1} `+note, "[]"+note, "null"+note)
		}},
	} {
		t.Run(fmt.Sprintf("%d %s", row.recipe, row.event), func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) { row.run(testkit.New(t, row.opts)) })
		})
	}
}

// wantAsSlog logs a record and checks that the event is what slog writes. Only
// text that would not be valid UTF-8 may differ.
func wantAsSlog(f *testkit.Fixture, level slog.Level, message string, attrs ...slog.Attr) {
	f.T.Helper()
	record := slog.NewRecord(time.Now(), level, message, 0)
	record.AddAttrs(attrs...)
	var plain bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&plain, nil), f.Handler} {
		if err := h.Handle(context.Background(), record); err != nil {
			f.T.Fatal(err)
		}
	}
	f.FlushWithin(time.Minute)
	got := f.Messages()
	if want := repaired(strings.TrimSuffix(plain.String(), "\n")); len(got) == 0 || got[len(got)-1] != want {
		f.T.Errorf("got\n%.1000s, want\n%.1000s", got[len(got)-1:], want)
	}
}

type (
	endless          struct{}
	panics           struct{}
	panicsInLogValue struct{}
)

func (endless) LogValue() slog.Value          { return slog.AnyValue(endless{}) }
func (panics) MarshalJSON() ([]byte, error)   { panic("no JSON today") }
func (panicsInLogValue) LogValue() slog.Value { panic("no value today") }

// All that the program logs goes to us, and so does what the SDK and the HTTP
// client say about our own requests. Not parallel: slog has one default logger.
func TestFaultMatrixRecursion(t *testing.T) {
	slogBefore, logBefore, flagsBefore := slog.Default(), log.Writer(), log.Flags()
	defer func() {
		slog.SetDefault(slogBefore)
		log.SetOutput(logBefore)
		log.SetFlags(flagsBefore)
	}()
	chatty := func(say func(text string)) cloudwatch.Options {
		return cloudwatch.Options{LogStream: testkit.Stream, Config: &aws.Config{
			Logger: logging.LoggerFunc(func(_ logging.Classification, format string, args ...any) {
				say(fmt.Sprintf(format, args...))
			}),
			ClientLogMode: aws.LogRequestWithBody | aws.LogResponseWithBody | aws.LogSigning | aws.LogRetries,
		}}
	}
	viaSlog := func(text string) { slog.Debug(text) }
	viaLog := func(text string) { log.Print(text) }
	runFaults(t, []faultRow{
		{40, "the SDK logs through slog.Default", chatty(viaSlog), func(c *faultScene) { c.defaultLogger(false) }},
		{40, "the SDK logs through log", chatty(viaLog), func(c *faultScene) { c.defaultLogger(false) }},
		{40, "the SDK logs through slog.Default, and all requests fail", chatty(viaSlog), func(c *faultScene) { c.defaultLogger(true) }},
		{40, "the transport logs with the context of the request", cloudwatch.Options{LogStream: testkit.Stream}, func(c *faultScene) {
			c.disturb(func(r *http.Request) (*http.Response, error) {
				slog.DebugContext(r.Context(), "request")
				defer slog.DebugContext(r.Context(), "answer")
				return c.net.endpoint.RoundTrip(r)
			})
			c.defaultLogger(false)
		}},
	})
}

// defaultLogger lets ten minutes pass with little to log. The oracle finds any
// event that is not of the row.
func (c *faultScene) defaultLogger(failing bool) {
	slog.SetDefault(slog.New(c.Handler))
	end := func() {}
	if failing {
		end = c.inject(cloudwatchtest.Fault{Error: cloudwatchtest.InternalFailure()})
	}
	before := c.Stats()
	c.logs(c.loggers[0], 10, time.Minute)
	if failing {
		c.wantFew(100, before)
		c.wantKept(10)
	} else {
		c.wantFew(10+4, before) // at first, log stream and log group are missing
	}
	end()
	c.delivered(10)
}
