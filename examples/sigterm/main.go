// Command sigterm is a worker that SIGTERM or Ctrl-C ends without losing log
// events: the jobs are stopped first, then the handler.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
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
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		OnError: func(err error) { fmt.Fprintln(os.Stderr, err) },
	})
	if err != nil {
		return err
	}
	defer h.FlushOnPanic()
	logger := slog.New(h)

	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			defer h.FlushOnPanic() // a panic of one goroutine ends the program
			work(ctx, logger, worker)
		})
	}
	workers.Wait() // nobody logs any more

	limit, cancel := context.WithTimeout(context.Background(), shutdownLimit)
	defer cancel()
	return h.Shutdown(limit) // says how many events are lost, if any
}

// work does jobs until the context ends. It prints what it has logged.
func work(ctx context.Context, logger *slog.Logger, worker int) {
	next := time.NewTicker(time.Millisecond)
	defer next.Stop()
	for job := 1; ; job++ {
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
		logger.Info("job done", "worker", worker, "job", job)
		fmt.Printf("worker %d job %d\n", worker, job)
	}
}
