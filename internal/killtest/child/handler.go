//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// handler is the library's, and what is wanted of it.
type handler struct {
	*cloudwatch.Handler
}

func (c *child) newHandler() (handler, error) {
	h, err := cloudwatch.NewHandler(killtest.Group, &cloudwatch.Options{
		AccessID:      fmt.Sprintf(killtest.AccessID, c.Run),
		AccessKey:     "secret",
		Region:        "us-east-1",
		Endpoint:      c.Endpoint,
		LogStream:     fmt.Sprintf(killtest.Stream, c.Run),
		FlushInterval: c.Interval,
		OnError:       complain,
		Spool:         c.Spool,
		SpoolOptions: cloudwatch.SpoolOptions{
			MaxBytes:   4 << 30,
			MinFree:    -1,
			SyncEvery:  c.SyncEvery,
			SpillAfter: c.SpillAfter,
			Direct:     c.Direct,
			RAM:        c.RAM,
		},
	})
	if err != nil {
		return handler{}, err
	}
	mode := "hot"
	if c.Direct {
		mode = "direct"
	}
	if g := h.Guarantee(); g.Mode != mode || g.Err != nil {
		return handler{}, fmt.Errorf("the mode should be %s, not %v", mode, g)
	}
	return handler{h}, nil
}

// complain tells the parent what should not happen. That requests fail is its own
// doing.
func complain(err error) {
	var failed *cloudwatch.DeliveryError
	if !errors.As(err, &failed) {
		fmt.Fprintln(os.Stderr, "OnError:", err)
	}
}

// watch keeps the count of events at risk on the page.
func (c *child) watch(h handler) {
	for {
		c.witness.SawAtRisk(h.Stats().WereAtRisk)
		time.Sleep(time.Millisecond)
	}
}

// leak starts a process that has a descriptor of a segment, and with it the lock.
func (c *child) leak() error {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, fd := range fds {
		path, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err != nil || !strings.Contains(filepath.Base(path), "-00000001.") { // the first one
			continue
		}
		n, err := strconv.Atoi(fd.Name())
		if err != nil {
			return err
		}
		leaked, err := unix.Dup(n) // and so the original stays the library's
		if err != nil {
			return err
		}
		hold, err := json.Marshal(killtest.Params{Role: killtest.Hold})
		if err != nil {
			return err
		}
		cmd := exec.Command(os.Args[0], string(hold))
		cmd.Stdin = os.Stdin // which ends with the test, not with this process
		cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(leaked), path)}
		if err := cmd.Start(); err != nil {
			return err
		}
		c.witness.Leaked.Store(int64(cmd.Process.Pid))
		return nil
	}
	return errors.New("there is no segment")
}
