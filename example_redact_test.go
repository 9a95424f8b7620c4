package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"strings"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// Secrets stay out of the events. ReplaceAttr sees attributes by name, at any depth of
// groups, but not what is inside of structs, maps and slices: docs/recipes.md has a type for
// these.
func ExampleOptions_replaceAttr() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Format:    cloudwatch.Pattern("{level} {message}"),
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			switch strings.ToLower(a.Key) {
			case "password", "token", "authorization":
				return slog.String(a.Key, "[redacted]")
			}
			return a
		},
		Config: &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	slog.New(h).Info("request", slog.Group("header", "Host", "shop", "Authorization", "Bearer hunter2"))
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	for _, message := range srv.Messages("my_log_group", "web-1") {
		fmt.Println(message)
	}
	// Output:
	// INFO request header.Host=shop header.Authorization=[redacted]
}
