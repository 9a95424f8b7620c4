package deliver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func TestNextAttempt(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	rows := []struct {
		name    string
		trouble failureState
		calm    time.Duration // until the next request
		awaited time.Duration // the same while a caller waits
	}{
		{"none", failureState{}, 0, 0},
		{"short", failureState{backoff: 300 * time.Millisecond}, 300 * time.Millisecond, 300 * time.Millisecond},
		{"long", failureState{backoff: time.Minute}, time.Minute, time.Second},
		{"throttled once", failureState{backoff: time.Minute, throttling: true, failures: 1}, time.Minute, time.Second},
		{"throttled twice", failureState{backoff: time.Minute, throttling: true, failures: 2}, time.Minute, 2 * time.Second},
		{"throttled often", failureState{backoff: time.Minute, throttling: true, failures: 9}, time.Minute, 4 * time.Second},
		{"throttled briefly", failureState{backoff: time.Second, throttling: true}, time.Second, time.Second},
		{"server hint", failureState{backoff: time.Minute, serverHint: true}, time.Minute, time.Minute},
		{"server hint with throttling", failureState{backoff: time.Minute, serverHint: true, throttling: true}, time.Minute, time.Minute},
	}
	for _, row := range rows {
		row.trouble.failedAt = at
		if got := row.trouble.nextAttempt(false).Sub(at); got != row.calm {
			t.Errorf("%s: next attempt after %v, want %v", row.name, got, row.calm)
		}
		if got := row.trouble.nextAttempt(true).Sub(at); got != row.awaited {
			t.Errorf("%s: next attempt after %v while a caller waits, want %v", row.name, got, row.awaited)
		}
	}
}

func TestRetryAfterHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the fake clock stands at a whole second
		const most = 5 * time.Minute
		date := func(in time.Duration) string { return time.Now().Add(in).UTC().Format(http.TimeFormat) }
		rows := []struct {
			name         string
			ms, standard string // X-Amz-Retry-After, Retry-After
			want         time.Duration
		}{
			{"none", "", "", 0},
			{"seconds", "", "2", 2 * time.Second},
			{"fraction of a second", "", "0.5", 500 * time.Millisecond},
			{"milliseconds", "1500", "", 1500 * time.Millisecond},
			{"both: X-Amz-Retry-After wins", "1500", "100", 1500 * time.Millisecond},
			{"X-Amz-Retry-After is malformed", "soon", "3", 3 * time.Second},
			{"X-Amz-Retry-After is negative", "-1", "3", 0},
			{"zero", "0", "", 0},
			{"zero seconds", "", "0", 0},
			{"negative", "", "-5", 0},
			{"malformed", "x", "tomorrow", 0},
			{"with a unit", "", "5s", 0},
			{"longer than the limit", "", "301", most},
			{"huge", "", "1e300", most},
			{"too large for an integer", "99999999999999999999999", "", most},
			{"huge and negative", "-1e300", "", 0},
			{"infinite", "Inf", "", most},
			{"infinite seconds", "", "+Inf", most},
			{"negative infinity", "", "-Inf", 0},
			{"not a number of milliseconds", "NaN", "", 0},
			{"not a number of seconds", "", "NaN", 0},
			{"a date", "", date(7 * time.Second), 7 * time.Second},
			{"a date far ahead", "", date(240 * time.Hour), most},
			{"a date in the past", "", date(-time.Hour), 0},
			{"now", "", date(0), 0},
			{"a truncated date", "", "Sun, 22 Nov", 0},
		}
		for _, row := range rows {
			err := answerWith(429, row.ms, row.standard)
			shortest, longest := time.Duration(1<<62), time.Duration(0)
			for range 2000 {
				got := hint(err)
				shortest, longest = min(shortest, got), max(longest, got)
			}
			if shortest < row.want || longest > row.want*5/4+1 {
				t.Errorf("%s: %v to %v, want %v plus up to a quarter", row.name, shortest, longest, row.want)
			}
			if spread := row.want / 80; shortest > row.want+spread || longest < row.want*5/4-spread {
				t.Errorf("%s: %v to %v, which is not spread over a quarter", row.name, shortest, longest)
			}
		}
		for _, err := range []error{nil, errors.New("no network"), context.DeadlineExceeded, &smithyhttp.ResponseError{}} {
			if got := hint(err); got != 0 {
				t.Errorf("%v: %v", err, got)
			}
		}
	})
}

