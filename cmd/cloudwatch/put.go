package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/role"
)

const putHelp = `Send standard input or files to a log group, one event per line.

put creates the log group and log stream if they do not exist. Without --stream,
each run creates a stream named by the time. Blank lines are skipped, because the
service accepts no empty events. Both names may contain {hostname}, {pid},
{program}, {random}, {time:2006/01/02} (a Go layout, in UTC), {env:NAME},
{region}, {container_id} and {instance_id} (of EC2; the lookup takes a second at
most). The host name replaces an id that is not available.

Input is UTF-8 text. UTF-16 and UTF-32 are converted if they begin with a byte
order mark, and gzip is decompressed, whatever the name of the file. Input that
does not begin like text is refused. With --binary, lines are sent without
decoding and checks. Bytes that are not UTF-8 become U+FFFD, because the service
accepts no other text.

An event has the time at which its line was read. With --timestamp it has the
time at the beginning of the line, or of the field time, timestamp, ts or
@timestamp of a JSON object, if there is one. Recognized formats are RFC 3339,
ISO 8601 with a space or comma, the common log format, syslog, those of Go, nginx
and Apache, and seconds or milliseconds since 1970; --timestamp-layout adds
another as a Go layout: '02.01.2006 15:04:05'. A time without a zone is local
(TZ); a time without a year is the most recent. The service does not accept
events older than 14 days: they are sent with the current time and a note of
their own time.

With --multiline, indented lines and the lines of Java, .NET, Python and Go stack
traces continue the previous event; with --multiline-pattern, so does every line
that does not match. An event ends when no line follows for a second, and at the
maximum size of an event.

put drops nothing when the service is slow: it reads more slowly, and uses little
memory for an input of any size. It ends when everything is delivered. It retries
when the service throttles or fails, and when the service becomes unreachable
after a delivery. It gives up when a retry cannot help: no credentials, no
permission, a log group that cannot be created, or a host that does not exist or
does not respond. With --keep-trying it never gives up.

The first Ctrl-C stops reading and sends what was read; the second one quits.

Credentials are never flags. put finds them like the AWS CLI. With --role-arn they
assume a role, for example one of another account. An endpoint on this machine
needs no account: without credentials in the environment and without a profile,
put uses dummy keys.`

const putExamples = `  cloudwatch put my_log_group < app.log
  cloudwatch put my_log_group --stream web-1 --retention 30 access.log error.log
  my_program 2>&1 | cloudwatch put my_log_group --multiline
  cloudwatch put my_log_group --timestamp --timeout 5m app.log.2.gz app.log.1 app.log
  cloudwatch put my_log_group --endpoint http://127.0.0.1:4586 < app.log`

// putBufferBytes bounds the memory of waiting events: enough for a request in flight and the next
// ones.
const putBufferBytes = 16 << 20

// putFlags are the flags of put.
type putFlags struct {
	stream       string
	endpoint     string
	plainHTTP    bool
	region       string
	profile      string
	role         role.Settings
	retention    int
	noCreate     bool
	oversize     oversize
	timeout      time.Duration
	drainTimeout time.Duration
	keepTrying   bool
	quiet        bool
	binary       bool
	multiline    bool
	pattern      string
	timestamp    bool
	layout       string
}

func (p *program) putCommand() *cobra.Command {
	var f putFlags
	cmd := &cobra.Command{
		Use:                   "put GROUP [FILE...]",
		Short:                 "Send standard input or files, one event per line",
		Long:                  putHelp,
		Example:               putExamples,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return errors.New("no log group given: cloudwatch put GROUP")
			case f.timeout < 0 || f.drainTimeout < 0:
				return errors.New("--timeout and --drain-timeout must not be negative")
			case f.noCreate && f.retention != 0:
				return errors.New("--no-create excludes --retention, which applies only at creation")
			}
			_, err := f.assembler()
			return err
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return p.put(args[0], args[1:], f)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.stream, "stream", "s", "", "log stream `NAME`, may hold {hostname}, {pid} and others")
	fs.StringVar(&f.endpoint, "endpoint", "", "`URL` of a local or VPC endpoint (or AWS_ENDPOINT_URL)")
	plainHTTPFlag(cmd, &f.plainHTTP)
	fs.StringVar(&f.region, "region", "", "AWS `REGION` (or AWS_REGION)")
	fs.StringVar(&f.profile, "profile", "", "`PROFILE` of the shared config (or AWS_PROFILE)")
	roleFlags(cmd, &f.role)
	fs.IntVar(&f.retention, "retention", 0, "keep events for `DAYS` days if put creates the log group")
	fs.BoolVar(&f.noCreate, "no-create", false, "fail if the log group or log stream does not exist")
	fs.Var(&f.oversize, "oversize", "split, truncate or drop lines over 1 MiB")
	fs.BoolVar(&f.multiline, "multiline", false, "append indented lines and stack traces to the previous event")
	fs.StringVar(&f.pattern, "multiline-pattern", "", "append lines to the previous event unless they match `REGEXP`")
	fs.BoolVar(&f.timestamp, "timestamp", false, "take the time from the line")
	fs.StringVar(&f.layout, "timestamp-layout", "", "take the time from the line, in a Go time `LAYOUT`")
	fs.BoolVar(&f.binary, "binary", false, "send input unchanged, without decoding or checks")
	fs.DurationVar(&f.timeout, "timeout", 0, "give up `TIME` after the end of the input (default never)")
	fs.DurationVar(&f.drainTimeout, "drain-timeout", 10*time.Second, "give up `TIME` after Ctrl-C")
	fs.BoolVar(&f.keepTrying, "keep-trying", false, "never give up")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "print only errors, no progress and no summary")
	return cmd
}

