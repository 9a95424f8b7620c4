//go:build !linux

package child

import "time"

// Other systems only have to compile: Run returns an error there.
func processTime() time.Duration { return 0 }
func threadTime() time.Duration  { return 0 }
