package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// The level can be changed while the program runs.
func Example_level() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	var level slog.LevelVar // Info
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Level:     &level,
		Format:    cloudwatch.Pattern("{level} {message}"),
		Config:    &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	logger := slog.New(h)
	logger.Debug("not sent")
	level.Set(slog.LevelDebug)
	logger.Debug("sent")
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(srv.Messages("my_log_group", "web-1"))
	// Output:
	// [DEBUG sent]
}
