package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/preflight"
	"github.com/cloudwatch-go/cloudwatch/internal/role"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

const sendHelp = `Send the events that ended processes left in a spool, with the current credentials.

Each event goes to the destination of its process: send lists the destinations and asks
for confirmation, unless --yes is given. --group, --stream, --region and --endpoint set
another destination, which is written into the files. An endpoint other than AWS is used
only if --endpoint or AWS_ENDPOINT_URL names it. Files with an invalid destination are
reported and skipped.

Acknowledged events are removed. Files in use are skipped. Modes that let other users
write to the directory or open a file are corrected first.

Exit code 1: something is left, or could not be read.`

const sendExamples = `  cloudwatch spool send /var/lib/myapp/logs
  cloudwatch spool send /var/lib/myapp/logs --yes --timeout 5m
  cloudwatch spool send /var/lib/myapp/logs --group rescued --endpoint http://127.0.0.1:4586`

type sendFlags struct {
	*spoolFlags
	to        segment.Header // nonempty fields replace those of the files
	profile   string
	role      role.Settings
	plainHTTP bool
	yes       bool
	timeout   time.Duration
}

func (p *program) sendCommand(s *spoolFlags) *cobra.Command {
	f := sendFlags{spoolFlags: s}
	cmd := p.spoolSubcommand(s, &cobra.Command{
		Use:     "send DIR",
		Short:   "Send the events of ended processes",
		Long:    sendHelp,
		Example: sendExamples,
	}, func(ctx context.Context, d *spoolDir) error { return p.sendSpool(ctx, d, &f) })
	fs := cmd.Flags()
	fs.StringVar(&f.to.Group, "group", "", "send to the log group `NAME` instead")
	fs.StringVar(&f.to.Stream, "stream", "", "send to the log stream `NAME` instead")
	fs.StringVar(&f.to.Region, "region", "", "send to the AWS `REGION` instead")
	fs.StringVar(&f.to.Endpoint, "endpoint", "", "send to the endpoint `URL` instead")
	plainHTTPFlag(cmd, &f.plainHTTP)
	fs.StringVar(&f.profile, "profile", "", "`PROFILE` of the shared config (or AWS_PROFILE)")
	roleFlags(cmd, &f.role)
	fs.BoolVar(&f.yes, "yes", false, "do not ask")
	fs.DurationVar(&f.timeout, "timeout", 0, "give up after `TIME` (default never)")
	return cmd
}

// destination is the destination of one Writer; files of several log streams can share it.
type destination struct{ region, endpoint, group string }

// retarget replaces the fields of a header that flags set.
func (f *sendFlags) retarget(h *segment.Header) {
	h.Group = cmp.Or(f.to.Group, h.Group)
	h.Stream = cmp.Or(f.to.Stream, h.Stream)
	h.Region = cmp.Or(f.to.Region, h.Region)
	h.Endpoint = cmp.Or(f.to.Endpoint, h.Endpoint)
}

func (p *program) sendSpool(ctx context.Context, d *spoolDir, f *sendFlags) error {
	files, err := d.survey(ctx)
	if err != nil {
		return err
	}
	screen := newScreen(p.stderr)
	if len(files) > 0 {
		if err := p.checkSend(d, f); err != nil {
			return err
		}
	}
	var order []destination
	plan := map[destination]*resend{}
	check := destinations{p, f, map[segment.Header]error{}}
	for _, file := range files {
		if file.state == stateInUse {
			screen.say(fmt.Sprintf("cloudwatch: %s is in use by its process; skipped", file.name))
		}
		if file.unopened() {
			screen.say(fmt.Sprintf("cloudwatch: %s: %v", file.name, file.err))
		}
		if file.state != stateLeft && file.state != stateUnsafe {
			continue
		}
		if file.unsafe != nil && !byMode(file.unsafe) {
			screen.say(fmt.Sprintf("cloudwatch: not sent: %v", asItsUser(file.unsafe)))
			continue
		}
		h := *file.header
		f.retarget(&h)
		if allowed := p.endpoint(f.to.Endpoint); h.Endpoint != allowed {
			screen.say(fmt.Sprintf("cloudwatch: %s is for %s, not for %s: not sent; choose with --endpoint", file.name, hostOf(h.Endpoint), hostOf(allowed)))
			continue
		}
		if err := check.check(h); err != nil {
			screen.say(fmt.Sprintf("cloudwatch: %s: not sent: %s; choose with --group, --stream and --region", file.name, strings.TrimPrefix(message(err), "cloudwatch: ")))
			continue
		}
		to := destination{h.Region, h.Endpoint, h.Group}
		if plan[to] == nil {
			order = append(order, to)
			plan[to] = &resend{program: p, dir: d, flags: f, screen: screen, to: to}
		}
		plan[to].add(file, h)
	}
	for _, to := range order {
		screen.say("cloudwatch: " + plan[to].summary())
	}
	if len(order) > 0 {
		if err := p.confirm(ctx, "send?", f.yes); err != nil {
			return err
		}
	}
	if len(order) > 0 && d.unsafe != nil {
		if err := d.secure(); err != nil {
			return err
		}
	}
	limited := ctx
	if f.timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	var lost int64
	code := exitDone
	for _, to := range order {
		r := plan[to]
		if err := r.run(limited); err != nil {
			screen.say(message(err))
			code = max(code, exitFailed)
		}
		lost += r.lost
		if r.failure != nil {
			code = max(code, r.failure.code())
		}
	}
	left, err := d.left(context.WithoutCancel(ctx))
	switch {
	case err != nil:
		return err
	case left != "":
		screen.say("cloudwatch: left: " + left)
		return cmp.Or(ctx.Err(), exit(max(code, exitFailed)))
	case lost > 0 && code == exitDone:
		return exit(exitLoss)
	}
	return exit(code)
}

