package cloudwatchzap_test

import (
	"bytes"
	"sync"

	"go.uber.org/zap/zapcore"
)

// printed collects the errors that zap prints.
type printed struct {
	mu sync.Mutex
	bytes.Buffer
}

var _ zapcore.WriteSyncer = (*printed)(nil)

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Buffer.Write(b)
}

func (p *printed) Sync() error { return nil }
