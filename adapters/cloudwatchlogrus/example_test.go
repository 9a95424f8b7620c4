package cloudwatchlogrus_test

import (
	"fmt"
	"os"

	"github.com/sirupsen/logrus"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchlogrus"
)

func Example() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer h.Close()
	logrus.AddHook(cloudwatchlogrus.NewHook(h, nil))
	logrus.WithField("order", 17).Warn("Watch out! Something happened!")
}
