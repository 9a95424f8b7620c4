// Command logrus sends logrus' JSON to CloudWatch Logs.
package main

import (
	"fmt"
	"os"

	"github.com/sirupsen/logrus"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	w, err := cloudwatch.NewWriter("my_log_group", nil)
	if err != nil {
		return err
	}
	defer w.Close()
	logrus.SetOutput(w)
	logrus.SetFormatter(&logrus.JSONFormatter{})
	logrus.RegisterExitHandler(func() { w.Close() }) // for logrus.Fatal

	logrus.WithField("order", 17).Warn("Watch out! Something happened!")
	return w.Close()
}
