package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

const purgeHelp = `Delete everything in a spool: segments, files in RAM, what was set aside or not finished,
and the directories, if nothing else is in them. Events that were not delivered are lost.

It shows what there is and asks first, or takes --yes for an answer. Files in use are left
to their processes. Files of other names are never deleted, nor anything in a directory in
RAM that somebody else has made.

Exit code 1: something is left.`

func (p *program) purgeCommand(f *spoolFlags) *cobra.Command {
	yes := false
	cmd := p.spoolSubcommand(f, &cobra.Command{
		Use:     "purge DIR",
		Short:   "Delete everything, delivered or not",
		Long:    purgeHelp,
		Example: "  cloudwatch spool purge /var/lib/myapp/logs",
	}, func(ctx context.Context, d *spoolDir) error { return p.purgeSpool(ctx, d, yes) })
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (p *program) purgeSpool(ctx context.Context, d *spoolDir, yes bool) error {
	screen := newScreen(p.stderr)
	d.trustID(screen)
	files, err := d.survey(ctx)
	if err != nil {
		return err
	}
	files = slices.DeleteFunc(files, func(f *spoolFile) bool { return !spool.IsOwn(f.name) })
	d.describe(screen, files)
	if err := p.confirm(ctx, "delete all of this? Events that were not delivered are lost.", yes); err != nil {
		return err
	}
	left := 0
	for _, f := range files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := f.dir.Discard(f.name)
		switch {
		case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, disk.ErrGone):
			continue
		case errors.Is(err, disk.ErrLocked):
			err = errors.New("in use: left to its process")
		}
		left++
		screen.say(fmt.Sprintf("cloudwatch: %s: %s", f.name, reason(err)))
	}
	if left > 0 {
		return failed(fmt.Errorf("%s left", counted(int64(left), "file is", "files are")))
	}
	return d.discard(screen)
}

// trustID skips the directory in RAM if others can have changed which one that is.
func (d *spoolDir) trustID(screen *screen) {
	if d.hot == nil {
		return
	}
	if err := d.disk.UnsafeID(); err != nil {
		screen.say(fmt.Sprintf("cloudwatch: %s is skipped: others can have named it: %s", d.hot.Path(), reason(err)))
		_ = d.hot.Close()
		d.hot, d.partial = nil, true
	}
}

// describe shows what is to be deleted.
func (d *spoolDir) describe(screen *screen, files []*spoolFile) {
	slices.SortStableFunc(files, byDestination)
	for len(files) > 0 {
		n := 1
		for n < len(files) && where(files[n].header) == where(files[0].header) {
			n++
		}
		screen.say(fmt.Sprintf("cloudwatch: %s: %s", where(files[0].header), total(files[:n])))
		for _, f := range files[:n] {
			if f.dir == d.hot {
				screen.say(fmt.Sprintf("cloudwatch: in RAM: %s/%s", f.dir.Path(), f.name))
			}
		}
		files = files[n:]
	}
}

// discard removes the directories, in which no file of the spool is left. The way to the
// one in RAM goes last. That others have something in them is no failure.
func (d *spoolDir) discard(screen *screen) error {
	if d.hot != nil {
		removeDir(screen, d.hot)
	}
	if err := errors.Join(spool.DiscardLargeMark(d.disk), d.disk.DiscardID()); err != nil {
		return err
	}
	removeDir(screen, d.disk)
	return nil
}

func removeDir(screen *screen, dir *disk.Dir) {
	_ = dir.Close() // nothing was written; Windows removes no open directory
	if err := os.Remove(dir.Path()); err != nil {
		screen.say(fmt.Sprintf("cloudwatch: the directory %s is kept: %v", dir.Path(), cause(err)))
	}
}
