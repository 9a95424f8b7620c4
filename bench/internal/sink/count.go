package sink

import "bytes"

// key is in a PutLogEvents body once for each event, and nowhere else: inside
// of a message its quotes are escaped, and so is the one before the colon.
const key = `"timestamp":`

// counter counts the events of one body that is written to it piece by piece.
type counter struct {
	events int64
	end    [len(key) - 1]byte // the last bytes seen; a key may begin in them
	ends   int                // how many of them there are
}

func (c *counter) write(p []byte) {
	// The border is too short on either side to hold a key of its own, so none
	// is counted twice.
	var border [2 * (len(key) - 1)]byte
	n := copy(border[:], c.end[:c.ends])
	n += copy(border[n:], p[:min(len(p), len(c.end))])
	c.events += int64(bytes.Count(border[:n], []byte(key)) + bytes.Count(p, []byte(key)))
	if len(p) <= len(c.end) { // border has all of it
		c.ends = copy(c.end[:], border[max(0, n-len(c.end)):n])
	} else {
		c.ends = copy(c.end[:], p[len(p)-len(c.end):])
	}
}
