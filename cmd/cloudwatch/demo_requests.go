package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// webRequest is one of the fictitious web requests that demo logs without input.
type webRequest struct {
	level    slog.Level
	message  string
	method   string
	path     string
	status   int
	duration time.Duration
}

// Requests arrive in bursts, as in practice, which shows in the times of the events.
const (
	demoBursts    = 10
	demoBurstSize = 2000
	demoPause     = 50 * time.Millisecond
)

// logRequests logs 20,000 web requests in about half a second and returns the time spent in log
// calls. The requests are the same in every run.
func logRequests(ctx context.Context, log *slog.Logger) (spent time.Duration) {
	rnd := rand.New(rand.NewPCG(1, 2)) // this seed has a warning and an error among the last ten
	for burst := range demoBursts {
		if burst > 0 {
			time.Sleep(demoPause)
		}
		var requests [demoBurstSize]webRequest
		for i := range requests {
			requests[i] = newRequest(rnd)
		}
		began := time.Now()
		for _, r := range requests {
			log.LogAttrs(ctx, r.level, r.message,
				slog.String("method", r.method),
				slog.String("path", r.path),
				slog.Int("status", r.status),
				slog.Int64("ms", r.duration.Milliseconds()))
		}
		spent += time.Since(began)
	}
	return spent
}

// newRequest returns a random request: some paths are popular, a few requests fail, and those that
// time out are slow.
func newRequest(rnd *rand.Rand) webRequest {
	r := webRequest{level: slog.LevelInfo, message: "request", method: "GET", status: 200}
	switch n := rnd.IntN(100); {
	case n < 35:
		r.path = "/"
	case n < 60:
		r.path = fmt.Sprintf("/articles/%d", 1+rnd.IntN(400))
	case n < 75:
		r.path = "/static/app.js"
	case n < 85:
		r.path = "/search"
	case n < 92:
		r.method, r.path, r.status = "POST", "/cart", 201
	default:
		r.method, r.path = "POST", "/checkout"
	}
	r.duration = time.Duration(2+rnd.ExpFloat64()*15) * time.Millisecond
	switch n := rnd.IntN(1000); {
	case n < 4:
		r.level, r.message, r.status = slog.LevelError, "timed out", 504
		r.method, r.path = "POST", "/checkout"
		r.duration = 5*time.Second + time.Duration(rnd.IntN(90))*time.Millisecond
	case n < 9:
		r.level, r.message, r.status = slog.LevelError, "request failed", 500
	case n < 40:
		r.level, r.message, r.status = slog.LevelWarn, "not found", 404
		r.method, r.path = "GET", "/wp-login.php"
	case n < 90 && r.method == "GET":
		r.status = 304
	}
	return r
}
