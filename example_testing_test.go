package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"strings"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// Testing what a program logs. In a test, cloudwatchtest.Start(t) also closes
// the endpoint.
func Example_testing() {
	srv := cloudwatchtest.New()
	defer srv.Close()
	cfg := srv.Config()
	h, err := cloudwatch.NewHandler("shop", &cloudwatch.Options{LogStream: "web-1", Config: &cfg})
	if err != nil {
		log.Fatal(err)
	}

	pay := func(logger *slog.Logger) { // the code under test
		logger.Error("payment failed", "order", 17)
	}
	pay(slog.New(h))

	if err := h.Close(); err != nil { // or Flush, if the handler goes on
		log.Fatal(err)
	}
	messages := srv.Messages("shop", "web-1")
	fmt.Println(len(messages), strings.Contains(messages[0], "payment failed"))
	// Output:
	// 1 true
}
