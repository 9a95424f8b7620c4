package cloudwatch_test

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
)

// What is logged is huge or odd. The options of the oracle are for events that
// are neither, so these rows check the books by themselves.
func TestFaultMatrixOddEvents(t *testing.T) {
	huge := strings.Repeat("0123456789abcdef", 10<<20/16)
	asJSON := cloudwatch.Options{LogStream: stream, Format: cloudwatch.JSON}
	text := cloudwatch.Options{LogStream: stream}
	with := func(policy cloudwatch.Oversize) cloudwatch.Options {
		return cloudwatch.Options{LogStream: stream, Oversize: policy}
	}
	const most = 1_048_550 // bytes of an event
	for _, row := range []struct {
		recipe int
		event  string
		opts   cloudwatch.Options
		run    func(f *fixture)
	}{
		{38, "a string of 10 MB, Split", with(cloudwatch.Split), func(f *fixture) {
			f.log.Info(huge)
			f.flush(time.Minute)
			got := f.messages()
			if err := checkParts(huge, most, cloudwatch.Split, got); err != nil || len(got) != 11 {
				f.t.Errorf("%d events: %v", len(got), err)
			}
		}},
		{38, "a string of 10 MB, Truncate", with(cloudwatch.Truncate), func(f *fixture) {
			f.log.Info(huge)
			f.flush(time.Minute)
			if err := checkParts(huge, most, cloudwatch.Truncate, f.messages()); err != nil {
				f.t.Error(err)
			}
		}},
		{38, "a string of 10 MB, Drop", with(cloudwatch.Drop), func(f *fixture) {
			err := f.Handle(f.t.Context(), slog.NewRecord(time.Now(), slog.LevelError, huge, 0))
			if !errors.Is(err, cloudwatch.ErrOversize) || f.Stats().Dropped.Oversize != 1 {
				f.t.Errorf("got %v, dropped %+v", err, f.Stats().Dropped)
			}
			want := f.logged(1)
			f.flush(time.Minute)
			f.wantMessages(want...)
			time.Sleep(time.Minute)
			if told := f.srv.Messages(group, stream); len(told) != 2 || !strings.Contains(told[0], `"events":1,"bytes":10485760,`) {
				f.t.Errorf("the stream holds %.300q", told)
			}
		}},
		{38, "100,000 attributes", asJSON, func(f *fixture) {
			attrs := make([]slog.Attr, 100_000)
			for i := range attrs {
				attrs[i] = slog.Int("k", i%10)
			}
			f.wantAsSlog(slog.LevelInfo, "many", attrs...)
		}},
		{38, "NUL, controls, invalid UTF-8, lone surrogates", asJSON, func(f *fixture) {
			for i, kind := range payloads {
				f.wantAsSlog(slog.LevelInfo, kind.text[:1000], slog.String("a\x00b\xff", kind.text[i:1000+i]))
			}
			f.wantAsSlog(slog.LevelInfo, "\x00", slog.String("\xed\xa0\x80", "\xed\xbf\xbf\xf4\x90\x80\x80"))
		}},
		{38, "deep groups", asJSON, func(f *fixture) {
			inner := slog.Int("innermost", 1)
			for range 1000 {
				inner = slog.Group("g", inner)
			}
			f.wantAsSlog(slog.LevelInfo, "deep", inner)
		}},
		{38, "a LogValuer that never ends", asJSON, func(f *fixture) {
			f.wantAsSlog(slog.LevelInfo, "endless", slog.Any("v", endless{}))
		}},
		{38, "values that panic", asJSON, func(f *fixture) {
			f.wantAsSlog(slog.LevelInfo, "panics", slog.Any("v", panics{}), slog.Any("nil", (*panics)(nil)))
			f.log.Info("panics", "v", panicsInLogValue{}, "after", 1)
			f.flush(time.Minute)
			got := f.messages()
			if last := got[len(got)-1]; !strings.Contains(last, "LogValue panicked") || !strings.Contains(last, `"after":1}`) {
				f.t.Errorf("got %s", last)
			}
		}},
		{38, "a LogValuer that logs", asJSON, func(f *fixture) {
			for range 100 {
				f.log.WithGroup("g").Info("outer", "v", talkative{f.log})
			}
			f.flush(time.Minute)
			all := strings.Join(f.messages(), "")
			if inner, outer := strings.Count(all, `"msg":"inner"}`), strings.Count(all, `"msg":"outer","g":{"v":"value"}}`); inner != 100 || outer != 100 {
				f.t.Errorf("%d and %d events", inner, outer)
			}
		}},
		{38, "a message that is {}", text, func(f *fixture) {
			for _, message := range []string{"{}", "{ }", "{", `{"a":1}`, `{"a":1} `, "[]", "null"} {
				f.Handle(f.t.Context(), slog.NewRecord(time.Now().Add(-15*aDay), slog.LevelInfo, message, 0))
			}
			f.flush(time.Minute)
			note := " [restamped from " + time.Now().Add(-15*aDay).UTC().Format("2006-01-02T15:04:05.000Z") + "]"
			member := `{"a":1,"restamped":"` + strings.Trim(note, " []")[len("restamped from "):] + `"}`
			f.wantMessages("{}"+note, "{ }"+note, "{"+note, member, `{"a":1} `+note, "[]"+note, "null"+note)
		}},
	} {
		t.Run(fmt.Sprintf("%d %s", row.recipe, row.event), func(t *testing.T) {
			inBubble(t, func(t *testing.T) { row.run(newFixture(t, row.opts)) })
		})
	}
}

// wantAsSlog logs a record and checks that the event is what slog writes. Only
// text that would not be valid UTF-8 may differ.
func (f *fixture) wantAsSlog(level slog.Level, message string, attrs ...slog.Attr) {
	f.t.Helper()
	record := slog.NewRecord(time.Now(), level, message, 0)
	record.AddAttrs(attrs...)
	var plain bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&plain, nil), f.Handler} {
		if err := h.Handle(context.Background(), record); err != nil {
			f.t.Fatal(err)
		}
	}
	f.flush(time.Minute)
	got := f.messages()
	if want := repaired(strings.TrimSuffix(plain.String(), "\n")); len(got) == 0 || got[len(got)-1] != want {
		f.t.Errorf("got\n%.1000s, want\n%.1000s", got[len(got)-1:], want)
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
		return cloudwatch.Options{LogStream: stream, Config: &aws.Config{
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
		{40, "the transport logs with the context of the request", cloudwatch.Options{LogStream: stream}, func(c *faultScene) {
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
