package deliver

import (
	"testing"
	"time"
)

// TestAllowance: ten events at once, and one more every six seconds.
func TestAllowance(t *testing.T) {
	rows := []struct {
		name  string
		waits []time.Duration // before the events
		want  int             // how many may be given up
	}{
		{"at once", make([]time.Duration, 100), 10},
		{"one each 6 s", repeat(6*time.Second, 100), 100},
		{"one each 3 s: half of them, but for the first", repeat(3*time.Second, 100), 59},
		{"after a long time no more at once than before", append(repeat(0, 15), append([]time.Duration{24 * time.Hour}, repeat(0, 99)...)...), 20},
		{"6 s after it was used up", append(repeat(0, 20), 6*time.Second, 0), 11},
		{"a little less", append(repeat(0, 20), 6*time.Second-1, 0), 10},
		{"asking does not cost", append(repeat(0, 1000), 6*time.Second), 11},
		{"little by little", append(repeat(0, 10), repeat(time.Second, 61)...), 20},
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
			t.Errorf("%s: %d events may be given up, want %d", row.name, got, row.want)
		}
	}
}

func repeat(d time.Duration, n int) (list []time.Duration) {
	for range n {
		list = append(list, d)
	}
	return list
}
