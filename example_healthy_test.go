package cloudwatch_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

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
