// Command using sends log/slog to CloudWatch Logs in the format of another slog handler: the
// JSON of zap. It passes on the level of Options.Level, since the handler's own level counts
// as well.
//
// Not every handler is fit for that: With makes new ones, with new writers, and packages that
// remember their writers, such as charmbracelet/log, then leak memory.
package main

import (
	"io"
	"log"
	"log/slog"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		Level:  slog.LevelDebug,
		Format: cloudwatch.Using(newZap),
	})
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(h))

	slog.Debug("Watch out! Something happened!", "order", 17)

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}

// newZap returns a handler with the level that it is given.
func newZap(w io.Writer, o *slog.HandlerOptions) slog.Handler {
	level := zapcore.Level(o.Level.Level() / 4) // slog's levels are four apart
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	return zapslog.NewHandler(zapcore.NewCore(encoder, zapcore.AddSync(w), level))
}
