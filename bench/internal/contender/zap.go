package contender

import (
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzap"
)

// zapLogger logs the standard record through zap.
type zapLogger struct {
	Contender
	l *zap.Logger
}

func startZap(t Target) (Contender, error) {
	h, err := cloudwatch.NewHandler(group, options(t))
	if err != nil {
		return nil, err
	}
	return zapLogger{ours{h}, zap.New(cloudwatchzap.NewCore(h, nil, nil))}, nil
}

// zapDiscard returns the same logger writing to io.Discard.
func zapDiscard() Contender {
	return zapLogger{discard{}, zap.New(zapcore.NewCore(cloudwatchzap.NewEncoder(), zapcore.AddSync(io.Discard), zap.InfoLevel))}
}

func (z zapLogger) Log() {
	z.l.Info("served",
		zap.String("method", "GET"),
		zap.String("path", "/items/12"),
		zap.Int("status", 200),
		zap.Duration("took", 1234567*time.Nanosecond),
		zap.String("ip", "192.0.2.17"),
		zap.Bool("cached", false),
	)
}
