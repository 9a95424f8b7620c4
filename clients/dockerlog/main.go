// Dockerlog logs five lines with Docker's own log driver for CloudWatch Logs,
// as the daemon does for a container with --log-driver=awslogs. It has a module
// of its own, so that Docker's dependencies stay out of everything else.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/docker/docker/daemon/logger"
	"github.com/docker/docker/daemon/logger/awslogs"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "dockerlog:", err)
		os.Exit(1)
	}
}

func run() error {
	driver, err := awslogs.New(logger.Info{
		ContainerID:   "0123456789abcdef",
		ContainerName: "/web",
		Config: map[string]string{
			"awslogs-endpoint":     os.Getenv("AWS_ENDPOINT_URL"),
			"awslogs-region":       os.Getenv("AWS_REGION"),
			"awslogs-group":        "/docker/web",
			"awslogs-stream":       "web-1",
			"awslogs-create-group": "true",
		},
	})
	if err != nil {
		return err
	}
	for i := range 5 {
		m := logger.NewMessage()
		m.Line = fmt.Appendf(m.Line, "line %d é 🙂", i)
		m.Timestamp = time.Now()
		if err := driver.Log(m); err != nil {
			return err
		}
	}
	if err := driver.Close(); err != nil {
		return err
	}
	// Close returns before the last batch is sent. The test kills this process
	// when all lines have arrived.
	select {}
}
