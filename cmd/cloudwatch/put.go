package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch"
)

const putHelp = `Send standard input, or files, to a log group. Each line is an event.

Log group and log stream are created when they are missing. Without --stream
each run has a stream of its own, named after the time. Blank lines are skipped,
for the service takes no empty event.

Nothing is dropped when the service is slow: put then reads more slowly, and its
memory stays small however large the input is. It ends when everything is
delivered. While the service cannot be reached it keeps trying. It gives up when
only somebody else can help: no credentials, no permission, or a missing log
group with --no-create; see --keep-trying.

The first Ctrl-C stops reading and sends what was read, the second one quits.

Credentials are never flags. They are found as the AWS command line finds them.
An endpoint on this machine needs no account: if there are no credentials in the
environment and no profile, made-up ones are used.`

const putExamples = `  cloudwatch put my_log_group < app.log
  cloudwatch put my_log_group --stream web-1 --retention 30 access.log error.log
  my_program 2>&1 | cloudwatch put my_log_group
  cloudwatch put my_log_group --endpoint http://127.0.0.1:4586 < app.log`

// putBufferBytes is the most memory that events take while they wait. It is
// enough to have a request in flight and the next ones ready.
const putBufferBytes = 16 << 20

// putFlags are the flags of put.
type putFlags struct {
	stream       string
	endpoint     string
	region       string
	profile      string
	retention    int
	noCreate     bool
	oversize     oversize
	timeout      time.Duration
	drainTimeout time.Duration
	keepTrying   bool
	quiet        bool
}

func (p *program) putCommand() *cobra.Command {
	var f putFlags
	cmd := &cobra.Command{
		Use:                   "put GROUP [FILE...]",
		Short:                 "Send standard input or files, a line an event",
		Long:                  putHelp,
		Example:               putExamples,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return errors.New("a log group is missing: cloudwatch put GROUP")
			case f.timeout < 0 || f.drainTimeout < 0:
				return errors.New("a time span cannot be negative")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return p.put(args[0], args[1:], f)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.stream, "stream", "s", "", "log stream `NAME`, may hold {hostname}, {pid} and others")
	fs.StringVar(&f.endpoint, "endpoint", "", "`URL` of a local or VPC endpoint (or AWS_ENDPOINT_URL)")
	fs.StringVar(&f.region, "region", "", "AWS `REGION` (or AWS_REGION)")
	fs.StringVar(&f.profile, "profile", "", "`PROFILE` of the shared config (or AWS_PROFILE)")
	fs.IntVar(&f.retention, "retention", 0, "keep events `DAYS` days, if put makes the log group")
	fs.BoolVar(&f.noCreate, "no-create", false, "fail if log group or log stream does not exist")
	fs.Var(&f.oversize, "oversize", "split, truncate or drop a line over 1 MiB")
	fs.DurationVar(&f.timeout, "timeout", 0, "give up `TIME` after the end of input (default never)")
	fs.DurationVar(&f.drainTimeout, "drain-timeout", 10*time.Second, "give up `TIME` after Ctrl-C")
	fs.BoolVar(&f.keepTrying, "keep-trying", false, "keep trying without credentials or permission")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress, no summary, only what goes wrong")
	return cmd
}

func (p *program) put(group string, files []string, f putFlags) error {
	inputs, err := p.inputs(files)
	if err != nil {
		return failed(err)
	}
	screen := newScreen(p.stderr)
	trouble := &trouble{
		screen:     screen,
		noCreate:   f.noCreate,
		keepTrying: f.keepTrying,
		hopeless:   make(chan int, 1),
	}
	options := &cloudwatch.Options{
		LogStream:     f.stream,
		Endpoint:      f.endpoint,
		Region:        f.region,
		Profile:       f.profile,
		RetentionDays: f.retention,
		NoCreate:      f.noCreate,
		Oversize:      f.oversize.Oversize,
		OnFull:        cloudwatch.Block,
		BufferBytes:   putBufferBytes,
		OnError:       trouble.tell,
	}
	p.withoutAccount(options)
	w, err := cloudwatch.NewWriter(group, options)
	switch {
	case errors.Is(err, cloudwatch.ErrNoRegion):
		return wrongUsage(errors.New("no AWS region: use --region, or set AWS_REGION, or region in the shared config"))
	case err != nil:
		return wrongUsage(err)
	}
	_, typed := terminal(p.stdin)
	if typed = typed && len(files) == 0; typed && !f.quiet {
		screen.say("cloudwatch: type lines, Ctrl-D ends")
	}
	if typed || f.quiet {
		screen.terminal = false // no status line; it would get between typed lines
	}
	feed := newFeed(w, inputs, func(err error) { screen.say(message(err)) })
	s := &shipment{
		writer:       w,
		feed:         feed,
		screen:       screen,
		signals:      p.signals,
		hopeless:     trouble.hopeless,
		timeout:      f.timeout,
		drainTimeout: f.drainTimeout,
	}
	o := s.run()
	if n := o.undelivered(); n > 0 {
		screen.say("cloudwatch: " + events(n) + " not delivered")
	}
	if o.hopeless != 0 && !o.complete {
		screen.say("cloudwatch: stopped before the end of the input; --keep-trying goes on")
	}
	if !f.quiet {
		screen.say("cloudwatch: " + summary(o, group, w.LogStream()))
	}
	return exit(o.code(feed.failed.Load(), trouble.retentionDenied.Load()))
}

// summary is what was done, for the last line.
func summary(o outcome, group, stream string) string {
	s := o.stats
	text := fmt.Sprintf("sent %s", events(s.Delivered))
	if s.Delivered > 0 {
		text += fmt.Sprintf(" (%s, %s) in %s", size(s.DeliveredBytes), counted(s.Batches, "batch", "batches"), duration(o.took))
	}
	text += fmt.Sprintf(" to log group %s, stream %s", group, stream)
	if n := o.lost(); n > 0 {
		text += fmt.Sprintf("; %s lost", count(n))
	}
	if n := s.Dropped.Empty; n > 0 {
		text += "; " + counted(n, "blank line", "blank lines") + " skipped"
	}
	return text
}

// oversize is a flag.
type oversize struct{ cloudwatch.Oversize }

var oversizeNames = [...]string{cloudwatch.Split: "split", cloudwatch.Truncate: "truncate", cloudwatch.Drop: "drop"}

func (o *oversize) String() string { return oversizeNames[o.Oversize] }
func (o *oversize) Type() string   { return "HOW" }

func (o *oversize) Set(name string) error {
	for value, n := range oversizeNames {
		if n == name {
			o.Oversize = cloudwatch.Oversize(value)
			return nil
		}
	}
	return errors.New("must be split, truncate or drop")
}
