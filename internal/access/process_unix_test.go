//go:build unix

package access

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
)

// credentialProcess writes a script that records the PID of the process it starts in a file, and
// hangs until a file "go on" exists. It returns a config file that names the script.
func credentialProcess(t *testing.T) (dir, configFile string) {
	t.Helper()
	dir = t.TempDir()
	script := "#!/bin/sh\ncd '" + dir + "'\n" +
		"if [ -e 'go on' ]; then echo '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"s\"}'; exit; fi\n" +
		"sleep 600 &\necho $! >>pids\nwait\n"
	if err := os.WriteFile(filepath.Join(dir, "run"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	configFile = filepath.Join(dir, "config")
	text := "[default]\nregion = us-east-1\ncredential_process = " + filepath.Join(dir, "run") + "\n"
	if err := os.WriteFile(configFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, pid := range started(t, dir) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return dir, configFile
}

// started returns the PIDs of the processes that the script started.
func started(t *testing.T, dir string) (pids []int) {
	t.Helper()
	text, _ := os.ReadFile(filepath.Join(dir, "pids")) // missing until the first start
	for _, field := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// gone reports whether a process has exited. A zombie has: its parent may reap it later.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

// atTerminal reports whether the test has a terminal: then only the shell of a process is killed.
func atTerminal(t *testing.T) bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	tty.Close()
	t.Log("at a terminal")
	return true
}

func withProcess(t *testing.T, configFile string) {
	t.Setenv("AWS_CONFIG_FILE", configFile)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
}

// At most one process runs, however many requests time out and refresh. Close ends it, and without
// a terminal its children too.
func TestCredentialProcessThatHangs(t *testing.T) {
	dir, configFile := credentialProcess(t)
	withProcess(t, configFile)
	c, err := NewClient(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(0)
	retrieve := func(within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		_, err := c.Options().Credentials.Retrieve(ctx)
		return err
	}
	for range 10 {
		var failure *deliver.CredentialsError
		if err := retrieve(50 * time.Millisecond); !errors.As(err, &failure) {
			t.Fatalf("got %v", err)
		}
		c.RenewCredentials()
	}
	eventually(t, "no process was started", func() bool { return len(started(t, dir)) > 0 })
	time.Sleep(100 * time.Millisecond)
	pids := started(t, dir)
	if len(pids) != 1 || gone(pids[0]) {
		t.Errorf("processes %v, the first one has ended: %v", pids, gone(pids[0]))
	}
	began := time.Now()
	c.Close(time.Minute)
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("the retrieval ended %v after close", took)
	}
	if !atTerminal(t) {
		eventually(t, "the process still runs after close", func() bool { return gone(pids[0]) })
	}
}

// A process that hangs is killed at its timeout, without a terminal together with its children,
// so the next one can succeed.
func TestCredentialProcessIsEndedInTime(t *testing.T) {
	dir, configFile := credentialProcess(t)
	withProcess(t, configFile)
	cfg, err := load(t.Context(), config.LoadOptions{ProcessCredentialOptions: func(o *processcreds.Options) { o.Timeout = 500 * time.Millisecond }})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := cfg.Credentials.Retrieve(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("the retrieval took %v", took)
	}
	if !atTerminal(t) {
		for _, pid := range started(t, dir) {
			eventually(t, "a process still runs", func() bool { return gone(pid) })
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go on"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil || got.AccessKeyID != "AK" {
		t.Errorf("next retrieval: %v, %v", got.AccessKeyID, err)
	}
	sources := cfg.Credentials.(aws.CredentialProviderSource).ProviderSources()
	if len(sources) != 2 || sources[0] != aws.CredentialSourceProfileProcess || sources[1] != aws.CredentialSourceProcess {
		t.Errorf("sources %v", sources)
	}
}

// The SDK quotes output that it cannot parse, including keys.
func TestErrorsHideTheOutputOfACredentialProcess(t *testing.T) {
	for name, output := range map[string]string{
		"not JSON":                  `{"Version":1,"SecretAccessKey":"hush"`,
		"a line before it":          `warning {"Version":1,"AccessKeyId":"hush","SecretAccessKey":"hush"}`,
		"a version of another type": `{"Version":"1","SecretAccessKey":"hush","SessionToken":"hush"}`,
		"a time that is none":       `{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"hush","Expiration":"soon"}`,
		"keys as a time":            `{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"s","Expiration":"hush"}`,
		"a key as a number":         `{"Version":1,"AccessKeyId":"AK","SecretAccessKey":4815162342}`,
	} {
		file := filepath.Join(t.TempDir(), "output")
		if err := os.WriteFile(file, []byte(output), 0o600); err != nil {
			t.Fatal(err)
		}
		p := processcreds.NewProvider("cat " + file)
		for how, provider := range map[string]aws.CredentialsProvider{
			"alone": p, "cached": aws.NewCredentialsCache(p), "wrapped in an assumed role": failing{p, func(err error) error {
				return &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRole", Err: err}
			}},
			"one of several": failing{p, func(err error) error { return errors.Join(errors.New("no keys"), err) }},
		} {
			source := &credentialsSource{life: t.Context(), provider: provider}
			_, err := source.Retrieve(t.Context())
			var failure *deliver.CredentialsError
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), "credential_process: read output") {
				t.Errorf("%s, %s: %v", name, how, err)
			}
			for inner := err; inner != nil; inner = errors.Unwrap(inner) {
				if text := inner.Error(); strings.Contains(text, "hush") || strings.Contains(text, "4815162342") {
					t.Errorf("%s, %s: %v", name, how, inner)
				}
			}
		}
	}
}

// failing is a provider that wraps the error of another one.
type failing struct {
	aws.CredentialsProvider
	wrap func(error) error
}

func (f failing) Retrieve(ctx context.Context) (aws.Credentials, error) {
	got, err := f.CredentialsProvider.Retrieve(ctx)
	return got, f.wrap(err)
}
