package deliver

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Bounds of the wait between two attempts.
const (
	transientBase = 100 * time.Millisecond
	transientMax  = 30 * time.Second
	probeMin      = 5 * time.Second // environment: nothing changes that fast
	probeMax      = 60 * time.Second

	// Quotas of creation are small, 50 log streams a second for a whole account.
	// Thousands of processes that start together have to spread over minutes,
	// with few attempts each.
	createBase = time.Second
	createSlow = 64 * time.Second // the longest but those of
	createMin  = 45 * time.Second // processes that were throttled four times
	createMax  = 90 * time.Second

	// While somebody waits in Flush or Shutdown, pauses are at most this long, and
	// up to four times that when the service throttles.
	hurriedMax = time.Second

	maxHint = 5 * time.Minute // the longest wait a server may ask for
)

// backoff returns how long to wait after the n-th failure in a row, n from 1.
// Transient trouble gets full jitter, so that many processes that failed
// together do not come back together. Anything else is probed slowly.
func backoff(c class, op operation, n int) time.Duration {
	n = min(n, 16) // beyond that the shifts only overflow
	switch {
	case c == throttled && op != putLogEvents:
		if ceiling := createBase << (2 * n); ceiling <= createSlow {
			return rand.N(ceiling)
		}
		return createMin + rand.N(createMax-createMin)
	case c == throttled, c == transient:
		return rand.N(min(transientBase<<n, transientMax))
	default:
		return probeMin + rand.N(min(probeMin<<n, probeMax)-probeMin)
	}
}

// hint returns how long the server asks to wait, 0 if it does not. Processes that
// were told the same must not come back together, so up to a quarter is added.
func hint(err error) time.Duration {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.Response == nil {
		return 0
	}
	header := response.Response.Header
	wait := time.Duration(0)
	if ms, err := strconv.ParseFloat(header.Get("X-Amz-Retry-After"), 64); err == nil {
		wait = time.Duration(min(ms, float64(maxHint.Milliseconds()))) * time.Millisecond
	} else if s, err := strconv.ParseFloat(header.Get("Retry-After"), 64); err == nil {
		wait = time.Duration(min(s, maxHint.Seconds()) * float64(time.Second))
	} else if at, err := http.ParseTime(header.Get("Retry-After")); err == nil {
		wait = min(time.Until(at), maxHint)
	}
	if wait <= 0 {
		return 0
	}
	return wait + rand.N(wait/4+1)
}
