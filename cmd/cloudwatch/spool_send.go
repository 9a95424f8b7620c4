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

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

const sendHelp = `Send what processes that have ended left in a spool, with the credentials there are now.

Each event goes where its process would have sent it: send shows where that is, and asks
first, or takes --yes for an answer. --group, --stream, --region and --endpoint name
another destination, which is then written into the files. An endpoint other than AWS is
never used unless it is named by --endpoint or AWS_ENDPOINT_URL.

What the service has confirmed is removed. Files in use are left to their processes.

Exit code 1: something is left.`

const sendExamples = `  cloudwatch spool send /var/lib/myapp/logs
  cloudwatch spool send /var/lib/myapp/logs --yes --timeout 5m
  cloudwatch spool send /var/lib/myapp/logs --group rescued --endpoint http://127.0.0.1:4586`

type sendFlags struct {
	*spoolFlags
	to      segment.Header // what is not empty replaces what the files say
	profile string
	yes     bool
	timeout time.Duration
}

func (p *program) sendCommand(s *spoolFlags) *cobra.Command {
	f := sendFlags{spoolFlags: s}
	cmd := p.spoolSubcommand(s, &cobra.Command{
		Use:     "send DIR",
		Short:   "Send what processes left",
		Long:    sendHelp,
		Example: sendExamples,
	}, func(ctx context.Context, d *spoolDir) error { return p.sendSpool(ctx, d, &f) })
	fs := cmd.Flags()
	fs.StringVar(&f.to.Group, "group", "", "send to the log group `NAME` instead")
	fs.StringVar(&f.to.Stream, "stream", "", "send to the log stream `NAME` instead")
	fs.StringVar(&f.to.Region, "region", "", "send to the AWS `REGION` instead")
	fs.StringVar(&f.to.Endpoint, "endpoint", "", "send to the endpoint `URL` instead")
	fs.StringVar(&f.profile, "profile", "", "`PROFILE` of the shared config (or AWS_PROFILE)")
	fs.BoolVar(&f.yes, "yes", false, "do not ask")
	fs.DurationVar(&f.timeout, "timeout", 0, "give up after `TIME` (default never)")
	return cmd
}

// destination is what a Writer has one of; files of several log streams can share it.
type destination struct{ region, endpoint, group string }

// retarget replaces in a header what the flags name.
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
	var order []destination
	plan := map[destination]*resend{}
	for _, file := range files {
		if file.state == stateInUse {
			screen.say(fmt.Sprintf("cloudwatch: %s is in use: left to its process", file.name))
		}
		if file.state != stateLeft {
			continue
		}
		h := *file.header
		f.retarget(&h)
		if allowed := p.endpoint(f.to.Endpoint); h.Endpoint != allowed {
			screen.say(fmt.Sprintf("cloudwatch: %s is for %s, not for %s: not sent; --endpoint says where", file.name, hostOf(h.Endpoint), hostOf(allowed)))
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
			return err
		}
		lost += r.lost
		code = max(code, r.hopeless)
	}
	left, err := d.left(context.WithoutCancel(ctx))
	switch {
	case err != nil:
		return err
	case left != "":
		screen.say("cloudwatch: left: " + left)
		return cmp.Or(ctx.Err(), exit(max(code, exitFailed)))
	case lost > 0:
		return exit(exitLoss)
	}
	return nil
}

// left says what a spool still has that is not in use, "" if that is nothing.
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

// confirm asks whoever is at the terminal. Without one, the answer must be in the
// command line.
func (p *program) confirm(ctx context.Context, question string, yes bool) error {
	if yes {
		return nil
	}
	if _, ok := terminal(p.stdin); !ok {
		return wrongUsage(fmt.Errorf("%s nobody is here to answer: use --yes", question))
	}
	fmt.Fprintf(p.stderr, "cloudwatch: %s [y/N] ", question)
	answer := make(chan string, 1)
	go func() { // a read from a terminal cannot be interrupted
		line, _ := bufio.NewReader(p.stdin).ReadString('\n') // the end of input is no answer
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
	return failed(errors.New("nothing was done"))
}
