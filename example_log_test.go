package cloudwatch_test

import (
	"fmt"
	"log"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// Package log needs one more line. An event has a time of its own, so that of
// the line can be left out.
func ExampleNewWriter() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	w, err := cloudwatch.NewWriter("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Config:    &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	log.SetOutput(w)
	log.SetFlags(0)
	log.Print("listening on :8080")
	log.Printf("order %d: paid", 17)

	log.SetOutput(os.Stderr) // nothing may log to w after Close
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	for _, message := range srv.Messages("my_log_group", "web-1") {
		fmt.Println(message)
	}
	// Output:
	// listening on :8080
	// order 17: paid
}