// answerWith returns the error of a response with these headers.
func answerWith(status int, ms, standard string) error {
	header := make(http.Header)
	if ms != "" {
		header.Set("X-Amz-Retry-After", ms)
	}
	if standard != "" {
		header.Set("Retry-After", standard)
	}
	response := &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: header}}
	return fmt.Errorf("put: %w", &smithyhttp.ResponseError{Response: response, Err: errors.New("no")})
}

// newWorker returns a worker that is not running.
func newWorker() *Worker {
	return &Worker{
		cfg:  Config{Failed: func(string, error) {}, Refused: func(error) {}, Settled: func() {}, Interval: time.Second},
		pace: newPace(time.Second),
	}
}

// TestBackoffAfterFailures: the delay after failed requests.
func TestBackoffAfterFailures(t *testing.T) {
	plain := errors.New("no")
	rows := []struct {
		name        string
		class       class
		err         error
		least, most time.Duration // of the backoff
		hinted      bool
		awaited     time.Duration // the longest while a caller waits
	}{
		{"network", transient, plain, 0, 200 * time.Millisecond, false, time.Second},
		{"throttled", throttled, plain, 0, 200 * time.Millisecond, false, 4 * time.Second},
		{"environment", environment, plain, 5 * time.Second, 10 * time.Second, false, time.Second},
		{"the server asks for more", transient, answerWith(503, "", "60"), time.Minute, 75 * time.Second, true, 75 * time.Second},
		{"the server asks for less", environment, answerWith(403, "100", ""), 5 * time.Second, 10 * time.Second, false, time.Second},
		{"the server asks for more than the limit", throttled, answerWith(429, "", "86400"), 5 * time.Minute, 375 * time.Second, true, 375 * time.Second},
	}
	for _, row := range rows {
		synctest.Test(t, func(t *testing.T) {
			for range 100 {
				w := newWorker()
				w.failed(answer{op: putLogEvents, err: row.err}, row.class)
				if pause := time.Until(w.nextAttempt(false)); pause < row.least || pause > row.most || w.serverHint != row.hinted {
					t.Fatalf("%s: next attempt after %v, server hint %v; want %v to %v, %v", row.name, pause, w.serverHint, row.least, row.most, row.hinted)
				}
				if pause := time.Until(w.nextAttempt(true)); pause > row.awaited {
					t.Fatalf("%s: next attempt after %v while a caller waits", row.name, pause)
				}
				if bound := w.pace.limit > 0; bound != (row.class == throttled) {
					t.Fatalf("%s: one request every %v", row.name, w.pace.limit)
				}
			}
		})
	}
}

// TestConcurrentFailuresCountOnce: the backoff does not grow with the number of requests in flight.
func TestConcurrentFailuresCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reported := 0
		w := newWorker()
		w.cfg.Failed = func(operation string, err error) { reported++ }
		together := answer{op: putLogEvents, err: errors.New("no"), round: w.round}
		for range 4 {
			w.failed(together, throttled)
		}
		if w.failures != 1 || reported != 4 || w.pace.limit != 2*time.Second {
			t.Errorf("%d failures, %d reported, one request every %v; want 1, 4, 2s", w.failures, reported, w.pace.limit)
		}
		together.round = w.round
		if w.failed(together, throttled); w.failures != 2 {
			t.Errorf("%d failures, want 2", w.failures)
		}
	})
}

// TestSuccessEndsBackoff unless the backoff is for throttling, which concerns another request.
func TestSuccessEndsBackoff(t *testing.T) {
	for _, c := range []class{transient, environment, throttled} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorker()
			for range 3 {
				w.failed(answer{op: putLogEvents, err: answerWith(500, "", "9"), round: w.round}, c)
			}
			w.refusals = 7
			pause := w.backoff
			w.recovered()
			if w.failures != 0 || w.refusals != 0 {
				t.Errorf("class %d: %d failures, %d refusals left", c, w.failures, w.refusals)
			}
			if c != throttled {
				pause = 0
			}
			if w.backoff != pause {
				t.Errorf("class %d: backoff %v, want %v", c, w.backoff, pause)
			}
		})
	}
}
