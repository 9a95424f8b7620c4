//go:build !windows && (!unix || aix)

package disk

import (
	"errors"
	"os"
)

func lock(*os.File) error { return errors.ErrUnsupported }
