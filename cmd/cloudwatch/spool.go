package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

const spoolHelp = `Look after the spool of a program, the directory it has in Options.Spool.

Without a subcommand, the files in it are listed. "in use" belongs to a process that
lives: it is read, never changed. "left" was left by one that has ended. The library
sends that by itself once a program uses the directory again for the same log group.
Where none will, there are send and export.

Run it as the user of the program. What others can write to, or another user owns, is
named and read all the same; but nothing of a directory in RAM that somebody else has
made. Exit code 1: something could not be read.`

const spoolExamples = `  cloudwatch spool /var/lib/myapp/logs
  cloudwatch spool verify /var/lib/myapp/logs
  cloudwatch spool export /var/lib/myapp/logs | jq -r .message
  sudo -u myapp cloudwatch spool send /var/lib/myapp/logs
  sudo -u myapp cloudwatch spool purge /var/lib/myapp/logs`

// spoolFlags are those of all the commands about a spool.
type spoolFlags struct {
	ram         string
	allowRemote bool
}

func (p *program) spoolCommand() *cobra.Command {
	var f spoolFlags
	cmd := p.spoolSubcommand(&f, &cobra.Command{
		Use:     "spool DIR",
		Short:   "Look after events that wait on disk",
		Long:    spoolHelp,
		Example: spoolExamples,
	}, p.listSpool)
	fs := cmd.PersistentFlags()
	fs.StringVar(&f.ram, "ram", "", "`DIR` on a RAM file system, as in SpoolOptions.RAM (default /dev/shm)")
	fs.BoolVar(&f.allowRemote, "allow-remote", false, "take a network or FUSE file system")
	cmd.AddCommand(p.verifyCommand(&f), p.exportCommand(&f), p.sendCommand(&f), p.repairCommand(&f), p.purgeCommand(&f))
	return cmd
}

// spoolSubcommand completes a command that does something with a spool. The context
// ends with a signal.
func (p *program) spoolSubcommand(f *spoolFlags, cmd *cobra.Command, do func(context.Context, *spoolDir) error) *cobra.Command {
	cmd.DisableFlagsInUseLine = true
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("the directory is missing: %s DIR", cmd.CommandPath())
		case len(args) > 1 && cmd.HasSubCommands():
			return fmt.Errorf("no such subcommand: %s", args[0])
		case len(args) > 1:
			return errors.New("one directory at a time")
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		d, err := openSpool(args[0], f)
		if err != nil {
			return failed(err)
		}
		defer d.close()
		for _, note := range d.notes {
			newScreen(p.stderr).say("cloudwatch: " + note)
		}
		ctx, stop := p.untilSignal(cmd.Context())
		defer stop()
		err = do(ctx, d)
		result, ready := errors.AsType[*exitError](err)
		switch {
		case ctx.Err() != nil && errors.Is(err, context.Canceled):
			return context.Cause(ctx)
		case closedPipe(err): // the reader, such as head, has exited
			return nil
		case ready && result.code == exitLoss && d.partial, err == nil && d.partial:
			return exit(exitFailed)
		case ready:
			return err
		case err == nil:
			return nil
		}
		return failed(err)
	}
	return cmd
}
