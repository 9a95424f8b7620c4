package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

const exportHelp = `Write the undelivered events of a spool to standard output, one JSON object per line,
process by process, in the order in which they were logged. Nothing is changed. Events
that a running process moves or delivers meanwhile may be missing.

The message is exactly what would be sent. On a terminal, control characters are
written as JSON escapes.

Exit code 3: some events are damaged and missing. 1: something could not be read.`

const exportExamples = `  cloudwatch spool export /var/lib/myapp/logs > events.jsonl
  cloudwatch spool export /var/lib/myapp/logs | jq -r '[.time, .message] | @tsv'`

func (p *program) exportCommand(f *spoolFlags) *cobra.Command {
	all := false
	cmd := p.spoolSubcommand(f, &cobra.Command{
		Use:     "export DIR",
		Short:   "Write events as JSON lines",
		Long:    exportHelp,
		Example: exportExamples,
	}, func(ctx context.Context, d *spoolDir) error { return p.exportSpool(ctx, d, all) })
	cmd.Flags().BoolVar(&all, "all", false, "include acknowledged events that are still there")
	return cmd
}

func (p *program) exportSpool(ctx context.Context, d *spoolDir, all bool) error {
	files, err := d.survey(ctx)
	if err != nil {
		return err
	}
	slices.SortStableFunc(files, byOrder)
	screen := newScreen(p.stderr)
	w := bufio.NewWriter(p.stdout)
	e := &exporter{to: w, all: all}
	damaged, unread := 0, 0
	for _, f := range files {
		if f.header != nil {
			if err := e.file(ctx, f); err != nil {
				return err
			}
			damaged += f.Damaged
			for _, at := range f.Malformed {
				screen.say(fmt.Sprintf("cloudwatch: %s: the record at byte %d is malformed", f.name, at))
			}
		}
		if f.header != nil && f.unsafe != nil {
			screen.say(fmt.Sprintf("cloudwatch: %s: %s; reading it anyway", f.name, against(f.unsafe)))
		}
		switch {
		case errors.Is(f.err, fs.ErrNotExist):
			screen.say(fmt.Sprintf("cloudwatch: another process has just delivered or moved %s", f.name))
		case f.unread() || f.err != nil:
			unread++
			screen.say(fmt.Sprintf("cloudwatch: %s: %v", f.name, cmp.Or(f.err, spool.ErrHeaderDamaged)))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if damaged > 0 {
		screen.say(fmt.Sprintf("cloudwatch: %s damaged and missing", counted(int64(damaged), "event is", "events are")))
	}
	switch {
	case unread > 0:
		return exit(exitFailed)
	case damaged > 0:
		return exit(exitLoss)
	}
	return nil
}

// byOrder orders files by process, then in the order in which their events were logged.
func byOrder(a, b *spoolFile) int {
	if a.header == nil || b.header == nil {
		return cmp.Compare(a.name, b.name)
	}
	return cmp.Or(cmp.Compare(a.header.Producer, b.header.Producer), cmp.Compare(a.first, b.first))
}

// exporter writes events. While an event is moved from one file to another, it is in both; exporter
// writes it once.
type exporter struct {
	to       io.Writer
	all      bool
	producer uint64
	written  segment.Ranges // of the producer
}

// exportedEvent is a line of the output. Its names are an interface and must not change.
type exportedEvent struct {
	Timestamp int64           `json:"timestamp"` // ms since 1970 UTC
	Time      string          `json:"time"`
	Level     string          `json:"level,omitempty"` // empty for a line without a level
	Message   json.RawMessage `json:"message"`
	LogGroup  string          `json:"logGroup"`
	LogStream string          `json:"logStream"`
	Region    string          `json:"region"`
	Endpoint  string          `json:"endpoint,omitempty"`
	Producer  string          `json:"producer"`
	Seq       uint64          `json:"seq"`
	Settled   bool            `json:"settled,omitempty"`
}

func (e *exporter) file(ctx context.Context, f *spoolFile) error {
	v, err := spool.Inspect(f.dir, f.name)
	if err != nil {
		f.err = err
		return nil
	}
	defer v.Close()
	h := v.Header
	if e.producer != h.Producer {
		e.producer, e.written = h.Producer, nil
	}
	if f.state == stateInUse { // records up to here are complete
		_, _ = v.Scan(func(segment.Record, bool) bool { return ctx.Err() == nil })
	}
	_, _ = v.Scan(func(r segment.Record, settled bool) bool {
		if settled && !e.all || e.written.Contains(r.Seq) {
			return true
		}
		e.written.Add(r.Seq, r.Seq+1)
		x := exportedEvent{
			Timestamp: r.Time,
			Time:      time.UnixMilli(r.Time).UTC().Format("2006-01-02T15:04:05.000Z07:00"),
			Message:   slices.Concat([]byte{'"'}, r.Payload, []byte{'"'}),
			LogGroup:  h.Group,
			LogStream: h.Stream,
			Region:    h.Region,
			Endpoint:  h.Endpoint,
			Producer:  fmt.Sprintf("%016x", h.Producer),
			Seq:       r.Seq,
			Settled:   settled,
		}
		if l := account.Level(r.Level); l > account.None && l < account.Levels {
			x.Level = l.String()
		}
		err = e.write(&x)
		return err == nil && ctx.Err() == nil
	})
	return cmp.Or(err, ctx.Err())
}

func (e *exporter) write(x *exportedEvent) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(x); err != nil {
		return fmt.Errorf("event %d of %s: %w", x.Seq, x.Producer, err)
	}
	_, err := e.to.Write(escaped(line.Bytes()))
	return err
}
