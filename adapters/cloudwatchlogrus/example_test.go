package cloudwatchlogrus_test

import (
	"log"
	"os"

	"github.com/sirupsen/logrus"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchlogrus"
)

func Example() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	logrus.AddHook(cloudwatchlogrus.NewHook(h, nil))
	logrus.WithField("order", 17).Warn("Watch out! Something happened!")

	if err := h.Close(); err != nil {
		os.Exit(1) // Close has printed what was not delivered
	}
}
