// Package neterr tells apart what system calls return for connections. The numbers depend on
// the system.
package neterr

import (
	"errors"
	"slices"
)

// Is reports whether an error is one of a list of this package.
func Is(err error, list []error) bool {
	return slices.ContainsFunc(list, func(e error) bool { return errors.Is(err, e) })
}
