//go:build !crashpoints

// Package crash lets tests kill the process at a named point, like kill -9. It does nothing
// unless the program is built with the tag crashpoints.
package crash

// At is a point at which a test may kill the process.
func At(string) {}
