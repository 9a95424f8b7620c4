package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// program is the command and its environment. Rules of the interface:
//
//   - standard output carries only data; notices, progress and errors go to standard error
//   - a message starts in lower case, has no full stop, and names the next step if there is one
//   - progress and color are only for terminals
type program struct {
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	getenv  func(string) string
	signals <-chan os.Signal // SIGINT and SIGTERM
}

// run runs the command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.rootCommand()
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	var exit *exitError
	switch {
	case err == nil:
		return exitDone
	case !errors.As(err, &exit):
		// Subcommands return only exitErrors. This one is from cobra, about the command line.
		exit = wrongUsage(err)
	}
	screen := newScreen(p.stderr)
	if exit.err != nil && !closedPipe(exit.err) {
		for line := range strings.Lines(message(exit.err)) {
			if line = strings.TrimRight(line, "\n"); line != "" {
				screen.say(line)
			}
		}
	}
	if exit.code == exitUsage {
		screen.say("see '" + cmd.CommandPath() + " --help'")
	}
	return exit.code
}

// message returns the text of an error with the prefix "cloudwatch: ", which errors of the library
// already have.
func message(err error) string {
	text := withFlags(explained(err))
	if strings.HasPrefix(text, "cloudwatch: ") {
		return text
	}
	return "cloudwatch: " + text
}

const rootHelp = `cloudwatch sends log events to AWS CloudWatch Logs.

Log group and log stream are created when they are missing. Credentials and
region are found as the AWS command line finds them: environment, shared config
(--profile), SSO, container or instance role.

Exit codes:
  0    done, everything was delivered
  1    failed, or something could not be read, or is left
  2    wrong usage
  3    finished, but some events were rejected or dropped, or are damaged
  4    no credentials, or access denied
  130  ended by Ctrl-C (143: by SIGTERM); what was left is said on stderr`

const rootExamples = `  cloudwatch demo                          # no AWS account needed
  cloudwatch put my_log_group < app.log
  my_program 2>&1 | cloudwatch put my_log_group --stream web-1
  cloudwatch serve                         # be a CloudWatch Logs endpoint`

// rootCommand returns a new command tree.
func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "cloudwatch",
		Short:         "Send log events to AWS CloudWatch Logs",
		Long:          rootHelp,
		Example:       rootExamples,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(p.demoCommand(), p.putCommand(), p.serveCommand(), p.exportEventsCommand(), p.importEventsCommand(), p.spoolCommand(), p.versionCommand())
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	return root
}
