//go:build unix

package access

import (
	"os"
	"os/exec"
	"syscall"
)

// killGroup makes the end of the command's context kill all processes that it started. They
// become a process group for that, which could not prompt for a password at a terminal: with a
// terminal, only the shell is killed.
func killGroup(cmd *exec.Cmd) {
	if tty, err := os.Open("/dev/tty"); err == nil {
		tty.Close()
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		if syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) != nil {
			return os.ErrProcessDone
		}
		return nil
	}
}
