package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch/internal/sqlite"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// serveHelp is a function because kindsHelp is one.
func serveHelp() string {
	return `Serve CloudWatch Logs on this machine, without an AWS account.

Programs, SDKs and the AWS CLI use it like the real service; serve prints the
environment to set for them. It enforces the documented rules of the service and
refuses operations that it does not implement by name. It accepts any region and
any keys; with --access-key it checks signatures.

Events are kept in an SQLite database in the directory of --data, or with --memory
until serve ends. A request that was answered survives the end of the process, even
by kill -9.

With a command after --, serve runs that command with the environment set for a new
endpoint, in memory and on a free port, and exits with its exit code.

--fault makes requests fail, to test how a program reacts:

  OPERATION:KIND[,KIND...][:HOW...]

OPERATION is a name such as PutLogEvents, or * for all. HOW selects the requests: a
share such as 20%, 3x for the first three, over=SIZE for larger bodies (as sent), or,
as the last one, with=TEXT for PutLogEvents with TEXT in a message. The default is
every request. The kinds:

` + kindsHelp() + `

GET /_cloudwatch/requests returns the request log as JSON, with reasons of refusals.`
}

const serveExamples = `  cloudwatch serve
  eval "$(cloudwatch serve --print-env)"
  cloudwatch serve -- go test ./...
  cloudwatch serve --memory --fault PutLogEvents:throttle:20% --fault '*:slow=200ms'
  cloudwatch serve --memory --fault PutLogEvents:html=413,unread:over=1MiB
  cloudwatch serve --memory --fault 'PutLogEvents:html=403:with=<script>'`

const (
	// serveAddr is the default of --addr.
	serveAddr = "127.0.0.1:4586"

	// serveConnections is far more than the clients of one machine use at a time.
	serveConnections = 512

	// serveRequests is the length of the request log.
	serveRequests = 5000

	// serveMemory is the default of --max-bytes with --memory.
	serveMemory = 512 << 20
)

type serveFlags struct {
	addr        string
	allowRemote bool
	data        string
	memory      bool
	maxBytes    byteSize
	maxAge      age
	keys        []string
	faults      []string
	printEnv    bool
	command     []string // after --
}

func (p *program) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:                   "serve [-- COMMAND [ARG...]]",
		Short:                 "Serve CloudWatch Logs on this machine",
		Long:                  serveHelp(),
		Example:               serveExamples,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			switch dash := cmd.ArgsLenAtDash(); {
			case dash > 0, dash < 0 && len(args) > 0:
				return fmt.Errorf("serve takes no argument %q; write a command after --", args[0])
			case dash == 0 && len(args) == 0:
				return errors.New("no command after --")
			case f.memory && f.data != "":
				return errors.New("--memory and --data exclude each other")
			}
			f.command = args
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.printEnv {
				return p.printEnv("http://" + f.address())
			}
			return p.serve(cmd.Context(), f)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.addr, "addr", "", "listen on `HOST:PORT`; port 0 selects a free port (default "+serveAddr+")")
	fs.BoolVar(&f.allowRemote, "allow-remote", false, "allow an --addr that other machines can reach, without encryption")
	fs.StringVar(&f.data, "data", "", "keep events in `DIR` (default ~/.local/share/cloudwatch/endpoint)")
	fs.BoolVar(&f.memory, "memory", false, "keep events in memory")
	fs.Var(&f.maxBytes, "max-bytes", "delete the oldest events above `SIZE`, such as 2GB (default no limit; 512MB with --memory)")
	fs.Var(&f.maxAge, "max-age", "delete events older than `AGE`, such as 36h or 7d (default no limit)")
	fs.StringArrayVar(&f.keys, "access-key", nil, "check signatures with `ID:FILE`, ID:env:NAME, or ID and AWS_SECRET_ACCESS_KEY")
	fs.StringArrayVar(&f.faults, "fault", nil, "make requests fail, `OPERATION:KIND[:HOW]`")
	fs.BoolVar(&f.printEnv, "print-env", false, "print the environment for clients as shell commands, and exit")
	return cmd
}

// address returns the address to listen on.
func (f *serveFlags) address() string {
	switch {
	case f.addr != "":
		return f.addr
	case len(f.command) > 0:
		return "127.0.0.1:0"
	}
	return serveAddr
}

