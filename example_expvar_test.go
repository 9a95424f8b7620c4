package cloudwatch_test

import (
	"encoding/json"
	"expvar"
	"fmt"
	"log"
	"log/slog"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

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
