package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

const verifyHelp = `Read everything in a spool, verify every checksum, and report on each file.

Exit code 1: something is damaged, or other users can write to it. Unreadable bytes at
the end are not damage: a process killed during a write leaves an incomplete record.
Files of a newer version are reported and not checked.`

func (p *program) verifyCommand(f *spoolFlags) *cobra.Command {
	return p.spoolSubcommand(f, &cobra.Command{
		Use:     "verify DIR",
		Short:   "Check every checksum",
		Long:    verifyHelp,
		Example: "  cloudwatch spool verify /var/lib/myapp/logs",
	}, p.verifySpool)
}

func (p *program) verifySpool(ctx context.Context, d *spoolDir) error {
	files, err := d.survey(ctx)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(p.stdout)
	damaged := 0
	for _, f := range files {
		if f.damaged() {
			damaged++
		}
		fmt.Fprintf(w, "%s: %s\n", printable(f.name), printable(f.verdict()))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if damaged > 0 {
		return fmt.Errorf("%s damaged; see 'cloudwatch spool repair --help'", counted(int64(damaged), "file is", "files are"))
	}
	return nil
}

// verdict returns the result of verify for the file.
func (f *spoolFile) verdict() string {
	switch {
	case f.state == stateNewer:
		return fmt.Sprintf("not checked: %v", f.err)
	case f.unread():
		return fmt.Sprintf("damaged: %v", cmp.Or(f.err, spool.ErrHeaderDamaged))
	case f.header == nil:
		return f.state
	}
	s := "ok"
	if f.damaged() {
		s = "damaged"
	}
	if f.state == stateUnsafe {
		s = "not safe: " + against(f.unsafe)
	}
	s += fmt.Sprintf(", %s, %s settled, %s pending", counted(int64(f.Records), "record", "records"), count(int64(f.Acked)), count(int64(f.pending())))
	if f.Lost > 0 {
		s += fmt.Sprintf(", %s lost, of which %s pending", counted(int64(f.Lost), "record", "records"), count(int64(f.Damaged)))
	}
	if f.Unreadable > 0 {
		s += fmt.Sprintf(", %s unreadable", counted(f.Unreadable, "byte", "bytes"))
	}
	if n := len(f.Malformed); n > 0 {
		s += fmt.Sprintf(", %s malformed", counted(int64(n), "record", "records"))
	}
	if f.short {
		s += ", truncated"
	}
	s += fmt.Sprintf(", %d of 2 header copies intact", f.copies)
	if f.err != nil {
		s += fmt.Sprintf(", %v", f.err)
	}
	return s
}