// checkSend returns an error for what is invalid independently of the files.
func (p *program) checkSend(d *spoolDir, f *sendFlags) error {
	if d.unsafe != nil && !byMode(d.unsafe) {
		return asItsUser(d.unsafe)
	}
	h := segment.Header{Group: "any", Stream: "any", Region: defaultRegion}
	f.retarget(&h)
	if err := p.tryDestination(f, h); err != nil {
		return wrongUsage(err)
	}
	return nil
}

// destinations caches which destinations events can be sent to.
type destinations struct {
	p     *program
	f     *sendFlags
	known map[segment.Header]error // only the destination fields of the key are set
}

// check calls tryDestination once for each destination.
func (d *destinations) check(h segment.Header) error {
	h = segment.Header{Region: h.Region, Endpoint: h.Endpoint, Group: h.Group, Stream: h.Stream}
	err, ok := d.known[h]
	if !ok {
		err = d.p.tryDestination(d.f, h)
		d.known[h] = err
	}
	return err
}

// tryDestination returns why the library would refuse the destination of a header, which may be forged.
func (p *program) tryDestination(f *sendFlags, h segment.Header) error {
	if f.to.Region == "" { // an empty region would come from the environment
		if err := preflight.Region("its region", h.Region); err != nil {
			return err
		}
	}
	w, err := cloudwatch.NewWriter(literal(h.Group), p.sendOptions(f, destination{h.Region, h.Endpoint, h.Group}, h.Stream))
	if err != nil {
		return err
	}
	return w.Close()
}

// sendOptions returns the options of a Writer, without a spool.
func (p *program) sendOptions(f *sendFlags, to destination, stream string) *cloudwatch.Options {
	o := &cloudwatch.Options{
		LogStream:      literal(stream),
		Region:         to.region,
		Endpoint:       to.endpoint,
		AllowPlainHTTP: f.plainHTTP,
		Profile:        f.profile,
		RoleARN:        f.role.ARN,
		ExternalID:     f.role.ExternalID,
		OnError:        cloudwatch.Silent, // the caller reports what Close returns
	}
	p.withoutAccount(o)
	return o
}

// literal escapes placeholders in a name: the header of a file must not make the library fill in values
// of this machine.
func literal(name string) string { return strings.NewReplacer("{", "{{", "}", "}}").Replace(name) }

// left describes what remains in a spool, files in use excluded; "": nothing.
func (d *spoolDir) left(ctx context.Context) (string, error) {
	files, err := d.survey(ctx)
	if err != nil {
		return "", err
	}
	files = slices.DeleteFunc(files, func(f *spoolFile) bool { return f.state == stateInUse })
	if len(files) == 0 {
		return "", nil
	}
	return total(files), nil
}

func hostOf(endpoint string) string { return cmp.Or(endpoint, "AWS") }

// confirm asks a question on the terminal. Without a terminal, it requires --yes.
func (p *program) confirm(ctx context.Context, question string, yes bool) error {
	if yes {
		return nil
	}
	if _, ok := terminal(p.stdin); !ok {
		return wrongUsage(fmt.Errorf("%s no terminal to confirm; use --yes", question))
	}
	fmt.Fprintf(p.stderr, "cloudwatch: %s [y/N] ", printable(question))
	answer := make(chan string, 1)
	go func() { // a read from a terminal cannot be interrupted
		line, _ := bufio.NewReader(p.stdin).ReadString('\n') // the end of input counts as no
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case a := <-answer:
		if a == "y" || a == "yes" {
			return nil
		}
	}
	return failed(errors.New("canceled; nothing was changed"))
}
