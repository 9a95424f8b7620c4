//go:build go1.26

package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

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

// Code that wants a *log.Logger gets one that sends records of one level.
func Example_logLogger() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Format:    cloudwatch.Pattern("{level} {message}"),
		Config:    &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	server := http.Server{ErrorLog: slog.NewLogLogger(h, slog.LevelError)}
	server.ErrorLog.Print("http: TLS handshake error")
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	for _, message := range srv.Messages("my_log_group", "web-1") {
		fmt.Println(message)
	}
	// Output:
	// ERROR http: TLS handshake error
}

// A server logs the panic of a handler with its stack trace: one event, at level ERROR.
func ExampleHandler_WriterAt() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Config:    &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		ErrorLog: log.New(h.WriterAt(slog.LevelError), "", 0),
	}
	server.ErrorLog.Print("http: panic serving 192.0.2.1:1234: no such order\ngoroutine 7 [running]:\n...")

	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	for _, message := range srv.Messages("my_log_group", "web-1") {
		fmt.Printf("%q\n", message)
	}
	// Output:
	// "http: panic serving 192.0.2.1:1234: no such order\ngoroutine 7 [running]:\n..."
}

// An adapter for a logger of your own: its message is sent as it is, with its own time and
// level.
func ExampleHandler_Append() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{LogStream: "web-1", Config: &cfg})
	if err != nil {
		log.Fatal(err)
	}
	output := func(at time.Time, fatal bool, text []byte) error { // as some logger calls it
		level := slog.LevelInfo
		if fatal {
			level = slog.LevelError
		}
		return h.Append(at, level, text)
	}

	if err := output(time.Now(), true, []byte("it broke\n\tat main.go:17")); err != nil {
		fmt.Println(err) // the event was dropped: ErrBufferFull, ErrOversize or ErrClosed
	}
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", srv.Messages("my_log_group", "web-1"))
	// Output:
	// ["it broke\n\tat main.go:17"]
}

// To the terminal and to CloudWatch Logs at once, each with a level of its own.
// slog.NewMultiHandler came with Go 1.26.
func Example_multiHandler() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		LogStream: "web-1",
		Level:     slog.LevelWarn,
		Format:    cloudwatch.Pattern("{level} {message}"),
		Config:    &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	terminal := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // the output of an example is always the same
			}
			return a
		},
	})
	logger := slog.New(slog.NewMultiHandler(terminal, h))
	logger.Info("order paid", "order", 17)
	logger.Warn("Watch out! Something happened!")
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("CloudWatch Logs has", srv.Messages("my_log_group", "web-1"))
	// Output:
	// level=INFO msg="order paid" order=17
	// level=WARN msg="Watch out! Something happened!"
	// CloudWatch Logs has [WARN Watch out! Something happened!]
}
