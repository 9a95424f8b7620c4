package endpoint

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// One request does not read everything: a search with few matches has pages with few events or
// none, and finds all in the end.
func TestPageScanIsBounded(t *testing.T) {
	store := logstore.NewMemory()
	if err := store.CreateGroup(logstore.Group{Name: "g"}); err != nil {
		t.Fatal(err)
	}
	if err := store.CreateStream("g", "s", 0); err != nil {
		t.Fatal(err)
	}
	const size = maxScanBytes/16 - logstore.Overhead // 16 events per page without matches
	for i := range 40 {
		event := logstore.NewEvent{Timestamp: int64(i), Message: fmt.Sprintf("%02d", i) + strings.Repeat("x", size-2)}
		if _, err := store.Append("g", "s", 0, []logstore.NewEvent{event}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		find     string
		backward bool
		want     []string // pages
	}{
		{"nothing", false, []string{"", "", ""}},
		{"00 14 15 39", false, []string{"00 14", "15", "39"}}, // a page holds 1 MB
		{"01 25", false, []string{"01", "25", ""}},
		{"01 25", true, []string{"25", "", "01"}},
		{"nothing", true, []string{"", "", ""}},
	} {
		p := pager{
			limit: 10,
			match: func(message string) bool { return strings.Contains(tt.find, message[:2]) },
			Range: logstore.Range{Group: "g", To: logstore.End(), Backward: tt.backward},
		}
		var got []string
		for more := true; more; {
			page, err := p.collect(&call{ctx: t.Context(), store: store})
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, e := range page.events {
				found = append(found, e.Message[:2])
			}
			got = append(got, strings.Join(found, " "))
			if more = page.more; tt.backward {
				p.To = page.next
			} else {
				p.From = page.next
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s, backward %v: %q, want %q", tt.find, tt.backward, got, tt.want)
		}
	}
}
