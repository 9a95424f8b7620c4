// Command log sends the standard package log to CloudWatch Logs.
package main

import (
	"fmt"
	"log"
	"os"

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
	log.SetOutput(w)

	log.Print("Watch out! Something happened!")
	return w.Close()
}
