package cloudwatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// A server that ends on SIGTERM: first what logs is shut down, then the
// handler, within one time limit. The limit must be shorter than what the
// supervisor waits before it kills.
func ExampleHandler_Shutdown() {
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
	logger := slog.New(h)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := http.Server{Addr: "127.0.0.1:0", ErrorLog: slog.NewLogLogger(h, slog.LevelError)}
	go server.ListenAndServe()
	stop() // only here: it stands in for the signal

	<-ctx.Done()
	limit, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		logger.Error("requests were cut off", "error", err)
	}
	logger.Info("goodbye")
	if err := h.Shutdown(limit); err != nil {
		os.Exit(1) // standard error says how many events are lost, and why
	}

	fmt.Println(srv.Messages("my_log_group", "web-1"))
	// Output:
	// [INFO goodbye]
}

// Hearing of trouble. OnError is told what fails and what is lost; Stats has
// the sums.
func Example_onError() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	srv.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Times: 1, Error: cloudwatchtest.Throttled()})
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{
		OnError: func(err error) {
			var failed *cloudwatch.DeliveryError
			var lost *cloudwatch.LossError
			switch {
			case errors.As(err, &failed):
				fmt.Println(failed.Operation, "failed, the events are kept")
			case errors.As(err, &lost):
				fmt.Println(lost.Events, "event lost:", lost.Reason)
			}
		},
		Untimely: cloudwatch.DropUntimely,
		Config:   &cfg,
	})
	if err != nil {
		log.Fatal(err)
	}
	slog.New(h).Info("throttled, then delivered")
	monthOld := slog.NewRecord(time.Now().AddDate(0, 0, -30), slog.LevelInfo, "the service takes 14 days", 0)
	h.Handle(context.Background(), monthOld)
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}

	s := h.Stats()
	fmt.Println("accepted", s.Accepted)
	fmt.Println("delivered", s.Delivered, "pending", s.Pending, "rejected", s.Rejected.Total(), "dropped", s.Dropped.Total())
	// Output:
	// PutLogEvents failed, the events are kept
	// 1 event lost: too old
	// accepted 2
	// delivered 1 pending 0 rejected 1 dropped 0
}

// A readiness probe that fails when events wait for too long. A minute is a
// good limit for a program; here it is shorter, so that the example is.
func ExampleHandler_Healthy() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{LogStream: "web-1", Config: &cfg})
	if err != nil {
		log.Fatal(err)
	}
	probe := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := h.Healthy(20 * time.Millisecond); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	ask := func() int {
		answer := httptest.NewRecorder()
		probe.ServeHTTP(answer, httptest.NewRequest("GET", "/ready", nil))
		return answer.Code
	}
	fmt.Println("nothing waits:", ask())

	end := srv.Inject(cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore})
	slog.New(h).Info("order paid", "order", 17)
	limit, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	h.Flush(limit) // it cannot
	fmt.Println("the network is down:", ask())

	end()
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("all is delivered:", ask())
	// Output:
	// nothing waits: 200
	// the network is down: 503
	// all is delivered: 200
}

// metrics is among the variables that package expvar serves under /debug/vars.
var metrics = expvar.NewMap("shop")

// Statistics as a variable of package expvar. They are taken anew each time
// somebody looks.
func ExampleStats_expvar() {
	srv := cloudwatchtest.New() // stands in for AWS
	defer srv.Close()
	cfg := srv.Config()

	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{Config: &cfg})
	if err != nil {
		log.Fatal(err)
	}
	metrics.Set("cloudwatch", expvar.Func(func() any { return h.Stats() }))
	slog.New(h).Info("order paid", "order", 17)
	if err := h.Close(); err != nil {
		log.Fatal(err)
	}

	var shown struct {
		Accepted, Delivered, Pending int
		LastError                    string
	}
	if err := json.Unmarshal([]byte(metrics.Get("cloudwatch").String()), &shown); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", shown)
	// Output:
	// {Accepted:1 Delivered:1 Pending:0 LastError:}
}

// The panic that ends a program is in its log. FlushOnPanic is deferred in main
// and in each goroutine, for a panic passes no other one.
func ExampleHandler_FlushOnPanic() {
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
	defer h.Close()
	work := func() {
		defer h.FlushOnPanic()
		slog.New(h).Info("order paid", "order", 17)
		panic("no such article")
	}

	func() {
		defer func() { fmt.Println("the panic goes on:", recover()) }() // only here, or the example would end
		work()
	}()
	for _, message := range srv.Messages("my_log_group", "web-1") {
		message, _, _ = strings.Cut(message, " stack=") // where it came from
		fmt.Println(message)
	}
	// Output:
	// the panic goes on: no such article
	// INFO order paid order=17
	// ERROR panic: no such article
}

// Testing what a program logs. In a test, cloudwatchtest.Start(t) also closes
// the endpoint.
func Example_testing() {
	srv := cloudwatchtest.New()
	defer srv.Close()
	cfg := srv.Config()
	h, err := cloudwatch.NewHandler("shop", &cloudwatch.Options{LogStream: "web-1", Config: &cfg})
	if err != nil {
		log.Fatal(err)
	}

	pay := func(logger *slog.Logger) { // the code under test
		logger.Error("payment failed", "order", 17)
	}
	pay(slog.New(h))

	if err := h.Close(); err != nil { // or Flush, if the handler goes on
		log.Fatal(err)
	}
	messages := srv.Messages("shop", "web-1")
	fmt.Println(len(messages), strings.Contains(messages[0], "payment failed"))
	// Output:
	// 1 true
}
