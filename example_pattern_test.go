package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// Lines of your own shape. The layout of the time is one of package time.
func ExamplePattern() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Format:    cloudwatch.Pattern("{time:2006-01-02 15:04:05,000} : {level} - {message}"),
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				// The output of an example is always the same.
				a.Value = slog.TimeValue(time.Date(2026, 11, 22, 12, 0, 0, 123e6, time.UTC))
			}
			return a
		},
		Config: &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	slog.New(h).Warn("Watch out! Something happened!", "order", 17)
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	for _, message := range srv.Messages("my_log_group", "web-1") {
		fmt.Println(message)
	}
	// Output:
	// 2026-11-22 12:00:00,123 : WARN - Watch out! Something happened! order=17
}
