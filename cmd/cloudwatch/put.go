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

const putHelp = `Send standard input, or files, to a log group. Each line is an event.

Log group and log stream are created when they are missing. Without --stream
each run has a stream of its own, named after the time. Blank lines are skipped,
for the service takes no empty event. Both names may hold {hostname}, {pid},
{program}, {random}, {time:2006/01/02} (a layout of Go, in UTC), {env:NAME},
{region}, {container_id} and {instance_id} (of EC2, asked for a second at most;
the host name stands in for an id that cannot be had).

Input is text in UTF-8; UTF-16 and UTF-32 are read if they begin with a byte
order mark, and gzip is unpacked, whatever the name of the file. What begins as
no text is refused. With --binary, input is sent as it is, still a line an event:
nothing is decoded, and nothing refused. A byte that is not UTF-8 becomes U+FFFD,
for the service takes no other text.

An event has the time at which its line was read. With --timestamp it has the
time at the beginning of its line, or in the field time, timestamp, ts or
@timestamp of a JSON object, if there is one. RFC 3339, ISO 8601 with a blank or
a comma, the common log format, syslog, the formats of Go, nginx and Apache, and
seconds or milliseconds since 1970 are known; --timestamp-layout gives another
one, in the notation of Go: '02.01.2006 15:04:05'. A time without a zone is local
(TZ), one without a year is the last one that is not in the future. The service
takes no event of more than 14 days ago: such ones get the present time, and a
note with their own.

With --multiline, lines that are indented, and those of stack traces of Java,
.NET, Python and Go, belong to the event before; so does every line that
--multiline-pattern does not match. An event ends when no line follows for a
second, and where it would be larger than the service takes.

Nothing is dropped when the service is slow: put then reads more slowly, and its
memory stays small however large the input is. It ends when everything is
delivered. It keeps trying when the service is throttling or fails, and when it
has delivered something before it could not reach the service any more. It gives
up when only somebody else can help: no credentials, no permission, a log group
that cannot be created, a host that does not exist or does not answer; see
--keep-trying.

The first Ctrl-C stops reading and sends what was read, the second one quits.

Credentials are never flags. They are found as the AWS command line finds them.
With --role-arn they assume a role, such as one of another account.
An endpoint on this machine needs no account: if there are no credentials in the
environment and no profile, made-up ones are used.`

const putExamples = `  cloudwatch put my_log_group < app.log
  cloudwatch put my_log_group --stream web-1 --retention 30 access.log error.log
  my_program 2>&1 | cloudwatch put my_log_group --multiline
  cloudwatch put my_log_group --timestamp --timeout 5m app.log.2.gz app.log.1 app.log
  cloudwatch put my_log_group --endpoint http://127.0.0.1:4586 < app.log`

// putBufferBytes is the most memory that events take while they wait. It is
// enough to have a request in flight and the next ones ready.
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
			case f.noCreate && f.retention != 0:
				return errors.New("--no-create excludes --retention: it applies at creation only")
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
	fs.IntVar(&f.retention, "retention", 0, "keep events `DAYS` days, if put makes the log group")
	fs.BoolVar(&f.noCreate, "no-create", false, "fail if log group or log stream does not exist")
	fs.Var(&f.oversize, "oversize", "split, truncate or drop a line over 1 MiB")
	fs.BoolVar(&f.multiline, "multiline", false, "join indented lines and stack traces to the event before")
	fs.StringVar(&f.pattern, "multiline-pattern", "", "join lines to the event before, unless `REGEXP` matches")
	fs.BoolVar(&f.timestamp, "timestamp", false, "take the time from the line")
	fs.StringVar(&f.layout, "timestamp-layout", "", "take the time from the line, in a `LAYOUT` of Go")
	fs.BoolVar(&f.binary, "binary", false, "send input as it is: decode and refuse nothing")
	fs.DurationVar(&f.timeout, "timeout", 0, "give up `TIME` after the end of input (default never)")
	fs.DurationVar(&f.drainTimeout, "drain-timeout", 10*time.Second, "give up `TIME` after Ctrl-C")
	fs.BoolVar(&f.keepTrying, "keep-trying", false, "never give up, whatever fails")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress, no summary, only what goes wrong")
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
	trouble := &trouble{screen: screen, noCreate: f.noCreate}
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
		OnError:        trouble.tell,
	}
	p.withoutAccount(options)
	h, err := cloudwatch.NewHandler(group, options)
	if err != nil {
		return wrongUsage(err)
	}
	text.lines = h.Writer()
	text.event = func(at time.Time, event []byte) {
		_ = h.Handle(context.Background(), slog.Record{Time: at, Message: string(event)}) // a loss is counted
	}
	_, typed := terminal(p.stdin)
	if typed = typed && len(files) == 0; typed && !f.quiet {
		screen.say("cloudwatch: type lines, Ctrl-D ends")
	}
	if typed || f.quiet {
		screen.terminal = false // no status line; it would get between typed lines
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
	return exit(o.code(feed.failed.Load(), int(trouble.retention.Load())))
}

// assembler returns what makes events of lines, without its ends.
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
			return nil, fmt.Errorf("--timestamp-layout %s: not a layout; write the time 2 January 2006, 15:04:05, in your format, such as '02.01.2006 15:04:05'", f.layout)
		}
		a.time = (&stampReader{layout: f.layout, zone: time.Local, now: time.Now}).read
	}
	return a, nil
}

// bareHandler writes the message of a record and nothing else.
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

// shortfall says what is missing, if something is.
func shortfall(o outcome, lines int64) (text []string) {
	if n := o.undelivered(); n > 0 {
		text = append(text, fmt.Sprintf("%s not delivered (%s read, %s delivered)", events(n), counted(lines, "line", "lines"), events(o.stats.Delivered)))
	}
	if !o.complete && o.signal == nil {
		text = append(text, fmt.Sprintf("stopped before the end of the input, after %s", counted(lines, "line", "lines")))
	}
	if o.trouble != nil && len(text) > 0 {
		text = append(text, "given up: "+o.trouble.cause+"; --keep-trying goes on")
	}
	return text
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
