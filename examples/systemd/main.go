// Command systemd is a worker that runs as a service of systemd, with the unit myapp.service.
// What a crash, an outage of CloudWatch Logs or a reboot leaves undelivered stays in
// /var/lib/myapp, and the next start delivers it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err) // to the journal
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	state := os.Getenv("STATE_DIRECTORY")
	if state == "" {
		return errors.New("STATE_DIRECTORY is not set; systemd sets it for StateDirectory=")
	}
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		Spool:        filepath.Join(state, "logs"),
		SpoolOptions: cloudwatch.SpoolOptions{Direct: true}, // DynamicUser= deletes what the user has in /dev/shm
		OnError:      func(err error) { fmt.Fprintln(os.Stderr, err) },
	})
	if err != nil {
		return err
	}
	defer h.FlushOnPanic()

	work(ctx, slog.New(h))
	if err := h.Close(); !errors.Is(err, cloudwatch.ErrSpooled) { // the next start delivers it
		return err
	}
	return nil
}

// work does a job each second until the context ends.
func work(ctx context.Context, logger *slog.Logger) {
	next := time.NewTicker(time.Second)
	defer next.Stop()
	for job := 1; ctx.Err() == nil; job++ {
		logger.Info("job done", "job", job)
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
	logger.Info("goodbye")
}
