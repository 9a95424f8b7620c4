package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

const verifyHelp = `Read everything in a spool, check every checksum, and say what there is in each file.

Exit code 1: something is damaged, or others can write to it. Unreadable bytes alone
are no damage: a process that is killed while it writes leaves its last record
unfinished. Files that only a newer version can read are named and not checked.`

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

// verdict is what verify says about the file.
func (f *spoolFile) verdict() string {
	switch {
	case f.state == stateNewer:
		return fmt.Sprintf("not checked: %v", f.err)
	case f.unread():
		return fmt.Sprintf("damaged: %v", cmp.Or(f.err, spool.ErrHeader))
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
	s += fmt.Sprintf(", %s, %s settled, %s pending", counted(int64(f.Records), "record", "records"), count(int64(f.Settled)), count(int64(f.pending())))
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
		s += ", shorter than it was made"
	}
	s += fmt.Sprintf(", %d of 2 copies of the header", f.copies)
	if f.err != nil {
		s += fmt.Sprintf(", %v", f.err)
	}
	return s
}
