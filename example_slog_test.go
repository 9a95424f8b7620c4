package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"os"
	"strings"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// The quick start. Code that uses log/slog stays as it is.
func Example() {
	// An endpoint in this process stands in for AWS. To send to AWS, give nil
	// in place of the options.
	srv := cloudwatchtest.New()
	defer srv.Close()
	cfg := srv.Config()
	defer log.SetOutput(os.Stderr) // slog.SetDefault takes that over as well

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{Config: &cfg})
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(h))
	slog.Warn("Watch out! Something happened!", "order", 17)
	if err := h.Close(); err != nil { // standard error says what is not delivered
		os.Exit(1) // and not log.Fatal, which goes to the handler now
	}

	for _, message := range srv.Messages("my_log_group", h.LogStream()) {
		_, rest, _ := strings.Cut(message, ",") // the time comes first
		fmt.Println(rest)
	}
	// Output:
	// "level":"WARN","msg":"Watch out! Something happened!","order":17}
}
