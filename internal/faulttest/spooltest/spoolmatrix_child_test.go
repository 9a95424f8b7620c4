//go:build linux

package spooltest_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/sys/unix"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// childVariable of the environment says that this program is to be the child of a
// test: a program with a handler that does what its parent tells it, until it is
// killed. What its log calls have promised it enters in a file, the witness.
const childVariable = "CLOUDWATCH_TEST_SPOOL_CHILD"

func init() {
	task := os.Getenv(childVariable)
	if task == "" {
		return
	}
	if err := runChild([]byte(task)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// childTask is what a child needs to know at its start.
type childTask struct {
	Endpoint string
	Spool    string
	Options  cloudwatch.SpoolOptions
	Witness  string
	First    int  // number of its first event
	Size     int  // about that of its messages, see messageOf
	Dead     bool // there is no network
	User     int  // to become; 0: none
}

// order is what a child is told to do, one a line, each answered by a report.
type order struct {
	Do       string // see child.follow
	N        int64
	Resource int
}

// childReport is how a child is.
type childReport struct {
	Accepted, Delivered, Pending, Rejected, Dropped, AtRisk, WereAtRisk int64

	Kill   bool     // of the guarantee
	Said   string   // the guarantee in words
	Told   []string // what OnError was told
	Failed string   // why the order could not be followed
}

// runChild is the child.
func runChild(text []byte) error {
	var task childTask
	if err := json.Unmarshal(text, &task); err != nil {
		return err
	}
	witness, err := os.OpenFile(task.Witness, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if task.User != 0 {
		if err := syscall.Setreuid(task.User, task.User); err != nil {
			return err
		}
	}
	told := &testkit.ErrorLog{}
	net := newGate(http.DefaultTransport)
	if task.Dead {
		net.shut()
	}
	h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
		Config: &aws.Config{
			Region:       "us-east-1",
			BaseEndpoint: &task.Endpoint,
			Credentials:  credentials.NewStaticCredentialsProvider("test", "secret", ""),
			HTTPClient:   &http.Client{Transport: net},
		},
		LogStream:     testkit.Stream,
		Format:        cloudwatch.Pattern("{message}"),
		FlushInterval: 50 * time.Millisecond,
		OnError:       told.Add,
		Spool:         task.Spool,
		SpoolOptions:  task.Options,
	})
	if err != nil {
		return err
	}
	c := &child{scribe: newScribe(h), net: net, witness: witness, next: task.First, size: task.Size}
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for in.Scan() {
		var o order
		if err := json.Unmarshal(in.Bytes(), &o); err != nil {
			return err
		}
		failed := c.follow(o)
		s, g := h.Stats(), h.Guarantee()
		r := childReport{
			Accepted: s.Accepted, Delivered: s.Delivered, Pending: s.Pending, Rejected: s.Rejected.Total(), Dropped: s.Dropped.Total(),
			AtRisk: s.AtRisk, WereAtRisk: s.WereAtRisk, Kill: g.Kill, Said: g.String(),
		}
		for _, err := range told.Errors() {
			r.Told = append(r.Told, err.Error())
		}
		if failed != nil {
			r.Failed = failed.Error()
		}
		if err := out.Encode(&r); err != nil {
			return err
		}
	}
	return in.Err() // the parent is gone
}

type child struct {
	*scribe
	net     *gate
	witness *os.File
	eaten   []*os.File
	leaked  [][]byte
	size    int

	mu   sync.Mutex // held while logging
	next int
}

func (c *child) follow(o order) error {
	switch o.Do {
	case "report": // nothing else
	case "log": // N events
		for range o.N {
			if err := c.log(); err != nil {
				return err
			}
		}
	case "flood": // without end, with pauses of N us
		go func() {
			for c.log() == nil {
				time.Sleep(time.Duration(o.N) * time.Microsecond)
			}
		}()
	case "limit": // a resource
		return unix.Setrlimit(o.Resource, &unix.Rlimit{Cur: uint64(o.N), Max: uint64(o.N)})
	case "limit memory": // to N bytes more than now
		var st, resident uint64
		text, err := os.ReadFile("/proc/self/statm")
		if err == nil {
			_, err = fmt.Sscan(string(text), &st, &resident)
		}
		if err != nil {
			return err
		}
		size := st*uint64(os.Getpagesize()) + uint64(o.N)
		return unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: size, Max: size})
	case "leak": // a MiB every N us
		go func() {
			for {
				b := make([]byte, 1<<20)
				for i := 0; i < len(b); i += 4096 {
					b[i] = 1
				}
				c.leaked = append(c.leaked, b)
				time.Sleep(time.Duration(o.N) * time.Microsecond)
			}
		}()
	case "eat": // all file descriptors
		for {
			f, err := os.Open(os.DevNull)
			if err != nil {
				return nil
			}
			c.eaten = append(c.eaten, f)
		}
	case "free":
		for _, f := range c.eaten {
			_ = f.Close()
		}
		c.eaten = nil
	case "online": // the network is there
		c.net.open()
	default:
		return errors.New("unknown order " + o.Do)
	}
	return nil
}

