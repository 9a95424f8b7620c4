package cloudwatchtest

import "time"

// SetClockOffset makes the server's clock run d ahead of time.Now, or behind
// it if d is negative. The server's clock decides on the age of events, on
// retention and on paging tokens, and it is what ingestion times, creation
// times and the Date header show. 0 puts it right again. It may be called at
// any time; events that are stored keep the times they have.
//
// [Request.Time] and quotas do not follow it. See [Fault.DateOffset] for a
// server whose Date header alone is wrong.
func (s *Server) SetClockOffset(d time.Duration) { s.clockOffset.Store(int64(d)) }

// now is the time by the server's clock.
func (s *Server) now() time.Time {
	return time.Now().Add(time.Duration(s.clockOffset.Load()))
}
