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
