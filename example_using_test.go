package cloudwatch_test

import (
	"fmt"
	"io"
	"log"
	"log/slog"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// Another slog handler does the formatting: one of your own, or of any package.
// Here it is that of log/slog with an attribute that every event gets.
func ExampleUsing() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Format: cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler {
			return slog.NewTextHandler(w, o).WithAttrs([]slog.Attr{slog.String("service", "shop")})
		}),
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{} // the event has it already
			}
			return a
		},
		Config: &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	slog.New(h).Warn("Watch out! Something happened!")
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	for _, message := range srv.Messages("my_log_group", "web-1") {
		fmt.Println(message)
	}
	// Output:
	// level=WARN msg="Watch out! Something happened!" service=shop
}
