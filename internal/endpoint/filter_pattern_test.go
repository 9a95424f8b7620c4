package endpoint_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// search returns the messages of each page.
func search(t *testing.T, c *cloudwatchlogs.Client, in cloudwatchlogs.FilterLogEventsInput) (pages [][]string) {
	t.Helper()
	in.LogGroupName = s("g")
	p := cloudwatchlogs.NewFilterLogEventsPaginator(c, &in)
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		must(t, err)
		page := []string{}
		for _, e := range out.Events {
			page = append(page, *e.Message)
		}
		pages = append(pages, page)
	}
	return pages
}

func TestFilterPatterns(t *testing.T) {
	_, c := ready(t)
	lost := `{"time":"2026-11-22T12:00:00.123Z","level":"ERROR","msg":"log events lost","number":1,"reason":"buffer full","events":12}`
	served := `{"level":"INFO","msg":"served","status":200,"took":0.5}`
	failed := `{"level":"WARN","msg":"served","status":502,"took":12}`
	line := `192.0.2.1 - - [10/Oct/2000:13:25:15 -0700] "GET / HTTP/1.0" 404 1534`
	put(t, c, lost, served, failed, line, "ERROR of old")
	for _, tt := range []struct {
		pattern string
		want    []string
	}{
		{``, []string{lost, served, failed, line, "ERROR of old"}},
		{`ERROR`, []string{lost, "ERROR of old"}},
		{`?served ?old -x`, []string{lost, served, failed, line, "ERROR of old"}},
		{`%4\d\d 1534$%`, []string{line}},
		{`{ $.msg = "log events lost" }`, []string{lost}}, // promised in the documents of the library
		{`{ $.status >= 500 || $.took < 1 }`, []string{served, failed}},
		{`[ip, ..., status = 4*, size]`, []string{line}},
		{`nowhere`, nil},
	} {
		pages := search(t, c, cloudwatchlogs.FilterLogEventsInput{FilterPattern: &tt.pattern})
		if got := slices.Concat(pages...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.pattern, got, tt.want)
		}
	}
}

// Pages of a search are as long as its limit allows, in both directions.
func TestFilterPatternPages(t *testing.T) {
	_, c := ready(t)
	shuffled(t, c, 500, "s")
	start := aws.Int64(time.Now().Add(-2 * time.Hour).UnixMilli())
	for _, forward := range []bool{true, false} {
		pages := search(t, c, cloudwatchlogs.FilterLogEventsInput{FilterPattern: s(`%[37]$%`), Limit: aws.Int32(7), StartTime: start, StartFromHead: &forward})
		for i, page := range pages[:len(pages)-1] {
			if len(page) != 7 {
				t.Fatalf("page %d has %d events", i, len(page))
			}
		}
		got := slices.Concat(pages...)
		if !forward {
			slices.Reverse(got)
		}
		if len(got) != 100 || got[0] != "0003" || got[99] != "0497" || !slices.IsSorted(got) {
			t.Errorf("%d events: %v", len(got), got)
		}
	}
}
