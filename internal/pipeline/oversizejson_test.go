package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// matching returns how many events FilterLogEvents finds.
func matching(f *testkit.Fixture, pattern string) (n int) {
	f.T.Helper()
	c := cloudwatchlogs.NewFromConfig(f.Server.Config())
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(c, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String(testkit.Group), FilterPattern: &pattern, StartTime: aws.Int64(0),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(f.T.Context())
		if err != nil {
			f.T.Fatal(err)
		}
		n += len(page.Events)
	}
	return n
}

// TestAlarmsSeeLargeRecords: an oversize record matches the filter patterns that it would
// match as a whole, whatever way it comes.
func TestAlarmsSeeLargeRecords(t *testing.T) {
	body := strings.Repeat("GET /api/v1/orders/1234 \"200\" 1.2ms\n", 1_200_000/36)
	attrs := []any{slog.Group("req", "status", 500, "path", "/orders"), slog.String("body", body), slog.Bool("last", true)}
	var line bytes.Buffer
	slog.New(slog.NewJSONHandler(&line, nil)).Error("payment failed", attrs...)
	asJSON := func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) }
	ways := []struct {
		name   string
		format cloudwatch.Format
		log    func(f *testkit.Fixture)
	}{
		{"a record", cloudwatch.JSON, func(f *testkit.Fixture) { f.Log.Error("payment failed", attrs...) }},
		{"a record of another handler", cloudwatch.Using(asJSON), func(f *testkit.Fixture) { f.Log.Error("payment failed", attrs...) }},
		{"Append", nil, func(f *testkit.Fixture) {
			f.Append(time.Now(), slog.LevelError, bytes.TrimSpace(line.Bytes()))
		}},
		{"a line", nil, func(f *testkit.Fixture) { f.W.Write(line.Bytes()) }},
	}
	for _, way := range ways {
		for _, policy := range []cloudwatch.Oversize{cloudwatch.Split, cloudwatch.Truncate} {
			t.Run(fmt.Sprint(way.name, ", ", policy), func(t *testing.T) {
				testkit.Bubble(t, func(t *testing.T) {
					f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Oversize: policy, Format: way.format})
					way.log(f)
					f.FlushWithin(time.Minute)
					events := f.Messages()
					want := 2
					if policy == cloudwatch.Truncate {
						want = 1
					}
					for i, e := range events {
						if !json.Valid([]byte(e)) {
							t.Errorf("event %d is no JSON: %.300s", i, e)
						}
					}
					for pattern, n := range map[string]int{
						`{ $.level = "ERROR" }`:        want,
						`{ $.msg = "payment failed" }`: want,
						`{ $.req.status = 500 }`:       1,
						`{ $.last IS TRUE }`:           1,
						`{ $.level = "INFO" }`:         0,
						`{ $.oversize.part = 1 }`:      want - 1,
						`{ $.oversize.part = 2 }`:      want - 1,
						`{ $.oversize.left_out > 0 }`:  2 - want,
					} {
						if got := matching(f, pattern); got != n {
							t.Errorf("%s matches %d of %d events, want %d", pattern, got, len(events), n)
						}
					}
				})
			})
		}
	}
}

