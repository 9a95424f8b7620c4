package endpoint

import "errors"

var errRefused = errors.New("connection refused")
