package cloudwatch_test

import (
	"fmt"
	"log"
	"log/slog"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

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