// serve runs the endpoint until a signal arrives or the command after -- ends.
func (p *program) serve(ctx context.Context, f serveFlags) error {
	keys, err := p.accessKeys(f.keys)
	if err != nil {
		return wrongUsage(err)
	}
	faults, err := parseFaults(f.faults)
	if err != nil {
		return wrongUsage(err)
	}
	store, kept, err := p.openStore(&f)
	if err != nil {
		return failed(err)
	}
	defer store.Close()
	server, err := endpoint.Open(f.options(store, keys))
	if err != nil {
		return failed(f.explain(err))
	}
	defer server.Close()
	for _, fault := range faults {
		server.Inject(fault)
	}
	if len(f.command) > 0 {
		err = p.runCommand(f.command, clientEnv(server.URL, keys))
	} else {
		p.announce(server.URL, kept, keys)
		ctx, stop := p.untilSignal(ctx)
		defer stop()
		<-ctx.Done()
		err = context.Cause(ctx)
	}
	if closing := errors.Join(server.Close(), store.Close()); closing != nil {
		return failed(closing)
	}
	return err
}

func (f *serveFlags) options(store logstore.Store, keys accessKeys) endpoint.Options {
	o := endpoint.Options{
		Addr:           f.address(),
		AllowRemote:    f.allowRemote,
		Keys:           keys.secrets(),
		MaxConnections: serveConnections,
		MaxRequests:    serveRequests,
		SweepEvery:     time.Minute,
		MaxAge:         time.Duration(f.maxAge),
		MaxBytes:       int64(f.maxBytes),
		Store:          store,
	}
	if f.memory && o.MaxBytes == 0 {
		o.MaxBytes = serveMemory
	}
	if o.MaxBytes > 0 || o.MaxAge > 0 && o.MaxAge < time.Hour {
		o.SweepEvery = time.Second
	}
	return o
}

// explain adds the next step to an error of listening.
func (f *serveFlags) explain(err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use, perhaps by another 'cloudwatch serve': stop it, or choose another address with --addr", f.address())
	case errors.Is(err, endpoint.ErrAllowRemote):
		return fmt.Errorf("other machines can reach %s; to allow that, without encryption, use --allow-remote", f.address())
	}
	return err
}

// openStore returns the store and a description of where it keeps events.
func (p *program) openStore(f *serveFlags) (logstore.Store, string, error) {
	if len(f.command) > 0 && f.data == "" {
		f.memory = true
	}
	if f.memory {
		return logstore.NewMemory(), "in memory", nil
	}
	s, err := p.openData(f.data)
	if err != nil {
		return nil, "", err
	}
	return s, "in " + s.Path(), nil
}

// openData opens the store in a directory; "" means the default directory.
func (p *program) openData(dir string) (*sqlite.Store, error) {
	if dir == "" {
		if dir = defaultData(p.getenv); dir == "" {
			return nil, errors.New("no home directory: choose a directory with --data, or use --memory")
		}
	}
	s, err := sqlite.Open(dir)
	if errors.Is(err, sqlite.ErrInUse) {
		return nil, fmt.Errorf("%s is in use by another 'cloudwatch serve': stop it, or choose another directory with --data", dir)
	}
	return s, err
}

// defaultData returns the default directory of the store, by the XDG Base Directory Specification; ""
// if there is no home directory.
func defaultData(getenv func(string) string) string {
	base := getenv("XDG_DATA_HOME")
	switch home := getenv("HOME"); {
	case filepath.IsAbs(base):
	case runtime.GOOS == "windows":
		base = getenv("LocalAppData")
	case home != "":
		base = filepath.Join(home, ".local", "share")
	default:
		base = ""
	}
	if base == "" {
		return ""
	}
	return filepath.Join(base, "cloudwatch", "endpoint")
}

// announce prints the address of the endpoint and how to use it.
func (p *program) announce(url, kept string, keys accessKeys) {
	var b strings.Builder
	fmt.Fprintf(&b, "cloudwatch: serving CloudWatch Logs at %s, events are kept %s\n", url, printable(kept))
	fmt.Fprintf(&b, "\n  # programs and SDKs\n")
	for _, v := range clientEnv(url, keys).shown() {
		fmt.Fprintf(&b, "  export %s\n", v)
	}
	fmt.Fprintf(&b, "\n  # the AWS CLI; old versions ignore AWS_ENDPOINT_URL\n")
	fmt.Fprintf(&b, "  aws --endpoint-url %s logs tail my_log_group --follow\n", url)
	fmt.Fprintf(&b, "\ncloudwatch: press Ctrl-C to stop\n")
	_, _ = io.WriteString(p.stderr, b.String()) // an error could not be reported
}
