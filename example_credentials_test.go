package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// An access key of the program's own, in place of the AWS default credentials.
func ExampleNewHandler_credentials() {
	srv, err := cloudwatchtest.NewServer() // stands in for AWS
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		AccessID:  "AKIDEXAMPLE",
		AccessKey: "the-secret-of-that-key",
		Region:    "eu-central-1",
		LogStream: "web-1",
		Format:    cloudwatch.Pattern("{level} {message}"),
		Endpoint:  srv.URL, // leave it out to send to AWS
	})
	if err != nil {
		log.Fatal(err)
	}
	slog.New(h).Warn("Watch out! Something happened!")
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(srv.Messages("my_log_group", "web-1"))
	// Output:
	// [WARN Watch out! Something happened!]
}
