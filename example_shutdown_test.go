package cloudwatch_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// A server that ends on SIGTERM: first what logs is shut down, then the
// handler, within one time limit. The limit must be shorter than what the
// supervisor waits before it kills.
func ExampleHandler_Shutdown() {
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
	logger := slog.New(h)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := http.Server{Addr: "127.0.0.1:0", ErrorLog: slog.NewLogLogger(h, slog.LevelError)}
	go server.ListenAndServe()
	stop() // only here: it stands in for the signal

	<-ctx.Done()
	limit, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		logger.Error("requests were cut off", "error", err)
	}
	logger.Info("goodbye")
	if err := h.Shutdown(limit); err != nil {
		os.Exit(1) // standard error says how many events are lost, and why
	}

	fmt.Println(srv.Messages("my_log_group", "web-1"))
	// Output:
	// [INFO goodbye]
}