func (p *program) put(group string, files []string, f putFlags) error {
	inputs, err := p.inputs(files)
	if err != nil {
		return failed(err)
	}
	text, err := f.assembler()
	if err != nil {
		return wrongUsage(err)
	}
	screen := newScreen(p.stderr)
	notifier := &notifier{screen: screen, noCreate: f.noCreate}
	options := &cloudwatch.Options{
		LogStream:      f.stream,
		Endpoint:       f.endpoint,
		AllowPlainHTTP: f.plainHTTP,
		Region:         f.region,
		Profile:        f.profile,
		RoleARN:        f.role.ARN,
		ExternalID:     f.role.ExternalID,
		RetentionDays:  f.retention,
		NoCreate:       f.noCreate,
		Oversize:       f.oversize.Oversize,
		OnFull:         cloudwatch.Block,
		BufferBytes:    putBufferBytes,
		Format:         cloudwatch.Using(newBareHandler),
		OnError:        notifier.report,
	}
	p.withoutAccount(options)
	h, err := cloudwatch.NewHandler(group, options)
	if err != nil {
		return wrongUsage(err)
	}
	text.lines = h.Writer()
	text.event = func(at time.Time, event []byte) {
		_ = h.Handle(context.Background(), slog.Record{Time: at, Message: string(event)}) // the library counts a loss
	}
	_, typed := terminal(p.stdin)
	if typed = typed && len(files) == 0; typed && !f.quiet {
		screen.say("cloudwatch: type lines, Ctrl-D ends")
	}
	if typed || f.quiet {
		screen.terminal = false // no status line between typed lines
	}
	feed := &feed{
		to:     text,
		inputs: inputs,
		raw:    f.binary,
		tell:   func(err error) { screen.say(message(err)) },
		done:   make(chan struct{}),
	}
	go feed.run()
	s := &shipment{
		writer:       h,
		feed:         feed,
		screen:       screen,
		signals:      p.signals,
		judge:        &judge{noCreate: f.noCreate, keepTrying: f.keepTrying},
		timeout:      f.timeout,
		drainTimeout: f.drainTimeout,
	}
	o := s.run()
	for _, line := range shortfall(o, text.count.Load()) {
		screen.say("cloudwatch: " + line)
	}
	if !f.quiet {
		screen.say("cloudwatch: " + summary(o, h.LogGroup(), h.LogStream()))
	}
	return exit(o.code(feed.failed.Load(), int(notifier.retention.Load())))
}

// assembler returns an assembler without its outputs.
func (f *putFlags) assembler() (*assembler, error) {
	a := &assembler{split: f.oversize.Oversize == cloudwatch.Split}
	switch {
	case f.pattern != "":
		start, err := regexp.Compile(f.pattern)
		if err != nil {
			return nil, fmt.Errorf("--multiline-pattern: %w", err)
		}
		a.joins = patternJoiner{start}
	case f.multiline:
		a.joins = new(traceJoiner)
	}
	if f.timestamp || f.layout != "" {
		if f.layout != "" && time.Unix(1e9, 0).Format(f.layout) == f.layout {
			return nil, fmt.Errorf("--timestamp-layout %s: not a layout; write 2 January 2006, 15:04:05 in your format, for example '02.01.2006 15:04:05'", f.layout)
		}
		a.time = (&stampReader{layout: f.layout, zone: time.Local, now: time.Now}).read
	}
	return a, nil
}

// bareHandler writes only the message of a record.
type bareHandler struct {
	slog.Handler // never called
	w            io.Writer
}

func newBareHandler(w io.Writer, o *slog.HandlerOptions) slog.Handler {
	return bareHandler{slog.NewTextHandler(w, o), w}
}

func (h bareHandler) Handle(_ context.Context, r slog.Record) error {
	_, err := io.WriteString(h.w, r.Message+"\n")
	return err
}

// shortfall describes what was not read or delivered, if anything.
func shortfall(o outcome, lines int64) (text []string) {
	if n := o.undelivered(); n > 0 {
		text = append(text, fmt.Sprintf("%s not delivered (%s read, %s delivered)", events(n), counted(lines, "line", "lines"), events(o.stats.Delivered)))
	}
	if !o.complete && o.signal == nil {
		text = append(text, fmt.Sprintf("stopped before the end of the input, after %s", counted(lines, "line", "lines")))
	}
	if o.failure != nil && len(text) > 0 {
		text = append(text, "gave up: "+o.failure.cause+"; with --keep-trying, put retries forever")
	}
	return text
}

// summary returns the last line of a successful run.
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

// oversize is a flag value.
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
