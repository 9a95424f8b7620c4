package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

const spoolHelp = `Inspect the spool of a program, the directory in its Options.Spool.

Without a subcommand, spool lists the files. A file "in use" belongs to a running
process: it is read, never changed. A file that is "left" belongs to a process that has
ended. The library sends its events when a program uses the directory again for the
same log group; if none will, use send or export.

Run it as the user of the program. Files that other users own or can write to are
reported and read anyway, except in a directory in RAM that another user created. Exit
code 1: something could not be read.`

const spoolExamples = `  cloudwatch spool /var/lib/myapp/logs
  cloudwatch spool verify /var/lib/myapp/logs
  cloudwatch spool export /var/lib/myapp/logs | jq -r .message
  sudo -u myapp cloudwatch spool send /var/lib/myapp/logs
  sudo -u myapp cloudwatch spool purge /var/lib/myapp/logs`

// spoolFlags are the flags of all spool commands.
type spoolFlags struct {
	ram         string
	allowRemote bool
}

func (p *program) spoolCommand() *cobra.Command {
	var f spoolFlags
	cmd := p.spoolSubcommand(&f, &cobra.Command{
		Use:     "spool DIR",
		Short:   "Inspect and send events in a spool",
		Long:    spoolHelp,
		Example: spoolExamples,
	}, p.listSpool)
	fs := cmd.PersistentFlags()
	fs.StringVar(&f.ram, "ram", "", "`DIR` on a RAM file system, as in SpoolOptions.RAM (default /dev/shm)")
	fs.BoolVar(&f.allowRemote, "allow-remote", false, "allow a network or FUSE file system")
	cmd.AddCommand(p.verifyCommand(&f), p.exportCommand(&f), p.sendCommand(&f), p.repairCommand(&f), p.purgeCommand(&f))
	return cmd
}

// spoolSubcommand completes a command on a spool. A signal cancels the context of do.
func (p *program) spoolSubcommand(f *spoolFlags, cmd *cobra.Command, do func(context.Context, *spoolDir) error) *cobra.Command {
	cmd.DisableFlagsInUseLine = true
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("no directory given: %s DIR", cmd.CommandPath())
		case len(args) > 1 && cmd.HasSubCommands():
			return fmt.Errorf("unknown subcommand: %s", args[0])
		case len(args) > 1:
			return errors.New("only one directory is allowed")
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
