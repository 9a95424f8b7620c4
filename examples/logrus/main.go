// Command logrus sends logrus' JSON to CloudWatch Logs.
package main

import (
	"os"

	"github.com/sirupsen/logrus"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	w, err := cloudwatch.NewWriter("my_log_group", nil)
	if err != nil {
		logrus.Fatal(err)
	}
	logrus.SetOutput(w)
	logrus.SetFormatter(&logrus.JSONFormatter{})
	logrus.RegisterExitHandler(func() { w.Close() }) // for logrus.Fatal

	logrus.WithField("order", 17).Warn("Watch out! Something happened!")

	if err := w.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
