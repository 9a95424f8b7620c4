package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch/internal/sqlite"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

const importHelp = `Import events that 'cloudwatch export' wrote, from files or standard input; gzip is
decompressed. Missing log groups and log streams are created.

The data directory of 'cloudwatch serve', which must not be running, receives events
unchanged, of any age: times, messages, and order of ingestion.

With --endpoint (or AWS_ENDPOINT_URL) the events are sent to an endpoint. They are then
ingested now, and the service rejects those older than 14 days.

Exit code 3: some events were rejected.`

const importExamples = `  cloudwatch import events.jsonl
  cloudwatch export my_log_group | cloudwatch import --endpoint http://127.0.0.1:4586`

func (p *program) importEventsCommand() *cobra.Command {
	var w location
	cmd := &cobra.Command{
		Use:                   "import [FILE...]",
		Short:                 "Read events from JSON lines",
		Long:                  importHelp,
		Example:               importExamples,
		DisableFlagsInUseLine: true,
		Args:                  func(*cobra.Command, []string) error { return w.check() },
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := p.untilSignal(cmd.Context())
			defer stop()
			err := p.importEvents(ctx, args, &w)
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err == nil:
				return nil
			}
			return w.requestError(p, "", err)
		},
	}
	w.flags(cmd)
	return cmd
}

// importer stores exported events.
type importer interface {
	add(savedEvent) error
	// end waits until all events are stored and returns how many were accepted and rejected.
	end() (taken, rejected int64, err error)
}

func (p *program) importEvents(ctx context.Context, files []string, w *location) error {
	var to importer
	if url := w.url(p); url != "" {
		client, err := p.client(ctx, url, w)
		if err != nil {
			return err
		}
		to = newPutter(ctx, client)
	} else {
		s, err := p.openData(w.data)
		if err != nil {
			return err
		}
		defer s.Close()
		i, err := s.NewImporter()
		if err != nil {
			return err
		}
		to = &dataImport{store: i, ctx: ctx}
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, name := range files {
		if err := p.importFile(name, to); err != nil {
			// Events read before the error are kept.
			_, _, ending := to.end()
			return errors.Join(err, ending)
		}
	}
	taken, rejected, err := to.end()
	if err != nil {
		return err
	}
	text := "cloudwatch: imported " + events(taken)
	if rejected > 0 {
		text += "; " + counted(rejected, "event was", "events were") + " rejected"
	}
	newScreen(p.stderr).say(text)
	if rejected > 0 {
		return exit(exitLoss)
	}
	return nil
}

// maxLine is more than the length of the largest event with every byte escaped.
const maxLine = 8 << 20

func (p *program) importFile(name string, to importer) error {
	in := p.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	text, err := decode(in, false)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, cause(err))
	}
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		e, err := parseSaved(lines.Bytes())
		if err == nil {
			err = to.add(e)
		}
		if err != nil {
			return fmt.Errorf("%s, line %d: %w", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", name, cause(err))
	}
	return nil
}

func parseSaved(line []byte) (e savedEvent, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	if err := d.Decode(&e); err != nil {
		return e, fmt.Errorf("not an event of 'cloudwatch export': %w", err)
	}
	switch _, err := d.Token(); {
	case err != io.EOF:
		return e, errors.New("more than one JSON object")
	case e.LogGroup == "" || e.LogStream == "" || e.Message == "":
		return e, errors.New("logGroup, logStream or message is missing")
	case e.Timestamp < 0 || e.IngestionTime < 0:
		return e, errors.New("negative time")
	}
	return e, nil
}

// dataImport adds events to the store of serve.
type dataImport struct {
	store   *sqlite.Importer
	ctx     context.Context // ends it
	group   string
	waiting []logstore.Event // of group
	bytes   int
	taken   int64
}

// importBytes is the size of a transaction, in bytes of events.
const importBytes = 4 << 20

func (d *dataImport) add(e savedEvent) error {
	if e.LogGroup != d.group || d.bytes > importBytes {
		if err := d.flush(); err != nil {
			return err
		}
		d.group = e.LogGroup
	}
	if e.IngestionTime == 0 {
		e.IngestionTime = time.Now().UnixMilli()
	}
	saved := logstore.Event{Position: logstore.Position{Time: e.Timestamp}, Stream: e.LogStream, Ingestion: e.IngestionTime, Message: e.Message}
	if p, ok := logstore.ParseID(e.EventID); ok && p.Time == e.Timestamp {
		saved.Number = p.Number
	}
	d.waiting = append(d.waiting, saved)
	d.bytes += saved.Size()
	return nil
}

func (d *dataImport) flush() error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	if len(d.waiting) == 0 {
		return nil
	}
	if err := d.store.Add(d.group, d.waiting); err != nil {
		return err
	}
	d.taken += int64(len(d.waiting))
	d.waiting, d.bytes = d.waiting[:0], 0
	return nil
}

func (d *dataImport) end() (taken, rejected int64, err error) {
	err = d.flush()
	return d.taken, 0, err
}
