//go:build unix

package cloudwatch

import (
	"os"
	"os/exec"
	"syscall"
)

// killWhole has the end of the command's context kill all processes that it has started.
// They become a process group for that, which could not ask a user at the terminal for a
// password: where there is a terminal, only the shell is killed.
func killWhole(cmd *exec.Cmd) {
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
