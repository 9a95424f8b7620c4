// Command log sends the standard package log to CloudWatch Logs.
package main

import (
	"log"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	w, err := cloudwatch.NewWriter("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	log.SetOutput(w)

	log.Print("Watch out! Something happened!")

	if err := w.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}
