package deliver

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Bounds of the backoff between attempts.
const (
	transientBase = 100 * time.Millisecond
	transientMax  = 30 * time.Second
	probeMin      = 5 * time.Second // environment: a person has to act first
	probeMax      = 60 * time.Second

	// Creation quotas are small: 50 log streams a second for an account. Thousands of processes
	// that start together must spread over minutes, with few attempts each.
	createBase = time.Second
	createSlow = 64 * time.Second // the longest ceiling below
	createMin  = 45 * time.Second // the backoff of processes that were throttled four times
	createMax  = 90 * time.Second

	// The longest backoff while a caller waits in Flush or Shutdown; up to four times that when
	// the service throttles.
	awaitedMax = time.Second

	maxHint = 5 * time.Minute // the longest Retry-After honored
)

// backoff returns the delay after the n-th consecutive failure, n from 1. Transient failures get
// full jitter, so that processes that failed together do not retry together. Failures of the
// environment are probed slowly.
func backoff(c class, op operation, n int) time.Duration {
	n = min(n, 16) // larger shifts would overflow
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

// hint returns the delay that the server asks for, with up to a quarter added as jitter, since
// other processes got the same answer; 0 if it asks for none.
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
