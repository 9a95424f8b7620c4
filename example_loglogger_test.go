package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"net/http"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// Code that wants a *log.Logger gets one that sends records of one level.
func Example_logLogger() {
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
	server := http.Server{ErrorLog: slog.NewLogLogger(h, slog.LevelError)}
	server.ErrorLog.Print("http: TLS handshake error")
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	for _, message := range srv.Messages("my_log_group", "web-1") {
		fmt.Println(message)
	}
	// Output:
	// ERROR http: TLS handshake error
}
