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

const purgeHelp = `Delete everything in a spool: segments, files in RAM, files set aside, unfinished files,
and the directories if nothing else is in them. Undelivered events are lost.

purge lists the files and asks for confirmation, unless --yes is given. It skips files
in use. It never deletes files with other names, nor anything in a directory in RAM that
another user created.

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
	if err := p.confirm(ctx, "delete all of this? Undelivered events will be lost.", yes); err != nil {
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
			err = errors.New("in use by its process; skipped")
		}
		left++
		screen.say(fmt.Sprintf("cloudwatch: %s: %s", f.name, reason(err)))
	}
	if left > 0 {
		return failed(fmt.Errorf("%s left", counted(int64(left), "file is", "files are")))
	}
	return d.discard(screen)
}

// trustID skips the directory in RAM if another user may have chosen it.
func (d *spoolDir) trustID(screen *screen) {
	if d.hot == nil {
		return
	}
	if err := d.disk.UnsafeID(); err != nil {
		screen.say(fmt.Sprintf("cloudwatch: skipping %s, which another user may have chosen: %s", d.hot.Path(), reason(err)))
		_ = d.hot.Close()
		d.hot, d.partial = nil, true
	}
}

// describe lists what will be deleted.
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

// discard removes the directories, which hold no more files of the spool: first the one in RAM, then the
// one that leads to it. A directory with other files in it is kept.
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
	_ = dir.Close() // nothing was written; Windows cannot remove an open directory
	if err := os.Remove(dir.Path()); err != nil {
		screen.say(fmt.Sprintf("cloudwatch: keeping the directory %s: %v", dir.Path(), cause(err)))
	}
}
