package endpoint

import (
	"sync"
	"time"
)

// SetQuota lets an operation, such as "PutLogEvents", be asked for perSecond
// times a second. Requests beyond that are answered as [Throttled] does, and
// take no effect. The quota is a token bucket that holds one second's worth:
// it starts full, and again with each call of SetQuota. 0 or less removes the
// quota. A new server has none.
//
// Requests count when they are handled, after the delay of a fault, whether
// they are accepted or refused then. Those that a fault answers or drops
// before do not count, and neither do the methods that prepare state, such as
// [Server.CreateLogGroup].
func (s *Server) SetQuota(operation string, perSecond int) {
	s.quotas.set(operation, perSecond)
}

// SetDefaultQuotas sets the quotas that a new AWS account has, for every
// operation that is emulated and has a documented one. Where regions differ
// (GetLogEvents and FilterLogEvents) it is the value without a region's name.
// Source: user guide, "CloudWatch Logs quotas".
func (s *Server) SetDefaultQuotas() {
	for _, q := range []struct {
		operation string
		perSecond int
	}{
		{"CreateLogGroup", 10},
		{"CreateLogStream", 50},
		{"DeleteLogGroup", 10},
		{"DeleteLogStream", 15},
		{"DeleteRetentionPolicy", 5},
		{"DescribeLogGroups", 10},
		{"DescribeLogStreams", 25},
		{"FilterLogEvents", 10},
		{"GetLogEvents", 25},
		{"ListTagsForResource", 5},
		{"PutLogEvents", 5000},
		{"PutMetricFilter", 5},
		{"PutRetentionPolicy", 5},
		{"StartLiveTail", 5},
		{"TagResource", 5},
		{"TestMetricFilter", 5},
		{"UntagResource", 5},
	} {
		s.quotas.set(q.operation, q.perSecond)
	}
}

// quotas holds the buckets by operation.
type quotas struct {
	mu      sync.Mutex // guards buckets and what is in them
	buckets map[string]*bucket
}

func (q *quotas) set(operation string, perSecond int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if perSecond <= 0 {
		delete(q.buckets, operation)
		return
	}
	if q.buckets == nil {
		q.buckets = make(map[string]*bucket)
	}
	interval := time.Second / time.Duration(perSecond)
	q.buckets[operation] = &bucket{interval: interval, size: interval * time.Duration(perSecond)}
}

// allow takes a token for a request. It reports false if there is none left.
func (q *quotas) allow(operation string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.buckets[operation]
	return b == nil || b.take(now)
}

// bucket is a token bucket. It counts in time: a token is worth the interval
// between two of them, so nothing is rounded on the way.
type bucket struct {
	interval time.Duration
	size     time.Duration // all tokens together
	fullAt   time.Time     // when the bucket will be full again; in the past if it is
}

func (b *bucket) take(now time.Time) bool {
	missing := max(0, b.fullAt.Sub(now)) + b.interval
	if missing > b.size {
		return false
	}
	b.fullAt = now.Add(missing)
	return true
}
