//go:build race

package segment_test

// slow divides the work of the long tests. The race detector makes them ten times slower, and
// they have no goroutines for it to check.
const slow = 4
