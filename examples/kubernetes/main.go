// Command kubernetes is a web server in a pod, with the manifest deployment.yaml. The log
// stream has the name of the pod. What a crash leaves undelivered stays in the volume of the
// pod, and the next start of its container delivers it.
//
// An emptyDir is deleted with the pod, and then what an outage has held up is lost. Where that
// matters, give each pod a persistent volume, by a StatefulSet with volumeClaimTemplates.
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

// shutdownLimit is the time from SIGTERM for the requests in flight to end, and for the
// events to be delivered. With the time of Close (Options.CloseTimeout) it must be less than
// terminationGracePeriodSeconds.
const shutdownLimit = 10 * time.Second

const spoolBytes = 512 << 20 // less than the sizeLimit of the volume

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", os.Getenv("LISTEN"))
	if err == nil {
		err = run(ctx, listener)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listener net.Listener) error {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream:    "{env:POD_NAME}",
		Spool:        os.Getenv("SPOOL"),
		SpoolOptions: cloudwatch.SpoolOptions{MaxBytes: spoolBytes},
		OnError:      func(err error) { fmt.Fprintln(os.Stderr, err) },
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
	_ = h.Flush(limit) // in an outage, Close leaves events in the spool at once, but the pod may be deleted
	return errors.Join(err, h.Close())
}
