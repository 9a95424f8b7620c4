package deliver

import (
	"testing"
	"time"
)

// TestDropBudget: ten events at once, and one more every six seconds.
func TestDropBudget(t *testing.T) {
	rows := []struct {
		name  string
		waits []time.Duration // before the events
		want  int             // how many may be dropped
	}{
		{"at once", make([]time.Duration, 100), 10},
		{"one every 6 s", repeat(6*time.Second, 100), 100},
		{"one every 3 s: half of them, after the first ten", repeat(3*time.Second, 100), 59},
		{"after a long time: no larger burst", append(repeat(0, 15), append([]time.Duration{24 * time.Hour}, repeat(0, 99)...)...), 20},
		{"6 s after the budget was used up", append(repeat(0, 20), 6*time.Second, 0), 11},
		{"a little less than 6 s", append(repeat(0, 20), 6*time.Second-1, 0), 10},
		{"denied requests are free", append(repeat(0, 1000), 6*time.Second), 11},
		{"one every second", append(repeat(0, 10), repeat(time.Second, 61)...), 20},
	}
	for _, row := range rows {
		var a budget
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		got := 0
		for _, wait := range row.waits {
			now = now.Add(wait)
			if a.take(now) {
				got++
			}
		}
		if got != row.want {
			t.Errorf("%s: %d events may be dropped, want %d", row.name, got, row.want)
		}
	}
}

func repeat(d time.Duration, n int) (list []time.Duration) {
	for range n {
		list = append(list, d)
	}
	return list
}
