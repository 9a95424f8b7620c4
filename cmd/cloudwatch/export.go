package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch/internal/sqlite"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

const eventsExportHelp = `Write the events of a log group or of one log stream to standard output, one JSON object
per line, in order of time. 'cloudwatch import' reads that format.

The source is the data directory of 'cloudwatch serve', which must not be running, or
with --endpoint (or AWS_ENDPOINT_URL) an endpoint, which may be one of AWS.

Each line has logGroup, logStream, timestamp, ingestionTime (both in milliseconds since
1970), eventId and message. On a terminal, control characters are written as JSON
escapes.`

const eventsExportExamples = `  cloudwatch export my_log_group > events.jsonl
  cloudwatch export my_log_group:web-1 --endpoint http://127.0.0.1:4586 | jq -r .message`

func (p *program) exportEventsCommand() *cobra.Command {
	var w location
	cmd := &cobra.Command{
		Use:                   "export GROUP[:STREAM]",
		Short:                 "Write events as JSON lines",
		Long:                  eventsExportHelp,
		Example:               eventsExportExamples,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("name one log group, or one log stream: cloudwatch export GROUP[:STREAM]")
			}
			if _, _, err := place(args[0]); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return w.check()
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := p.untilSignal(cmd.Context())
			defer stop()
			err := p.exportEvents(ctx, args[0], &w)
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err == nil, closedPipe(err): // the reader, such as head, has exited
				return nil
			}
			group, _, _ := place(args[0])
			return w.requestError(p, group, err)
		},
	}
	w.flags(cmd)
	return cmd
}

func (p *program) exportEvents(ctx context.Context, arg string, w *location) error {
	group, stream, err := place(arg)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(p.stdout, 64<<10)
	lines := json.NewEncoder(p.jsonTo(out))
	lines.SetEscapeHTML(false)
	if url := w.url(p); url != "" {
		err = p.exportFromEndpoint(ctx, url, group, stream, w, lines)
	} else {
		err = p.exportFromData(ctx, w.data, group, stream, lines)
	}
	return errors.Join(err, out.Flush())
}

func (p *program) exportFromData(ctx context.Context, dir, group, stream string, lines *json.Encoder) error {
	if err := p.checkData(dir); err != nil {
		return err
	}
	s, err := p.openData(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	r := logstore.Range{Group: group, To: logstore.End()}
	if stream != "" {
		r.Streams = []string{stream}
	}
	var unwritten error
	err = s.Scan(ctx, r, func(e *logstore.Event) bool {
		unwritten = lines.Encode(savedEvent{group, e.Stream, e.Time, e.Ingestion, e.ID(), e.Message})
		return unwritten == nil
	})
	if err != nil {
		return fmt.Errorf("%s in %s: %w", group, s.Path(), err)
	}
	return unwritten
}

// checkData returns an error if a directory has no data of serve. Opening it would create a database.
func (p *program) checkData(dir string) error {
	if dir == "" {
		dir = defaultData(p.getenv)
	}
	if dir == "" {
		return nil // openData reports it
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read %s: no such directory: --data is the directory of 'cloudwatch serve', --endpoint an endpoint", dir)
	case err != nil:
		return fmt.Errorf("read %s: %w", dir, cause(err))
	case !info.IsDir():
		return fmt.Errorf("read %s: it is not a directory", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, sqlite.FileName)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s: no events of 'cloudwatch serve' there: the file %s is missing", dir, sqlite.FileName)
	}
	return nil
}

func (p *program) exportFromEndpoint(ctx context.Context, url, group, stream string, w *location, lines *json.Encoder) error {
	client, err := p.client(ctx, url, w)
	if err != nil {
		return err
	}
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group}
	if stream != "" {
		in.LogStreamNames = []string{stream}
	}
	for pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			line := savedEvent{group, aws.ToString(e.LogStreamName), aws.ToInt64(e.Timestamp), aws.ToInt64(e.IngestionTime), aws.ToString(e.EventId), aws.ToString(e.Message)}
			if err := lines.Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}
