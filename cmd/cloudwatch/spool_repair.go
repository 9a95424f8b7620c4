package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

const repairHelp = `Repair the files of ended processes in a spool, so that they can be sent.

A header with one damaged copy is rewritten. If both copies are lost, it is rebuilt from
the checksums of the events, which are still verified, and the destination of other
files of the same process, or --group, --stream, --region and --endpoint. Files set
aside are restored. Empty files are removed. Modes that let other users write to the
directory or open a file are corrected.

Damaged events stay damaged: send counts them and delivers the others. A file in which
nothing can be verified is kept, unless --delete is given. Files in use, and those of a
newer version, are not changed.

Exit code 1: something is still unreadable.`

const repairExamples = `  cloudwatch spool repair /var/lib/myapp/logs
  cloudwatch spool repair /var/lib/myapp/logs --group app --stream web-1 --region eu-central-1
  cloudwatch spool repair /var/lib/myapp/logs --delete`

type repairFlags struct {
	to     segment.Header
	delete bool
	yes    bool
}

func (p *program) repairCommand(s *spoolFlags) *cobra.Command {
	var f repairFlags
	cmd := p.spoolSubcommand(s, &cobra.Command{
		Use:     "repair DIR",
		Short:   "Repair damaged files",
		Long:    repairHelp,
		Example: repairExamples,
	}, func(ctx context.Context, d *spoolDir) error { return p.repairSpool(ctx, d, &f) })
	fs := cmd.Flags()
	fs.StringVar(&f.to.Group, "group", "", "log group `NAME` for files with a lost header")
	fs.StringVar(&f.to.Stream, "stream", "", "log stream `NAME` for files with a lost header")
	fs.StringVar(&f.to.Region, "region", "", "AWS `REGION` for files with a lost header")
	fs.StringVar(&f.to.Endpoint, "endpoint", "", "`URL` for files with a lost header (default AWS)")
	fs.BoolVar(&f.delete, "delete", false, "delete files in which nothing can be read")
	fs.BoolVar(&f.yes, "yes", false, "delete without asking")
	return cmd
}

func (p *program) repairSpool(ctx context.Context, d *spoolDir, f *repairFlags) error {
	files, err := d.survey(ctx)
	if err != nil {
		return err
	}
	var unrepairable []*spoolFile
	left := 0
	if d.unsafe != nil {
		done := "repaired: " + against(d.unsafe)
		if err := d.secure(); err != nil {
			left++
			done = fmt.Sprintf("not repaired: %v", asItsUser(err))
		}
		if _, err := fmt.Fprintf(p.stdout, "%s: %s\n", printable(d.disk.Path()), printable(done)); err != nil {
			return err
		}
	}
	for _, file := range files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		done, err := file.repair(f.to, files)
		if errors.Is(err, disk.ErrLocked) {
			continue // another process has taken it meanwhile
		}
		if errors.Is(err, spool.ErrUnverifiable) {
			unrepairable = append(unrepairable, file)
		}
		if err != nil {
			left++
			done = fmt.Sprintf("not repaired: %v", asItsUser(err))
		}
		if done != "" {
			if _, err := fmt.Fprintf(p.stdout, "%s: %s\n", printable(file.name), printable(done)); err != nil {
				return err
			}
		}
	}
	if f.delete && len(unrepairable) > 0 {
		question := fmt.Sprintf("delete %s that cannot be repaired?", counted(int64(len(unrepairable)), "file", "files"))
		if err := p.confirm(ctx, question, f.yes); err != nil {
			return err
		}
		for _, file := range unrepairable {
			if err := spool.Delete(file.dir, file.name); err != nil {
				return err
			}
			left--
		}
	}
	if left > 0 {
		return exit(exitFailed)
	}
	return nil
}

// secure corrects the mode of the directory if that is enough for the library to accept it.
func (d *spoolDir) secure() error {
	if d.unsafe = d.disk.Secure(); d.unsafe == nil {
		d.unsafe = d.disk.Unsafe()
	}
	return d.unsafe
}

// repair repairs the file and returns what it did; "": nothing.
func (f *spoolFile) repair(to segment.Header, all []*spoolFile) (done string, err error) {
	switch {
	case f.state == stateInUse || f.state == stateNewer:
		return "", nil
	case f.unsafe != nil:
		if err := f.dir.SecureFile(f.name); err != nil {
			return "", err
		}
		done = "repaired: " + against(f.unsafe)
		f.look()
		more, err := f.repair(to, all)
		return cmp.Or(more, done), err
	case f.state == stateUnfinished:
		return "removed: it was unfinished", spool.Delete(f.dir, f.name)
	case f.header == nil:
		return f.rebuild(to, all)
	case f.state == stateSetAside:
		return "put back", spool.Repair(f.dir, f.name, func(*segment.Header) {})
	case f.copies < 2:
		return "repaired: one copy of its header was damaged", spool.Repair(f.dir, f.name, func(*segment.Header) {})
	}
	return "", f.err
}

// rebuild writes a new header.
func (f *spoolFile) rebuild(to segment.Header, all []*spoolFile) (string, error) {
	producer, _, _ := strings.Cut(f.name, "-")
	for _, other := range all {
		if other.header != nil && strings.HasPrefix(other.name, producer+"-") {
			to = *other.header // a process has one destination
		}
	}
	err := spool.Rebuild(f.dir, f.name, to)
	switch {
	case errors.Is(err, spool.ErrNoDestination):
		return "", fmt.Errorf("%w: set --group, --stream and --region", err)
	case err == nil:
		return "repaired: its header was lost", nil
	}
	return "", cmp.Or(err, f.err)
}
