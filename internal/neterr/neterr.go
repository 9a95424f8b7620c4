// Package neterr classifies the errors that system calls return for connections. Their numbers
// differ between systems.
package neterr

import (
	"errors"
	"slices"
)

// Is reports whether err is one of targets, such as [Refused].
func Is(err error, targets []error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}