// TestRecordsOf1To8MiB: every part is JSON, and all together are the record.
func TestRecordsOf1To8MiB(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: cloudwatch.JSON, BufferBytes: 256 << 20})
		for i := range 6 {
			var attrs []slog.Attr
			for size := 1<<20 + random.IntN(7<<20); size > 0; {
				n := min(size, 1+random.IntN(1<<(6+random.IntN(17))))
				size -= n
				key := fmt.Sprint("k", len(attrs))
				switch random.IntN(5) {
				case 0:
					attrs = append(attrs, slog.Any(key, slices.Repeat([]any{1.5, "x", nil}, n/12)))
				case 1:
					attrs = append(attrs, slog.Group(key, "a", pieces(random, n), "b", n))
				case 2:
					attrs = append(attrs, slog.Any(key, map[string]any{"<html>&/~": []string{"x", pieces(random, n)}}))
				default:
					attrs = append(attrs, slog.String(key, pieces(random, n)))
				}
			}
			r := slog.NewRecord(time.Now(), slog.LevelError, "large", 0)
			r.AddAttrs(attrs...)
			whole := slogText(t, func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) }, nil, nil, "", r)
			before := len(f.Messages())
			if err := f.Handle(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			f.FlushWithin(time.Minute)
			events := f.Messages()[before:]
			if err := testkit.CheckParts(clean(whole), 1_048_550, cloudwatch.Split, events); err != nil {
				t.Fatalf("record %d of %d bytes, seed %d: %d events: %v", i, len(whole), seed, len(events), err)
			}
			for n, e := range events {
				part, _ := testkit.Decode(e).(map[string]any)
				if part["level"] != "ERROR" || part["msg"] != "large" || part["time"] == nil || n == 0 && part["k0"] == nil && len(whole) < 16<<20 {
					t.Errorf("record %d, event %d of %d begins with %.200s", i, n, len(events), e)
				}
			}
		}
	})
}

// TestRestampedParts: also parts whose time the service does not take stay JSON.
func TestRestampedParts(t *testing.T) {
	for _, most := range []int{0, 10_000} {
		testkit.Bubble(t, func(t *testing.T) {
			f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: cloudwatch.JSON, MaxEventBytes: most})
			r := slog.NewRecord(time.Now().Add(-30*24*time.Hour), slog.LevelError, "old", 0)
			r.AddAttrs(slog.String("a", strings.Repeat("0123456789", 200_000)))
			if err := f.Handle(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			f.FlushWithin(time.Minute)
			var parts []string
			for _, e := range f.Messages() {
				o, _ := testkit.Decode(e).(map[string]any)
				if len(e) > 1_048_550 || o["level"] != "ERROR" {
					t.Fatalf("got %d bytes, %.200s", len(e), e)
				}
				if most > 0 && o["restamped"] == nil {
					t.Fatalf("no mark in …%s", e[len(e)-100:])
				}
				delete(o, "restamped")
				again, _ := json.Marshal(o)
				parts = append(parts, string(again))
			}
			got, err := testkit.Restore(parts)
			if whole, _ := got.(map[string]any); err != nil || whole["a"] != strings.Repeat("0123456789", 200_000) {
				a, _ := whole["a"].(string)
				t.Errorf("at most %d: %d parts make %d bytes: %.300v, %v", most, len(parts), len(a), got, err)
			}
			if s := f.Stats(); s.Restamped != int64(len(parts)) {
				t.Errorf("%d of %d parts restamped", s.Restamped, len(parts))
			}
		})
	}
}

// The parts of a record stay together, whatever other goroutines log.
func TestPartsOfARecordStayTogether(t *testing.T) {
	f := testkit.NewOn(t, cloudwatchtest.Start(t), cloudwatch.Options{LogStream: testkit.Stream, MaxEventBytes: 1000, Format: cloudwatch.JSON})
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for range 50 {
				if g%2 == 0 {
					f.Log.Error("large", "body", strings.Repeat("x", 10_000))
					continue
				}
				f.Log.Info("small")
				if err := f.Append(time.Time{}, slog.LevelError, []byte(strings.Repeat("text ", 2000))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	f.FlushWithin(time.Minute)
	id := regexp.MustCompile(`"id":"([0-9a-f]{8})","part":|\[event ([0-9a-f]{8}) part`)
	ended, current := make(map[string]bool), ""
	for _, message := range f.Messages() {
		next := ""
		if found := id.FindStringSubmatch(message); found != nil {
			next = found[1] + found[2]
		}
		if next != current {
			ended[current] = true
			if next != "" && ended[next] {
				t.Fatalf("event %s goes on after %.80q", next, message)
			}
		}
		current = next
	}
	if len(ended) < 200 {
		t.Errorf("%d events, want at least 200", len(ended))
	}
}
