//go:build unix

package sqlite_test

import "syscall"

func umask(mask int) int { return syscall.Umask(mask) }
