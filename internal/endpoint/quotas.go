package endpoint

import (
	"sync"
	"time"
)

// SetQuota limits an operation to perSecond requests a second, with a token bucket that holds one
// second's worth and that every call fills. perSecond <= 0 removes the quota. Requests beyond it
// fail with [Throttled].
func (s *Server) SetQuota(operation string, perSecond int) {
	s.quotas.set(operation, perSecond)
}

// SetDefaultQuotas sets the default quotas of an AWS account, for every emulated operation with a
// documented one. Where regions differ (GetLogEvents and FilterLogEvents) it uses the value for
// regions that the documents do not name. Source: user guide, "CloudWatch Logs quotas".
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

// quotas holds the token buckets by operation.
type quotas struct {
	mu      sync.Mutex // guards buckets and their contents
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

// allow takes a token for a request. It returns false if there is none.
func (q *quotas) allow(operation string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.buckets[operation]
	return b == nil || b.take(now)
}

// bucket is a token bucket. It counts in time: a token is the interval between two tokens, so that
// nothing is rounded.
type bucket struct {
	interval time.Duration
	size     time.Duration // of all tokens together
	fullAt   time.Time     // when the bucket is full again; in the past if it is full
}

func (b *bucket) take(now time.Time) bool {
	missing := max(0, b.fullAt.Sub(now)) + b.interval
	if missing > b.size {
		return false
	}
	b.fullAt = now.Add(missing)
	return true
}
