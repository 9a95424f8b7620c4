package main

import (
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

var figures = flag.Int("figures", 20_000, "measure the endpoint with so many `EVENTS`")

// TestServeFigures measures the endpoint as a process, with the real client:
// how fast it takes events in, how fast a search goes through all of them, how
// soon it answers after a start, how much memory it needs. "make endpoint" does
// it with a million events; otherwise it sees to it that all of that works.
func TestServeFigures(t *testing.T) {
	dir := t.TempDir()
	e := launch(t, "--data", dir)
	all, own := e.memory(t)
	t.Logf("idle memory            %s, %s of it its own", size(all), size(own))

	c := client(e.url)
	const streams = 4
	createStreams(t, c, "g", "s0", "s1", "s2", "s3")
	base := time.Now().Add(-time.Hour).UnixMilli()
	var next atomic.Int64
	var wg sync.WaitGroup
	began, cpuClient, cpuServer := time.Now(), cpuTime(), e.cpu(t)
	const batch = 3500 // with 26 bytes for each, nearly a full request
	for w := range streams {
		wg.Go(func() {
			for {
				from := int(next.Add(batch)) - batch
				if from >= *figures {
					return
				}
				in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String(fmt.Sprint("s", w))}
				for i := from; i < min(from+batch, *figures); i++ {
					in.LogEvents = append(in.LogEvents, types.InputLogEvent{
						Timestamp: aws.Int64(base + int64(i)),
						Message:   aws.String(figureMessage(i)),
					})
				}
				if _, err := c.PutLogEvents(t.Context(), in); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	t.Logf("ingest                 %s events of %d bytes in %s: %s/s, through the SDK, on disk", count(int64(*figures)),
		len(figureMessage(1_000_000)), duration(took), count(int64(float64(*figures)/took.Seconds())))
	cpuClient, cpuServer = cpuTime()-cpuClient, e.cpu(t)-cpuServer
	each := func(d time.Duration) string { return duration(d / time.Duration(*figures)) }
	t.Logf("CPU an event           %s of the client, %s of the endpoint: %s/s on two free cores", each(cpuClient), each(cpuServer),
		count(int64(2*float64(*figures)/(cpuClient+cpuServer).Seconds())))
	all, own = e.memory(t)
	t.Logf("memory after it        %s, %s of it its own", size(all), size(own))

	for _, pattern := range figurePatterns {
		search(t, e, c, pattern)
	}
	all, own = e.memory(t)
	t.Logf("memory after searches  %s, %s of it its own", size(all), size(own))
	e.interrupt(t)

	began = time.Now()
	e = launch(t, "--data", dir)
	listens := time.Since(began)
	c = client(e.url)
	out, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s0"), Limit: aws.Int32(10)})
	if err != nil || len(out.Events) != 10 {
		t.Fatalf("%v, %v", out, err)
	}
	t.Logf("start to first answer  %s, listens after %s", duration(time.Since(began)), duration(listens))
	e.interrupt(t)
}

var figurePatterns = []string{`{ $.level = "ERROR" }`, `{ $.ms > 95 && $.path = "/articles/3*" }`, "ERROR", "nothing"}

// search goes through all events.
func search(t *testing.T, e *serveProcess, c *cloudwatchlogs.Client, pattern string) {
	t.Helper()
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g")}
	if pattern != "" {
		in.FilterPattern = &pattern
	}
	began, cpu := time.Now(), e.cpu(t)
	var first time.Duration
	pages, found := 0, 0
	for p := cloudwatchlogs.NewFilterLogEventsPaginator(c, in); p.HasMorePages(); pages++ {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if pages == 0 {
			first = time.Since(began)
		}
		found += len(page.Events)
	}
	t.Logf("search %-40s %s found on %d pages in %s (%s of CPU), first page after %s", pattern, events(int64(found)), pages,
		duration(time.Since(began)), duration(e.cpu(t)-cpu), duration(first))
}

// figureMessage is a message of 250 bytes.
func figureMessage(i int) string {
	level := "INFO"
	if i%1000 == 0 {
		level = "ERROR"
	}
	m := fmt.Sprintf(`{"time":"2026-11-22T12:00:00.000Z","level":"%s","msg":"request","method":"GET","path":"/articles/%d","status":200,"ms":%d,"trace":"%016x","pad":"`, level, i%400, i%97, i)
	return m + strings.Repeat("p", 248-len(m)) + `"}`
}
