//go:build race

package segment_test

// slow is how much less the long tests do. The race detector makes them ten times
// slower, and there are no goroutines for it to watch.
const slow = 4
