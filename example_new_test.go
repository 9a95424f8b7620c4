package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// The positional form: access id, access key, region, log group, log stream. An
// empty string means the default.
func ExampleNew() {
	srv, err := cloudwatchtest.NewServer() // stands in for AWS
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	// The SDK's own variable leads any program to another endpoint.
	os.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", srv.URL)
	defer os.Unsetenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS")

	h, err := cloudwatch.New("", "", "us-east-1", "my_log_group", "my_log_stream")
	if err != nil {
		log.Fatal(err)
	}
	slog.New(h).Warn("Watch out! Something happened!")
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(h.LogStream(), "has", len(srv.Events("my_log_group", "my_log_stream")), "event")
	// Output:
	// my_log_stream has 1 event
}
