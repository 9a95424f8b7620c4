package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"net/http"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// A server logs the panic of a handler with its stack trace: one event, at level ERROR.
func ExampleHandler_WriterAt() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Config:    &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		ErrorLog: log.New(h.WriterAt(slog.LevelError), "", 0),
	}
	server.ErrorLog.Print("http: panic serving 192.0.2.1:1234: no such order\ngoroutine 7 [running]:\n...")

	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	for _, message := range srv.Messages("my_log_group", "web-1") {
		fmt.Printf("%q\n", message)
	}
	// Output:
	// "http: panic serving 192.0.2.1:1234: no such order\ngoroutine 7 [running]:\n..."
}
