package cloudwatchzap_test

import (
	"os"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzap"
	"github.com/cloudwatch-go/cloudwatch/adapters/internal/adaptertest"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func consoleEncoder() zapcore.Encoder {
	return zapcore.NewConsoleEncoder(zapcore.EncoderConfig{MessageKey: "msg"})
}

// Fatal runs no deferred calls, yet delivers everything logged before.
func TestFatalDeliversBeforeExit(t *testing.T) {
	if os.Getenv(adaptertest.ChildVariable) != "" {
		h, err := cloudwatch.NewHandler(adaptertest.Group, &cloudwatch.Options{LogStream: adaptertest.Stream})
		if err != nil {
			t.Fatal(err)
		}
		logger := zap.New(cloudwatchzap.NewCore(h, nil, nil))
		logger.Info("started")
		logger.Fatal("cannot go on")
	}
	srv := cloudwatchtest.Start(t)
	exit, output := adaptertest.RunChild(t, srv)
	got := srv.Messages(adaptertest.Group, adaptertest.Stream)
	if exit != 1 || len(got) != 2 || !strings.Contains(got[1], `"level":"FATAL"`) {
		t.Errorf("exit code %d, delivered %q, printed %s", exit, got, output)
	}
}