// log logs an event and enters what was promised.
func (c *child) log() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.write(c.next, c.size)
	if err != nil {
		return err
	}
	var entry [witnessBytes]byte
	number := uint64(c.next) << 1
	if p.safe {
		number |= 1
	}
	binary.LittleEndian.PutUint64(entry[:], number)
	binary.LittleEndian.PutUint64(entry[8:], uint64(time.Now().UnixNano()))
	c.next++
	_, err = c.witness.Write(entry[:])
	return err
}

// witnessBytes is what the witness has for each event.
const witnessBytes = 16

// process is a child as its parent sees it.
type process struct {
	*exec.Cmd
	s       *spoolScene
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  *strings.Builder
	witness string
	first   int
	over    bool
}

// spawn starts a child with the spool of the scene. It has no network if dead is set.
func (s *spoolScene) spawn(dead bool, change ...func(cmd *exec.Cmd)) *process {
	s.Helper()
	return s.spawnAs(0, dead, change...)
}

// spawnAs starts a child that becomes another user.
func (s *spoolScene) spawnAs(user int, dead bool, change ...func(cmd *exec.Cmd)) *process {
	s.Helper()
	p := &process{s: s, stderr: &strings.Builder{}, first: len(s.events)}
	p.witness = filepath.Join(s.TempDir(), "witness")
	if err := os.WriteFile(p.witness, nil, 0o666); err != nil {
		s.Fatal(err)
	}
	task, err := json.Marshal(childTask{s.srv.URL, s.opts.Spool, s.opts.SpoolOptions, p.witness, p.first, s.size, dead, user})
	if err != nil {
		s.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	p.Cmd = exec.CommandContext(s.Context(), self)
	p.Env = append(os.Environ(), childVariable+"="+string(task), "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	p.Stderr = p.stderr
	if p.in, err = p.StdinPipe(); err != nil {
		s.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	for _, f := range change {
		f(p.Cmd)
	}
	if err := p.Start(); err != nil {
		s.Fatal(err)
	}
	s.living++
	s.Cleanup(func() { p.end(syscall.SIGKILL) })
	return p
}

// do gives the child an order and returns its report.
func (p *process) do(what string, n int64) childReport {
	p.s.Helper()
	return p.give(order{Do: what, N: n})
}

func (p *process) give(o order) (r childReport) {
	p.s.Helper()
	if err := json.NewEncoder(p.in).Encode(o); err != nil {
		p.s.Fatalf("the child is gone: %v\n%s", err, p.stderr)
	}
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	if err != nil {
		p.end(syscall.SIGKILL)
		p.s.Fatalf("the child does not answer: %v\n%s", err, p.stderr)
	}
	if r.Failed != "" {
		p.s.Fatalf("%s: %s", o.Do, r.Failed)
	}
	if r.Accepted != r.Delivered+r.Pending+r.Rejected+r.Dropped {
		p.s.Errorf("what the child has accepted does not add up: %+v", r)
	}
	return r
}

// reports waits until the child reports something.
func (p *process) reports(within time.Duration, what string, so func(r childReport) bool) (r childReport) {
	p.s.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if r = p.do("report", 0); so(r) {
			return r
		}
		if time.Since(began) > within {
			p.s.Fatalf("after %v still not so: %s; report %+v", within, what, r)
		}
	}
}

// entry is what the witness knows of an event.
type entry struct {
	number int
	safe   bool
	at     time.Time
}

// witnessed reads the witness.
func (p *process) witnessed() (entries []entry) {
	p.s.Helper()
	b, err := os.ReadFile(p.witness)
	if err != nil {
		p.s.Fatal(err)
	}
	for ; len(b) >= witnessBytes; b = b[witnessBytes:] {
		n, at := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		entries = append(entries, entry{int(n >> 1), n&1 == 1, time.Unix(0, int64(at))})
	}
	return entries
}

// end ends the child by a signal, or waits for its end if that is 0, and enters what
// it was promised. It may have logged one more event.
func (p *process) end(how syscall.Signal) (state *os.ProcessState) {
	p.s.Helper()
	if p.over {
		return p.ProcessState
	}
	p.over = true
	if how != 0 {
		_ = p.Process.Signal(how)
	}
	_ = p.Wait() // of course it was killed
	p.s.living--
	for _, e := range p.witnessed() {
		if e.number != len(p.s.events) {
			p.s.Errorf("event %d comes after %d", e.number, len(p.s.events)-1)
		}
		p.s.events = append(p.s.events, promise{true, e.safe})
	}
	p.s.events = append(p.s.events, promise{})
	p.s.killed = true
	return p.ProcessState
}

// kill is kill -9.
func (p *process) kill() {
	p.s.Helper()
	p.end(syscall.SIGKILL)
}

// spoolOf lets a test be sure of the directory.
func spoolOf(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "spool")
}
