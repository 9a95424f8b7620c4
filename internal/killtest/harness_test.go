//go:build unix

package killtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

// patience is how long anything may take that has to happen.
const patience = time.Minute

// harness is a spool, the processes that use it, and the endpoint they send to.
type harness struct {
	t        *testing.T
	program  string
	spool    string
	ram      string // "" if there is no RAM file system
	temp     string // for witness pages
	endpoint *endpoint
	oracle   *oracle
	runs     int
	children []*child // those that were started since the last drain
}

func newHarness(t *testing.T, tags string) *harness {
	t.Helper()
	temp := t.TempDir()
	o := newOracle()
	h := &harness{
		t:        t,
		program:  program(t, tags),
		spool:    filepath.Join(temp, "spool"),
		ram:      ramDir(t),
		temp:     temp,
		endpoint: newEndpoint(t, o),
		oracle:   o,
	}
	if h.ram == "" {
		t.Log("hot mode is not tested: there is no RAM file system at /dev/shm")
	}
	t.Cleanup(h.release) // no process outlives a test that fails
	return h
}

// release gives back what the processes took. They are dead, or die.
func (h *harness) release() {
	for _, c := range h.children {
		_ = c.cmd.Process.Kill() // most have ended
		<-c.ended
		c.stdin.Close()
	}
	h.children = nil
}

