package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch/internal/sqlite"
	"github.com/cloudwatch-go/cloudwatch/internal/logstore"
)

const serveHelp = `Be a CloudWatch Logs endpoint on this machine, without an AWS account.

Programs, SDKs and the AWS command line use it as they use the real one; what to
set for them is printed. It applies the documented rules of the service, and what
it cannot do it refuses by name. Any keys and any region will do.

Events are kept in an SQLite database in --data, in a file that sqlite3 opens, or
with --memory until serve ends. An answered request survives the end of the
process, however it comes.`

const serveExamples = `  cloudwatch serve
  cloudwatch serve --memory --addr 127.0.0.1:0
  eval "$(cloudwatch serve --print-env)"`

// serveAddr is where serve listens unless it is told otherwise.
const serveAddr = "127.0.0.1:4586"

type serveFlags struct {
	addr     string
	data     string
	memory   bool
	printEnv bool
}

func (p *program) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:                   "serve",
		Short:                 "Be a CloudWatch Logs endpoint on this machine",
		Long:                  serveHelp,
		Example:               serveExamples,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return errors.New("serve takes no arguments")
			case f.memory && f.data != "":
				return errors.New("--memory and --data exclude each other")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.printEnv {
				return p.printEnv("http://" + f.addr)
			}
			return p.serve(cmd.Context(), f)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.addr, "addr", serveAddr, "listen on `HOST:PORT`; port 0 takes a free one")
	fs.StringVar(&f.data, "data", "", "keep events in `DIR` (default "+defaultData(func(string) string { return "" })+")")
	fs.BoolVar(&f.memory, "memory", false, "keep events in memory")
	fs.BoolVar(&f.printEnv, "print-env", false, "print the environment of clients, for a shell, and exit")
	return cmd
}

// serve runs the endpoint until a signal comes.
func (p *program) serve(ctx context.Context, f serveFlags) error {
	ctx, stop := p.untilSignal(ctx)
	defer stop()
	store, kept, err := p.openStore(f)
	if err != nil {
		return failed(err)
	}
	defer store.Close()
	server, err := cloudwatchtest.Open(cloudwatchtest.Options{Addr: f.addr, Store: store})
	if err != nil {
		return failed(err)
	}
	p.announce(server.URL, kept)
	<-ctx.Done()
	if err := errors.Join(server.Close(), store.Close()); err != nil {
		return failed(err)
	}
	return context.Cause(ctx)
}

// openStore returns the store and where it keeps its events, in words.
func (p *program) openStore(f serveFlags) (logstore.Store, string, error) {
	if f.memory {
		return logstore.NewMemory(), "in memory", nil
	}
	dir := f.data
	if dir == "" {
		dir = defaultData(p.getenv)
	}
	s, err := sqlite.Open(dir)
	if err != nil {
		return nil, "", err
	}
	return s, "in " + s.Path(), nil
}

// defaultData is the directory of the store, as the XDG Base Directory
// Specification has it.
func defaultData(getenv func(string) string) string {
	base := getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(base) {
		home := getenv("HOME")
		if home == "" {
			home = "~"
		}
		base = filepath.Join(home, ".local", "share")
		if runtime.GOOS == "windows" {
			base = getenv("LocalAppData")
		}
	}
	return filepath.Join(base, "cloudwatch", "endpoint")
}

// environment is what clients of the endpoint need.
func environment(url string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + url,
		"AWS_ACCESS_KEY_ID=" + dummyKey,
		"AWS_SECRET_ACCESS_KEY=" + dummyKey,
		"AWS_REGION=" + defaultRegion,
		"AWS_DEFAULT_REGION=" + defaultRegion, // older ones look for this
		// For live tail, SDKs put "stream-" before the host otherwise.
		"AWS_DISABLE_HOST_PREFIX_INJECTION=true",
	}
}

func (p *program) printEnv(url string) error {
	for _, v := range environment(url) {
		if _, err := fmt.Fprintln(p.stdout, "export "+v); err != nil {
			return failed(err)
		}
	}
	return nil
}

// announce says where the endpoint is and how to use it.
func (p *program) announce(url, kept string) {
	fmt.Fprintf(p.stderr, "cloudwatch: CloudWatch Logs at %s, events are kept %s\n\n", url, kept)
	fmt.Fprintf(p.stderr, "  # for programs and SDKs\n")
	for _, v := range environment(url) {
		fmt.Fprintf(p.stderr, "  export %s\n", v)
	}
	fmt.Fprintf(p.stderr, "\n  # for the AWS command line, which may be too old for AWS_ENDPOINT_URL\n")
	fmt.Fprintf(p.stderr, "  aws --endpoint-url %s logs tail my_log_group --follow\n\n", url)
	fmt.Fprintf(p.stderr, "cloudwatch: Ctrl-C ends it\n")
}
