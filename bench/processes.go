package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/child"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/sink"
)

// childTimeout bounds one run of one contender.
const childTimeout = 90 * time.Second

// processes starts copies of this program: one sink, and one child for each run of a contender.
type processes struct {
	program string
	env     []string
	sink    sink.Addresses
	command *exec.Cmd
	stdin   io.Closer // closing it ends the sink
}

func startProcesses(ctx context.Context) (*processes, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &processes{program: program, env: environment(os.Environ())}
	p.command = exec.CommandContext(ctx, program, sinkCommand)
	p.command.Env = p.env
	p.command.Stderr = os.Stderr
	stdin, err := p.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start sink: %w", err)
	}
	if err := json.NewDecoder(stdout).Decode(&p.sink); err != nil {
		return nil, errors.Join(fmt.Errorf("start sink: read addresses: %w", err), p.stop())
	}
	return p, nil
}

func (p *processes) stop() error {
	_ = p.stdin.Close() // Wait reports a failure
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("stop sink: %w", err)
	}
	return nil
}

// environment removes variables that would influence a contender: settings of the SDK and the Go
// runtime, and proxies. The time zone is UTC so that all records have the same length.
func environment(all []string) []string {
	env := []string{"TZ=UTC", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true"}
	for _, e := range all {
		name, _, _ := strings.Cut(e, "=")
		upper := strings.ToUpper(name)
		switch {
		case strings.HasPrefix(upper, "AWS_"), strings.HasSuffix(upper, "_PROXY"):
		case upper == "TZ", upper == "GOGC", upper == "GOMEMLIMIT", upper == "GODEBUG":
		default:
			env = append(env, e)
		}
	}
	return env
}

// sample is the result of one run.
type sample struct {
	child.Result
	sink.Counts
}

// run runs one contender in a new process.
func (p *processes) run(ctx context.Context, j job) (s sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, childTimeout)
	defer cancel()
	j.spec.Target = contender.Target{URL: p.sink.HTTP}
	if j.tls {
		j.spec.Target = contender.Target{URL: p.sink.HTTPS, CA: p.sink.CA}
	}
	if contender.HasFiles(j.contender) {
		place, err := contender.NewPlace()
		if err != nil {
			return s, err
		}
		defer func() { err = errors.Join(err, place.Remove()) }()
		j.spec.Target.Place = place
	}
	spec, err := json.Marshal(j.spec)
	if err != nil {
		return s, err
	}
	if err := p.ask(ctx, sink.ResetPath, nil); err != nil {
		return s, err
	}
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(ctx, p.program, childCommand)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.env, bytes.NewReader(spec), &out, &problems
	if err := cmd.Run(); err != nil {
		return s, fmt.Errorf("%s: %w: %s", j.key, errors.Join(err, ctx.Err()), bytes.TrimSpace(problems.Bytes()))
	}
	if err := json.Unmarshal(out.Bytes(), &s.Result); err != nil {
		return s, fmt.Errorf("%s: read result: %w", j.key, err)
	}
	if err := p.ask(ctx, sink.CountsPath, &s.Counts); err != nil {
		return s, err
	}
	if j.delivers() && s.Events != s.Logged {
		return s, fmt.Errorf("%s: logged %d events, the sink received %d", j.key, s.Logged, s.Events)
	}
	return s, nil
}

// ask sends a control request to the sink.
func (p *processes) ask(ctx context.Context, path string, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.sink.HTTP+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask sink: %w", err)
	}
	defer resp.Body.Close()
	if answer == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}