// ramDir makes a directory on a RAM file system, if there is one.
func ramDir(t *testing.T) string {
	t.Helper()
	var fs unix.Statfs_t
	const shared, tmpfs = "/dev/shm", 0x01021994
	if err := unix.Statfs(shared, &fs); err != nil || fs.Type != tmpfs {
		return ""
	}
	dir, err := os.MkdirTemp(shared, "killtest-")
	if err != nil {
		return ""
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// modes returns those that can be tested here.
func (h *harness) modes() (direct []bool) {
	if h.ram == "" {
		return []bool{true}
	}
	return []bool{false, true}
}

// child is a process that runs.
type child struct {
	*process
	h      *harness
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr bytes.Buffer
	ended  chan struct{} // closed when it has ended, with the error err
	err    error
}

// start starts a process. What is the same for all is filled in.
func (h *harness) start(p killtest.Params, about string, env ...string) *child {
	h.t.Helper()
	h.runs++
	p.Run = h.runs
	if p.Role == "" {
		p.Role = killtest.Log
	}
	p.Witness = filepath.Join(h.temp, fmt.Sprintf("witness-%08d", p.Run))
	p.Endpoint = h.endpoint.URL
	if p.Role == killtest.Log {
		p.Spool, p.RAM = h.spool, h.ram
	}
	w, err := killtest.OpenWitness(p.Witness)
	if err != nil {
		h.t.Fatal(err)
	}
	c := &child{process: &process{Params: p, witness: w}, h: h, ended: make(chan struct{})}
	c.about = fmt.Sprintf("%s, %d goroutines, %s", c.mode(), p.Goroutines, about)
	c.mortal = p.Exit != "" && p.Exit != "close" || len(env) > 0
	h.oracle.add(c.process)
	c.run(env)
	h.children = append(h.children, c)
	return c
}

// run starts the program.
func (c *child) run(env []string) {
	c.h.t.Helper()
	arg, err := json.Marshal(c.Params)
	if err != nil {
		c.h.t.Fatal(err)
	}
	c.cmd = exec.Command(c.h.program, string(arg))
	c.cmd.Env = append(env, "GOTRACEBACK=none", "HOME="+c.h.temp, "PATH="+os.Getenv("PATH"),
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true")
	c.cmd.Stderr = &c.stderr
	// Not StdinPipe: that ends with the process, but one that it has started may read
	// from it as well.
	stdin, end, err := os.Pipe()
	if err != nil {
		c.h.t.Fatal(err)
	}
	c.cmd.Stdin, c.stdin = stdin, end
	err = c.cmd.Start()
	stdin.Close()
	if err != nil {
		end.Close()
		c.h.t.Fatal(err)
	}
	go func() {
		defer close(c.ended)
		c.err = c.cmd.Wait()
	}()
}

// await waits until something has happened. It reports false if the process ended before.
func (c *child) await(what string, happened func() bool) bool {
	c.h.t.Helper()
	for begin := time.Now(); !happened(); time.Sleep(100 * time.Microsecond) {
		select {
		case <-c.ended:
			return happened()
		default:
		}
		if time.Since(begin) > patience {
			c.h.t.Fatalf("process %d (%s): %s takes more than %v", c.Run, c.about, what, patience)
		}
	}
	return true
}

func (c *child) started() bool { return c.witness.Started.Load() != 0 }
func (c *child) done() bool    { return c.started() && c.witness.Done.Load() == int64(c.Goroutines) }

// kill kills the process, which has to be alive.
func (c *child) kill() {
	c.h.t.Helper()
	c.h.oracle.kills(c.process)
	_ = c.cmd.Process.Kill()
	<-c.ended
	if !c.wasKilled() {
		c.h.t.Fatalf("process %d (%s) has ended by itself: %v\n%s", c.Run, c.about, c.err, &c.stderr)
	}
	c.quiet()
}

// wasKilled reports whether a process that has ended was killed.
func (c *child) wasKilled() bool {
	var exit *exec.ExitError
	if !errors.As(c.err, &exit) {
		return false
	}
	status, ok := exit.Sys().(interface{ Signal() unix.Signal })
	return ok && status.Signal() == unix.SIGKILL
}

// close has the process close its handler and end.
func (c *child) close() {
	c.h.t.Helper()
	c.stdin.Close()
	c.wait()
	if c.err != nil {
		c.h.t.Errorf("process %d (%s): %v\n%s", c.Run, c.about, c.err, &c.stderr)
	}
	c.quiet()
}

// wait waits until the process has ended.
func (c *child) wait() {
	c.h.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(patience):
		c.h.t.Fatalf("process %d (%s) does not end", c.Run, c.about)
	}
}

// quiet checks that the library had nothing to complain of.
func (c *child) quiet() {
	c.h.t.Helper()
	if c.stderr.Len() > 0 {
		c.h.t.Errorf("process %d (%s) says: %s", c.Run, c.about, &c.stderr)
	}
}

// files returns what is in the spool, but for the file that ties it to its directory
// in RAM.
func (h *harness) files() (names []string) {
	h.t.Helper()
	var dirs []string
	for _, pattern := range []string{h.spool, h.ram + "/cloudwatch-*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			h.t.Fatal(err)
		}
		dirs = append(dirs, found...)
	}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() != "id" && e.Name() != "large" {
				names = append(names, e.Name())
			}
		}
	}
	return names
}

// drain has a last process deliver what others left, and checks everything. All others
// have ended.
func (h *harness) drain() {
	h.t.Helper()
	before := make(map[string]bool) // producers
	for _, name := range h.files() {
		producer, _, _ := strings.Cut(name, "-")
		before[producer] = true
	}
	h.endpoint.set(answers)
	c := h.start(killtest.Params{Direct: h.ram == "", Interval: 5 * time.Millisecond}, "drains")
	c.await("recovery", func() bool {
		for _, name := range h.files() {
			if producer, _, _ := strings.Cut(name, "-"); before[producer] {
				return false
			}
		}
		return true
	})
	c.close()
	h.endpoint.underWay.Wait()
	if left := h.files(); len(left) > 0 {
		h.t.Errorf("after everything was delivered, the spool has %v", left)
	}
	h.oracle.settle(h.t)
	h.release()
	pages, _ := filepath.Glob(filepath.Join(h.temp, "witness-*")) // the pattern is good
	for _, page := range pages {
		os.Remove(page)
	}
}
