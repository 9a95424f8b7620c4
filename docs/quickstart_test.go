package docs_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// The README's quick start as it is pasted, where nothing can be delivered: within three
// seconds a line says why and what to do, and the exit code is 1. Nothing else is printed.
func TestReadmeQuickStart(t *testing.T) {
	needGo(t)
	const (
		told   = 3 * time.Second  // the first line
		closed = 10 * time.Second // less than docker stop waits
	)
	keys := []string{"AWS_ACCESS_KEY_ID=AKIDQUICK", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true"}
	mute := listenRaw(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	garbage := listenRaw(t, func(c net.Conn) { io.WriteString(c, "\x1b[31mno\nHTTP\r\n\r\n") })
	missing := listenRaw(t, func(c net.Conn) {
		c.Read(make([]byte, 4096))
		io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	malformed := filepath.Join(t.TempDir(), "config")
	writeFile(t, malformed, "[default\nregion = nowhere\n  a b c\n= d\n")
	rows := map[string]struct {
		env   []string
		first []string // in the first line: the cause and the next step
		last  string   // the cause in the last line
	}{
		"no credentials": {
			[]string{"AWS_EC2_METADATA_DISABLED=true"},
			[]string{"no credentials", "; set AWS_ACCESS_KEY_ID"}, "no credentials",
		},
		"nothing listening": {
			append(keys, "AWS_ENDPOINT_URL=http://"+freeAddress(t)),
			[]string{"refused: nothing is listening there", "; start the server, or correct the endpoint"}, "nothing is listening there",
		},
		"a metadata service that does not respond": {
			[]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://" + mute, "AWS_EC2_METADATA_DISABLED=false"},
			[]string{"no credentials within 2", "; look for a credential_process, an SSO login or a metadata service"}, "no credentials",
		},
		"a metadata service without a role": {
			[]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://" + missing, "AWS_EC2_METADATA_DISABLED=false"},
			[]string{"no credentials", "; "}, "no credentials",
		},
		"a malformed shared config": {
			[]string{"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + malformed},
			[]string{"no credentials", "; set AWS_ACCESS_KEY_ID"}, "no credentials",
		},
		"container credentials that do not come": {
			[]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://" + mute, "AWS_EC2_METADATA_DISABLED=true"},
			[]string{"no credentials within 2", "; look for"}, "no credentials",
		},
		"an endpoint that does not respond": {
			append(keys, "AWS_ENDPOINT_URL=http://"+mute),
			[]string{"no response from " + mute + " within 2", "; if this persists, check the network connection"}, "no response from",
		},
		"an endpoint that speaks something else": {
			append(keys, "AWS_ENDPOINT_URL=http://"+garbage),
			[]string{garbage, "; "}, garbage,
		},
		"a proxy that does not respond": {
			append(keys, "HTTPS_PROXY=http://"+mute),
			[]string{"within 2", "; check"}, "within",
		},
	}
	program := quickStart(t)
	runs := map[string]*quickStartRun{}
	var running sync.WaitGroup
	for name, row := range rows { // all at once: each takes as long as Close
		run := &quickStartRun{env: append(cleanEnv(t), row.env...)}
		runs[name] = run
		running.Go(func() { run.run(t.Context(), program) })
	}
	running.Wait()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			run := runs[name]
			if run.err != nil || run.code != 1 {
				t.Errorf("exit code %d, %v", run.code, run.err)
			}
			if run.took > closed {
				t.Errorf("it took %v", run.took)
			}
			if len(run.lines) < 2 {
				t.Fatalf("standard error has %q", run.lines)
			}
			if run.first > told {
				t.Errorf("the first line came after %v", run.first)
			}
			for _, line := range run.lines {
				if !strings.HasPrefix(line, "cloudwatch: ") || strings.ContainsAny(line, "\x1b\r") {
					t.Errorf("standard error has %q", line)
				}
			}
			for _, want := range row.first {
				if !strings.Contains(run.lines[0], want) {
					t.Errorf("the first line is %q, want %q in it", run.lines[0], want)
				}
			}
			last := run.lines[len(run.lines)-1]
			if !strings.HasPrefix(last, "cloudwatch: 1 event (") || !strings.Contains(last, "not delivered in time: ") || !strings.Contains(last, row.last) {
				t.Errorf("the last line is %q", last)
			}
		})
	}
}

// quickStartRun is one run of the quick start.
type quickStartRun struct {
	env   []string
	lines []string // on standard error
	first time.Duration
	took  time.Duration
	code  int
	err   error // why there was no run
}

func (r *quickStartRun) run(ctx context.Context, program string) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = r.env
	stderr, err := cmd.StderrPipe()
	if err != nil {
		r.err = err
		return
	}
	began := time.Now()
	if r.err = cmd.Start(); r.err != nil {
		return
	}
	for scanner := bufio.NewScanner(stderr); scanner.Scan(); r.lines = append(r.lines, scanner.Text()) {
		if r.lines == nil {
			r.first = time.Since(began)
		}
	}
	cmd.Wait() // the exit code says more
	r.took, r.code = time.Since(began), cmd.ProcessState.ExitCode()
}

// quickStart builds the first Go block of the README.
func quickStart(t *testing.T) (program string) {
	t.Helper()
	dir := newModule(t)
	writeFile(t, filepath.Join(dir, "main.go"), markdownBlocks(t, "README.md", "go")[0].text)
	env := []string{"GOWORK=", "GOFLAGS="}
	goCommand(t, dir, env, "work", "init", ".", root(t))
	program = filepath.Join(dir, "shop")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	goCommand(t, dir, env, "build", "-o", program, ".")
	return program
}

// cleanEnv returns an environment without credentials.
func cleanEnv(t *testing.T) (env []string) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !strings.HasPrefix(name, "AWS_") && !strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			env = append(env, variable)
		}
	}
	return append(env, "HOME="+t.TempDir(), "AWS_REGION=us-east-1", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
}

// listenRaw returns the address of a server that gives each connection to serve and then
// closes it.
func listenRaw(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// freeAddress returns one where nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
