//go:build go1.26

package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// To the terminal and to CloudWatch Logs at once, each with a level of its own.
// slog.NewMultiHandler came with Go 1.26.
func Example_multiHandler() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Level:     slog.LevelWarn,
		Format:    cloudwatch.Pattern("{level} {message}"),
		Config:    &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	terminal := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // the output of an example is always the same
			}
			return a
		},
	})
	logger := slog.New(slog.NewMultiHandler(terminal, h))
	logger.Info("order paid", "order", 17)
	logger.Warn("Watch out! Something happened!")
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("CloudWatch Logs has", srv.Messages("my_log_group", "web-1"))
	// Output:
	// level=INFO msg="order paid" order=17
	// level=WARN msg="Watch out! Something happened!"
	// CloudWatch Logs has [WARN Watch out! Something happened!]
}
