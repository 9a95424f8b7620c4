package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"strings"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// The panic that ends a program is in its log. FlushOnPanic is deferred in main
// and in each goroutine, for a panic passes no other one.
func ExampleHandler_FlushOnPanic() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Format:    cloudwatch.Pattern("{level} {message}"),
		Config:    &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	work := func() {
		defer h.FlushOnPanic()
		slog.New(h).Info("order paid", "order", 17)
		panic("no such article")
	}

	func() {
		defer func() { fmt.Println("the panic goes on:", recover()) }() // only here, or the example would end
		work()
	}()
	for _, message := range srv.Messages("my_log_group", "web-1") {
		message, _, _ = strings.Cut(message, " stack=") // where it came from
		fmt.Println(message)
	}
	// Output:
	// the panic goes on: no such article
	// INFO order paid order=17
	// ERROR panic: no such article
}
