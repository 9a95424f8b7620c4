package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Exit codes for a command that could not be run, by the convention of shells.
const (
	exitCannotRun = 126
	exitNotFound  = 127
)

// runCommand runs a command in an environment and forwards signals to it. It returns its exit code, or
// 128 plus the number of the signal that ended it.
func (p *program) runCommand(command []string, env environment) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = env.apply(os.Environ())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.stdin, p.stdout, p.stderr
	// Before Start, because the command may be ready and receive a signal before Start returns.
	more := make(chan os.Signal, 4)
	if len(passedSignals) > 0 { // without signals, Notify would relay all
		signal.Notify(more, passedSignals...)
		defer signal.Stop(more)
	}
	if err := cmd.Start(); err != nil {
		code := exitCannotRun
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			code = exitNotFound
		}
		return &exitError{code, fmt.Errorf("run %s: %w", command[0], err)}
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// A terminal has already sent Ctrl-C to the command as well.
	_, typed := terminal(p.stdin)
	for {
		select {
		case s := <-p.signals:
			if !typed || s != os.Interrupt {
				_ = cmd.Process.Signal(s) // an error means that it has just ended
			}
		case s := <-more:
			_ = cmd.Process.Signal(s)
		case err := <-ended:
			return exitOf(cmd, err)
		}
	}
}

// exitOf converts the exit of a command to an error of ours.
func exitOf(cmd *exec.Cmd, err error) error {
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exit(128 + int(status.Signal()))
	}
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return failed(err)
	}
	return exit(cmd.ProcessState.ExitCode())
}
