package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// A program that has an aws.Config already, from config.LoadDefaultConfig for
// example, hands it over. ClientOptions reach what else the SDK's client has.
func ExampleNewHandler_config() {
	srv, err := cloudwatchtest.NewServer() // stands in for AWS
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	cfg := srv.Config()
	cfg.AppID = "shop" // the SDK adds it to the user agent

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Format:    cloudwatch.Pattern("{level} {message}"),
		Config:    &cfg,
		ClientOptions: []func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) {
			o.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
				t.Proxy = http.ProxyFromEnvironment
				t.IdleConnTimeout = 30 * time.Second
			})
		}},
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
