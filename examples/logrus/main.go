// Command logrus sends what logrus logs to CloudWatch Logs.
package main

import (
	"os"

	"github.com/sirupsen/logrus"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchlogrus"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		logrus.Fatal(err)
	}
	logrus.AddHook(cloudwatchlogrus.NewHook(h, nil)) // the terminal has it as well

	logrus.WithField("order", 17).Warn("Watch out! Something happened!")

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
