// Command shutdown is a web server that ends on SIGTERM or Ctrl-C without
// losing log events: first what logs is shut down, then the handler.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// shutdownLimit must be shorter than what the supervisor waits before it kills:
// systemd 90 seconds, Kubernetes 30, docker stop 10.
const shutdownLimit = 8 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := run(ctx, listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listener net.Listener) error {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		OnError: func(err error) { fmt.Fprintln(os.Stderr, err) },
	})
	if err != nil {
		return err
	}
	logger := slog.New(h)

	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			logger.InfoContext(r.Context(), "request", "path", r.URL.Path)
		}),
		ErrorLog: slog.NewLogLogger(h, slog.LevelError),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	select {
	case <-ctx.Done():
	case err = <-served: // it could not go on
	}
	limit, cancel := context.WithTimeout(context.Background(), shutdownLimit)
	defer cancel()
	err = errors.Join(err, server.Shutdown(limit))
	logger.Info("goodbye")
	return errors.Join(err, h.Shutdown(limit)) // says how many events are lost, if any
}
