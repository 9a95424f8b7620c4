package storetest

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

func testExpire(t *testing.T, s logstore.Store) {
	with(t, s, "g", "s", "t")
	with(t, s, "other", "s")
	add(t, s, "other", "s", 1, 5)
	add(t, s, "g", "s", 1, 30, 40)
	add(t, s, "g", "s", 1, 10, 20, 50)
	add(t, s, "g", "t", 1, 15, 35)

	expire := func(before int64, limit, want int, left string) {
		t.Helper()
		n, err := s.Expire("g", before, limit)
		must(t, err)
		same(t, "events removed", n, want)
		same(t, "events left", names(scan(t, s, all("g"))), left)
		bytes, err := s.StoredBytes("g", 0)
		must(t, err)
		same(t, "bytes left", bytes, int64(len(strings.Fields(left))*(4+logstore.Overhead)))
	}
	expire(10, 100, 0, "s@10/4 t@15/7 s@20/5 s@30/2 t@35/8 s@40/3 s@50/6")
	expire(35, 2, 2, "s@20/5 s@30/2 t@35/8 s@40/3 s@50/6")
	expire(35, 100, 2, "t@35/8 s@40/3 s@50/6")
	expire(35, 100, 0, "t@35/8 s@40/3 s@50/6")
	stream, err := s.Stream("g", "s")
	must(t, err)
	same(t, "stream", stream, logstore.Stream{Name: "s", Created: 1, First: 10, Last: 50, LastIngestion: 1, LastNumber: 6, Bytes: 2 * (4 + logstore.Overhead)})
	expire(math.MaxInt64, 100, 3, "")
	same(t, "number after it", add(t, s, "g", "s", 1, 60), 9)
	same(t, "events of another group", len(scan(t, s, all("other"))), 1)
	if _, err := s.Expire("no", 1, 1); err == nil {
		t.Error("no error for a group that does not exist")
	}
}

// Trim removes the earliest events until the size is small enough.
func testTrim(t *testing.T, s logstore.Store) {
	n, err := s.Trim(0, 100)
	must(t, err)
	same(t, "events removed from an empty store", n, 0)

	const each = 2000
	with(t, s, "new", "s")
	with(t, s, "old", "s")
	for i := range int64(400) {
		group := "old"
		if i >= 300 {
			group = "new"
		}
		_, err := s.Append(group, "s", 1, []logstore.NewEvent{{Timestamp: i, Message: fmt.Sprint(i, strings.Repeat("x", each))}})
		must(t, err)
	}
	n, err = s.Trim(1<<30, 100)
	must(t, err)
	same(t, "events removed while there is room", n, 0)
	removed := 0
	for {
		n, err := s.Trim(250*each*12/10, 7)
		must(t, err)
		if n > 7 {
			t.Fatalf("%d events removed at once, more than the limit", n)
		}
		if n == 0 {
			break
		}
		removed += n
	}
	same(t, "newer events", len(scan(t, s, all("new"))), 100)
	left := scan(t, s, all("old"))
	if removed != 300-len(left) || len(left) < 10 || len(left) > 290 || left[0].Time != int64(removed) {
		t.Errorf("%d events removed, %d left", removed, len(left))
	}
}
