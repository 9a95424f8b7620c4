// Command using sends log/slog to CloudWatch Logs in the format of another slog handler:
// logfmt by charmbracelet/log. It gets the level of Options.Level, else its own would
// count.
package main

import (
	"io"
	stdlog "log"
	"log/slog"
	"os"

	"github.com/charmbracelet/log"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		Level:  slog.LevelDebug,
		Format: cloudwatch.Using(newLogfmt),
	})
	if err != nil {
		stdlog.Fatal(err)
	}
	slog.SetDefault(slog.New(h))

	slog.Debug("Watch out! Something happened!", "order", 17)

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}

// newLogfmt returns a handler with the level that it is given.
func newLogfmt(w io.Writer, o *slog.HandlerOptions) slog.Handler {
	return log.NewWithOptions(w, log.Options{
		Level:     log.Level(o.Level.Level()),
		Formatter: log.LogfmtFormatter,
	})
}
