package deliver

import (
	"testing"
	"time"
)

func paced(interval time.Duration) *pace {
	p := newPace(interval)
	return &p
}

var pacedAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestPaceHasNoLimitWithoutThrottling(t *testing.T) {
	p := paced(time.Second)
	now := pacedAt
	for range 100 {
		if free := p.nextStart(false); now.Before(free) {
			t.Fatalf("the next request may start in %v", free.Sub(now))
		}
		p.started(now)
		p.answered()
		now = now.Add(time.Millisecond)
	}
	if p.limit != 0 {
		t.Errorf("one request every %v", p.limit)
	}
}

// TestThrottledHalvesTheRate starts from the current rate and ends at slowest.
func TestThrottledHalvesTheRate(t *testing.T) {
	rows := []struct {
		name     string
		interval time.Duration // Config.Interval
		requests time.Duration // time between requests before
		n        int
		want     []time.Duration // mean time between requests after each throttling
	}{
		{"first request: the rate of the interval", time.Second, time.Second, 1, []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 20 * time.Second, 20 * time.Second}},
		{"after many fast requests", time.Second, 100 * time.Millisecond, 300, []time.Duration{200 * time.Millisecond, 400 * time.Millisecond}},
		{"very fast requests: from shortestInterval", time.Second, time.Microsecond, 300, []time.Duration{20 * time.Millisecond}},
		{"long gaps do not count", time.Second, time.Hour, 300, []time.Duration{2 * time.Second}},
		{"a long interval: no longer than 20 s", 15 * time.Second, 15 * time.Second, 1, []time.Duration{20 * time.Second, 20 * time.Second}},
		{"a short interval", 10 * time.Millisecond, 10 * time.Millisecond, 1, []time.Duration{20 * time.Millisecond, 40 * time.Millisecond, 80 * time.Millisecond, 160 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond}},
	}
	for _, row := range rows {
		p := paced(row.interval)
		now := pacedAt
		for range row.n {
			p.started(now)
			now = now.Add(row.requests)
		}
		for i, want := range row.want {
			p.throttled(now)
			if off := (p.limit - want).Abs(); off > want/100 {
				t.Errorf("%s: throttled %d times: one request every %v, want %v", row.name, i+1, p.limit, want)
			}
			if wait := p.next.Sub(now); wait < 0 || wait > p.limit {
				t.Errorf("%s: the next request may start in %v, of %v", row.name, wait, p.limit)
			}
		}
	}
}

// TestThrottledIsSpread: processes that were throttled together do not retry together.
func TestThrottledIsSpread(t *testing.T) {
	var quarters [4]int
	const n = 4000
	for range n {
		p := paced(time.Second)
		p.throttled(pacedAt)
		quarters[min(4*p.next.Sub(pacedAt)/p.limit, 3)]++
	}
	for i, got := range quarters {
		if got < n/4*3/4 || got > n/4*5/4 {
			t.Errorf("%d of %d retry in quarter %d", got, n, i+1)
		}
	}
}

// TestAnsweredRaisesTheRate by 5 % for each request that started as early as it could, until the
// limit is lifted.
func TestAnsweredRaisesTheRate(t *testing.T) {
	p := paced(time.Second)
	now := pacedAt
	p.throttled(now)
	for n := 0; p.limit > 0; n++ {
		before := p.limit
		now = p.nextStart(false)
		p.started(now)
		if gap := p.next.Sub(now); gap < before*79/100 || gap > before*121/100 {
			t.Fatalf("the next request may start in %v, at one request every %v", gap, before)
		}
		p.answered()
		if want := time.Duration(float64(before) / 1.05); p.limit != want && (p.limit != 0 || want >= shortestInterval) {
			t.Fatalf("one request every %v after %v, want %v", p.limit, before, want)
		}
		if n > 200 {
			t.Fatalf("still one request every %v", p.limit)
		}
	}
	if free := p.nextStart(false); now.Before(free) {
		t.Errorf("without a limit, the next request may start in %v", free.Sub(now))
	}
}

// TestAnsweredKeepsUnusedRate: sending below the limit is no evidence about the quota.
func TestAnsweredKeepsUnusedRate(t *testing.T) {
	p := paced(time.Second)
	now := pacedAt
	p.throttled(now)
	want := p.limit
	for range 100 {
		now = p.nextStart(false).Add(p.limit / 2)
		p.started(now)
		p.answered()
	}
	if p.limit != want {
		t.Errorf("one request every %v, want %v still", p.limit, want)
	}
}

// TestPaceWhileAwaited: while a caller waits, the next request starts soon.
func TestPaceWhileAwaited(t *testing.T) {
	unbound := newPace(time.Minute)
	unbound.started(pacedAt)
	if free := unbound.nextStart(true); !free.IsZero() {
		t.Errorf("without a limit, while a caller waits, it may start at %v", free)
	}
	p := paced(time.Minute)
	now := pacedAt
	p.throttled(now)
	p.started(now)
	if free := p.nextStart(false); free.Sub(now) < 16*time.Second {
		t.Errorf("it may start in %v", free.Sub(now))
	}
	if free := p.nextStart(true); !free.Equal(now.Add(time.Second)) {
		t.Errorf("while a caller waits it may start in %v, want 1s", free.Sub(now))
	}
	p = paced(100 * time.Millisecond)
	p.throttled(now)
	p.started(now)
	if free := p.nextStart(true); !free.Equal(p.next) {
		t.Errorf("it starts %v later because a caller waits", free.Sub(p.next))
	}
}
