package deliver

import (
	"math/rand/v2"
	"time"
)

// Bounds of the wait between two attempts.
const (
	transientBase = 100 * time.Millisecond
	transientMax  = 30 * time.Second
	probeMin      = 5 * time.Second // environment: nothing changes that fast
	probeMax      = 60 * time.Second
	// hurriedMax bounds the wait while somebody waits in Flush or Shutdown.
	hurriedMax = time.Second
)

// backoff returns how long to wait after the n-th failure in a row, n from 1.
// Transient trouble gets full jitter, so that many processes that failed
// together do not come back together. Anything else is probed slowly.
func backoff(c class, n int) time.Duration {
	base, limit, floor := transientBase, transientMax, time.Duration(0)
	if c != transient {
		base, limit, floor = probeMin, probeMax, probeMin
	}
	ceiling := limit
	if n < 16 { // beyond that the shift only overflows
		ceiling = min(base<<n, limit)
	}
	return floor + rand.N(ceiling-floor)
}
