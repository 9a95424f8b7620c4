//go:build !linux && !darwin && !dragonfly && !freebsd && !windows

package disk

import (
	"math"
	"os"
)

// What cannot be asked here must not stand in the way: no limits.
func volumeOf(*os.File) (volume, error) {
	return volume{free: math.MaxInt64, total: math.MaxInt64}, nil
}

func pseudoAt(string) string { return "" }
