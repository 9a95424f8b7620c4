package cloudwatch_test

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
			[]string{"refused: nothing listens there", "; start what should listen there, or correct the endpoint"}, "nothing listens there",
		},
		"a metadata service that does not respond": {
			[]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://" + mute, "AWS_EC2_METADATA_DISABLED=false"},
			[]string{"no credentials within 2s", "; look for a credential_process, an SSO login or a metadata service"}, "no credentials",
		},
		"container credentials that do not come": {
			[]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://" + mute, "AWS_EC2_METADATA_DISABLED=true"},
			[]string{"no credentials within 2s", "; look for"}, "no credentials",
		},
		"an endpoint that does not respond": {
			append(keys, "AWS_ENDPOINT_URL=http://"+mute),
			[]string{"no response from " + mute + " within 2s", "; if it lasts, check the line"}, "no response from",
		},
		"an endpoint that speaks something else": {
			append(keys, "AWS_ENDPOINT_URL=http://"+garbage),
			[]string{garbage, "; "}, garbage,
		},
		"a proxy that does not respond": {
			append(keys, "HTTPS_PROXY=http://"+mute),
			[]string{"within 2s", "; check"}, "within",
		},
	}
	program := quickStart(t)
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, program)
			cmd.Env = append(cleanEnv(t), row.env...)
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var lines []string
			var firstAt time.Duration
			for scanner := bufio.NewScanner(stderr); scanner.Scan(); lines = append(lines, scanner.Text()) {
				if lines == nil {
					firstAt = time.Since(began)
				}
			}
			cmd.Wait() // the exit code says more
			took := time.Since(began)
			if code := cmd.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			if took > closed {
				t.Errorf("it took %v", took)
			}
			if len(lines) < 2 {
				t.Fatalf("standard error has %q", lines)
			}
			if firstAt > told {
				t.Errorf("the first line came after %v", firstAt)
			}
			for _, line := range lines {
				if !strings.HasPrefix(line, "cloudwatch: ") || strings.ContainsAny(line, "\x1b\r") {
					t.Errorf("standard error has %q", line)
				}
			}
			for _, want := range row.first {
				if !strings.Contains(lines[0], want) {
					t.Errorf("the first line is %q, want %q in it", lines[0], want)
				}
			}
			last := lines[len(lines)-1]
			if !strings.HasPrefix(last, "cloudwatch: 1 event (") || !strings.Contains(last, "not delivered in time: ") || !strings.Contains(last, row.last) {
				t.Errorf("the last line is %q", last)
			}
		})
	}
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
