//go:build unix

package killtest

import (
	"log"
	"os"
	"runtime/debug"
	"syscall"
)

// Exits are the ways in which a child can end by its own doing, but without
// closing its handler. No deferred function runs, and none is needed.
var Exits = map[string]func(){
	"panic":                func() { panic("the child was told to") },
	"panic in a goroutine": func() { go panic("the child was told to"); select {} },
	"log.Fatal":            func() { log.Fatal("the child was told to") },
	"os.Exit":              func() { os.Exit(3) },
	"runtime throw":        throw,
	"stack overflow":       func() { debug.SetMaxStack(1 << 20); os.Exit(overflow(0)) }, // the default takes seconds
	"SIGSEGV":              func() { raise(syscall.SIGSEGV) },
	"SIGABRT":              func() { raise(syscall.SIGABRT) },
	"SIGTERM":              func() { raise(syscall.SIGTERM) },
	"SIGKILL":              func() { raise(syscall.SIGKILL) },
}

// throw writes a map from two goroutines until the runtime notices. Nothing can
// recover that.
func throw() {
	m := make(map[int]int)
	write := func() {
		for i := 0; ; i++ {
			m[i%100] = i
		}
	}
	go write()
	write()
}

func overflow(depth int) int {
	if depth < 0 {
		return 0
	}
	return overflow(depth+1) + 1
}

// raise sends a signal to this process, and waits for the end.
func raise(s syscall.Signal) {
	_ = syscall.Kill(os.Getpid(), s)
	select {}
}
