// Command klog sends klog to CloudWatch Logs as JSON.
//
// Kept: keys and values of InfoS and ErrorS, messages of several lines as one event, the
// level of Infof, Warningf, Errorf and Fatalf, and the file and line that klog writes before
// these. Which V is logged is up to klog's -v; such an event is INFO. klog's -skip_headers must
// be off: the level is in the header.
package main

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", nil)
	if err != nil {
		log.Fatal(err)
	}
	logTo(h)

	klog.Warningf("Watch out! Something happened to order %d!", 17)
	klog.ErrorS(errors.New("no such card"), "payment failed", "order", 17)

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}

func logTo(h *cloudwatch.Handler) {
	levels := map[byte]slog.Level{'I': slog.LevelInfo, 'W': slog.LevelWarn, 'E': slog.LevelError, 'F': slog.LevelError + 4}
	klog.SetLoggerWithOptions(logr.FromSlogHandler(h),
		klog.WriteKlogBuffer(func(line []byte) { // such as "W1122 13:50:06.097000   17 main.go:42] text\n"
			header, text, _ := strings.Cut(string(line), "] ")
			r := slog.NewRecord(time.Now(), levels[line[0]], strings.TrimSuffix(text, "\n"), 0)
			r.Add("source", header[strings.LastIndexByte(header, ' ')+1:])
			_ = h.Handle(context.Background(), r) // a loss is counted
		}))
	klog.OsExit = func(code int) { // klog.Fatal calls it
		_ = h.Close()
		os.Exit(code)
	}
}
