//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

const unitFile = "myapp.service"

// unit returns the values of each setting of the unit.
func unit(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") {
			settings[name] = append(settings[name], value)
		}
	}
	return settings
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "myapp")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// service is what systemd gives to the program.
type service struct{ program, state, credentials string }

func install(t *testing.T) service {
	t.Helper()
	s := service{build(t), endpoint.Volume(t), t.TempDir()}
	if err := os.Chmod(s.state, 0o700); err != nil { // StateDirectoryMode=
		t.Fatal(err)
	}
	key := "[default]\naws_access_key_id = AKIDCREDENTIAL\naws_secret_access_key = secret\n"
	if err := os.WriteFile(filepath.Join(s.credentials, "aws"), []byte(key), 0o400); err != nil {
		t.Fatal(err)
	}
	return s
}

// start starts the program, with the environment of the unit and that of the endpoint.
func (s service) start(t *testing.T) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.program)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_ACCESS_KEY_ID=") && !strings.HasPrefix(v, "AWS_SECRET_ACCESS_KEY=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	for _, v := range unit(t)["Environment"] {
		cmd.Env = append(cmd.Env, strings.ReplaceAll(v, "%d", s.credentials))
	}
	cmd.Env = append(cmd.Env, "STATE_DIRECTORY="+s.state, "CREDENTIALS_DIRECTORY="+s.credentials)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &stderr
}

// awaitEvent waits until the spool has an event.
func (s service) awaitEvent(t *testing.T) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
		files, _ := filepath.Glob(filepath.Join(s.state, "logs", "*"))
		for _, file := range files {
			if text, _ := os.ReadFile(file); strings.Contains(string(text), "job done") {
				return
			}
		}
	}
	t.Fatal("no event in the spool")
}

func TestStop(t *testing.T) {
	e := endpoint.Start(t)
	s := install(t)
	cmd, stderr := s.start(t)
	s.awaitEvent(t)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v; stderr:\n%s", err, stderr)
	}
	all := e.All("my_log_group")
	if !strings.Contains(all[0], `"job":1}`) || !strings.Contains(all[len(all)-1], "goodbye") {
		t.Errorf("got %q", all)
	}
	e.WantKey("AKIDCREDENTIAL", "eu-central-1")
}

// The service is killed, or stopped during an outage; the next start delivers what was left.
func TestRestart(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			e := endpoint.Start(t)
			s := install(t)
			over := e.Inject(cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore})
			cmd, stderr := s.start(t)
			s.awaitEvent(t)
			began := time.Now()
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			err := cmd.Wait()
			if signal == syscall.SIGTERM && err != nil {
				t.Errorf("%v, though nothing is lost; stderr:\n%s", err, stderr)
			}
			if limit, _ := time.ParseDuration(unit(t)["TimeoutStopSec"][0] + "s"); time.Since(began) > limit {
				t.Errorf("the stop took longer than %v", limit)
			}
			over()

			cmd, stderr = s.start(t)
			for began := time.Now(); len(messages(e)) == 0 && time.Since(began) < 30*time.Second; {
				time.Sleep(20 * time.Millisecond)
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v; stderr:\n%s", err, stderr)
			}
			if text := strings.Join(messages(e), "\n"); strings.Count(text, `"job":1}`) != 2 {
				t.Errorf("want the first job of both runs in:\n%s", text)
			}
		})
	}
}

// messages returns those of all log streams: each start has one of its own.
func messages(e *endpoint.Endpoint) (all []string) {
	g, _ := e.LogGroup("my_log_group")
	for _, stream := range g.Streams {
		all = append(all, e.Messages("my_log_group", stream)...)
	}
	return all
}

func TestWithoutStateDirectory(t *testing.T) {
	endpoint.Start(t)
	t.Setenv("STATE_DIRECTORY", "")
	if err := run(t.Context()); err == nil || !strings.Contains(err.Error(), "StateDirectory=") {
		t.Errorf("got %v", err)
	}
}

// What the unit promises fits what the program does.
func TestUnit(t *testing.T) {
	settings := unit(t)
	want := map[string]string{"StateDirectory": "myapp", "DynamicUser": "yes", "LoadCredential": "aws:/etc/myapp/aws-credentials"}
	for name, value := range want {
		if !slices.Equal(settings[name], []string{value}) {
			t.Errorf("%s=%q, want %q", name, settings[name], value)
		}
	}
	const closeTimeout = 10 * time.Second // the default of Options.CloseTimeout, or more
	if limit, err := time.ParseDuration(settings["TimeoutStopSec"][0] + "s"); err != nil || limit < closeTimeout+5*time.Second {
		t.Errorf("TimeoutStopSec is %v (%v), while Close has %v", limit, err, closeTimeout)
	}
}

// systemd has no fault to find with the unit.
func TestUnitVerifies(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skipf("systemd-analyze is needed: %v", err)
	}
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), unitFile)
	installed := strings.ReplaceAll(string(text), "/usr/local/bin/myapp", build(t))
	if err := os.WriteFile(file, []byte(installed), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
