package sink

import "bytes"

// key occurs exactly once per event in a PutLogEvents body: inside a message its quotes are escaped.
const key = `"timestamp":`

// counter counts the events of one body written to it in pieces.
type counter struct {
	events int64
	end    [len(key) - 1]byte // the last bytes; a key may begin in them
	ends   int                // number of bytes in end
}

func (c *counter) write(p []byte) {
	// Each half of border is too short to contain a key, so none is counted twice.
	var border [2 * (len(key) - 1)]byte
	n := copy(border[:], c.end[:c.ends])
	n += copy(border[n:], p[:min(len(p), len(c.end))])
	c.events += int64(bytes.Count(border[:n], []byte(key)) + bytes.Count(p, []byte(key)))
	if len(p) <= len(c.end) { // border contains all of p
		c.ends = copy(c.end[:], border[max(0, n-len(c.end)):n])
	} else {
		c.ends = copy(c.end[:], p[len(p)-len(c.end):])
	}
}
