package cloudwatch_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

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
