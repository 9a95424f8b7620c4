package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdEnds runs the command, sends it a signal as soon as "ready" is in its
// output, and requires its exit code.
func cmdEnds(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 2, "cloudwatch-ends SIGNAL CODE [ARGS...]")
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	cmd := exec.Command("cloudwatch", args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), fastExit)
	stdout := newLog()
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = stdout, &stderr
	ts.Check(cmd.Start())
	defer time.AfterFunc(patience, func() { cmd.Process.Kill() }).Stop()
	defer cmd.Process.Kill()
	for limit := time.Now().Add(patience); !strings.Contains(stdout.String(), "ready"); {
		if time.Now().After(limit) {
			ts.Fatalf("not ready; stderr:\n%s", &stderr)
		}
		time.Sleep(time.Millisecond)
	}
	ts.Check(exec.Command("kill", "-"+args[0], strconv.Itoa(cmd.Process.Pid)).Run())
	err = cmd.Wait()
	got := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d; stderr:\n%s", got, want, &stderr)
	}
}
