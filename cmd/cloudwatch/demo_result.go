package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
)

// result is the output of demo. Its JSON names are an interface and must not change.
type result struct {
	LogGroup   string `json:"logGroup"`
	LogStream  string `json:"logStream"`
	Logged     int64  `json:"logged"` // without blank lines
	BlankLines int64  `json:"blankLines"`
	Delivered  int64  `json:"delivered"`
	ReadBack   int64  `json:"readBack"`
	Batches    int64  `json:"batches"`
	Requests   int64  `json:"requests"`
	Bytes      int64  `json:"bytes"` // as the service counts them
	// A log call takes so long, and delivering an event so much CPU time of the
	// process, which is also the one that receives it.
	LogCallNanoseconds float64 `json:"logCallNanoseconds"`
	CPUNanoseconds     float64 `json:"cpuNanoseconds,omitempty"`

	Events []shownEvent `json:"events"` // the newest, oldest first
}

type shownEvent struct {
	Time    time.Time `json:"time"`
	Message string    `json:"message"`
}

func newResult(group, stream string, s cloudwatch.Stats, calls, cpu time.Duration) *result {
	logged := s.Accepted - s.Dropped.Empty
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(max(logged, 1)) }
	return &result{
		LogGroup:           group,
		LogStream:          stream,
		Logged:             logged,
		BlankLines:         s.Dropped.Empty,
		Delivered:          s.Delivered,
		Batches:            s.Batches,
		Requests:           s.Requests,
		Bytes:              s.DeliveredBytes,
		LogCallNanoseconds: each(calls),
		CPUNanoseconds:     each(cpu),
		Events:             []shownEvent{},
	}
}

// readBack reads all events of the stream through the API, counts them, and keeps the newest.
func (r *result) readBack(ctx context.Context, client *cloudwatchlogs.Client, keep int) error {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName:   &r.LogGroup,
		LogStreamNames: []string{r.LogStream},
	})
	for pages.HasMorePages() && r.Delivered > 0 {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read back: %w", err)
		}
		r.ReadBack += int64(len(page.Events))
		for _, e := range page.Events[max(0, len(page.Events)-keep):] {
			r.Events = append(r.Events, shownEvent{time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), aws.ToString(e.Message)})
		}
		r.Events = r.Events[max(0, len(r.Events)-keep):]
	}
	return nil
}

// differs reports whether an event was lost.
func (r *result) differs() bool { return r.Logged != r.Delivered || r.Delivered != r.ReadBack }

func (r *result) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *result) writeText(to io.Writer, s style) error {
	w := bufio.NewWriter(to)
	if earlier := r.ReadBack - int64(len(r.Events)); earlier > 0 && len(r.Events) > 0 {
		fmt.Fprintln(w, s.dim("… "+counted(earlier, "earlier event", "earlier events")))
	}
	for _, line := range s.lines(r.Events) {
		fmt.Fprintln(w, line)
	}
	if len(r.Events) > 0 {
		fmt.Fprintln(w)
	}
	field := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s  %s\n", s.dim(fmt.Sprintf("%-10s", name)), fmt.Sprintf(format, args...))
	}
	field("log group", "%s", r.LogGroup)
	field("log stream", "%s", r.LogStream)
	field("logged", "%s", events(r.Logged))
	if r.BlankLines > 0 {
		field("skipped", "%s", counted(r.BlankLines, "blank line", "blank lines"))
	}
	field("delivered", "%s, %s in %s, %s", events(r.Delivered), size(r.Bytes),
		counted(r.Batches, "batch", "batches"), counted(r.Requests, "request", "requests"))
	field("read back", "%s", events(r.ReadBack))
	field("log call", "%s per event", duration(time.Duration(r.LogCallNanoseconds)))
	if r.CPUNanoseconds > 0 {
		field("CPU", "%s per event, including delivery and the endpoint", duration(time.Duration(r.CPUNanoseconds)))
	}
	fmt.Fprintf(w, "\nThe same with your AWS account, from the shell and in Go:\n")
	fmt.Fprintf(w, "  cloudwatch put %s < app.log\n", r.LogGroup)
	fmt.Fprintf(w, "  h, err := cloudwatch.NewHandler(%q, nil)  // then slog.New(h)\n", r.LogGroup)
	return w.Flush()
}
