package cloudwatchtest

import "sync"

// tails counts the sessions of Live Tail that are open.
type tails struct {
	mu   sync.Mutex // guards open
	open int
}

// maxTails is how many sessions an account may have at once. Source: user
// guide, "CloudWatch Logs quotas".
const maxTails = 15

// begin opens a session, if there may be one more.
func (ts *tails) begin() bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.open == maxTails {
		return false
	}
	ts.open++
	return true
}

// end closes a session.
func (ts *tails) end() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.open--
}
