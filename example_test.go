package cloudwatch_test

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
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

// The quick start. Code that uses log/slog stays as it is.
func Example() {
	// An endpoint in this process stands in for AWS. To send to AWS, give nil
	// in place of the options.
	srv := cloudwatchtest.New()
	defer srv.Close()
	cfg := srv.Config()
	defer log.SetOutput(os.Stderr) // slog.SetDefault takes that over as well

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{Config: &cfg})
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(h))
	slog.Warn("Watch out! Something happened!", "order", 17)
	if err := h.Close(); err != nil { // standard error says what is not delivered
		os.Exit(1) // and not log.Fatal, which goes to the handler now
	}

	for _, message := range srv.Messages("my_log_group", h.LogStream()) {
		_, rest, _ := strings.Cut(message, ",") // the time comes first
		fmt.Println(rest)
	}
	// Output:
	// "level":"WARN","msg":"Watch out! Something happened!","order":17}
}

// The level can be changed while the program runs.
func Example_level() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	var level slog.LevelVar // Info
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Level:     &level,
		Format:    cloudwatch.Pattern("{level} {message}"),
		Config:    &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	logger := slog.New(h)
	logger.Debug("not sent")
	level.Set(slog.LevelDebug)
	logger.Debug("sent")
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(srv.Messages("my_log_group", "web-1"))
	// Output:
	// [DEBUG sent]
}

// Lines of your own shape. The layout of the time is one of package time.
func ExamplePattern() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Format:    cloudwatch.Pattern("{time:2006-01-02 15:04:05,000} : {level} - {message}"),
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				// The output of an example is always the same.
				a.Value = slog.TimeValue(time.Date(2026, 11, 22, 12, 0, 0, 123e6, time.UTC))
			}
			return a
		},
		Config: &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	slog.New(h).Warn("Watch out! Something happened!", "order", 17)
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	for _, message := range srv.Messages("my_log_group", "web-1") {
		fmt.Println(message)
	}
	// Output:
	// 2026-11-22 12:00:00,123 : WARN - Watch out! Something happened! order=17
}

// Another slog handler does the formatting: one of your own, or of any package.
// Here it is that of log/slog with an attribute that every event gets.
func ExampleUsing() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Format: cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler {
			return slog.NewTextHandler(w, o).WithAttrs([]slog.Attr{slog.String("service", "shop")})
		}),
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{} // the event has it already
			}
			return a
		},
		Config: &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	slog.New(h).Warn("Watch out! Something happened!")
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	for _, message := range srv.Messages("my_log_group", "web-1") {
		fmt.Println(message)
	}
	// Output:
	// level=WARN msg="Watch out! Something happened!" service=shop
}

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
