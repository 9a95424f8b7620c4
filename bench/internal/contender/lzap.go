package contender

import (
	"errors"
	"log/slog"
	"time"

	"github.com/lzap/cloudwatchwriter2"
)

// peerInterval is the interval at which the peers send requests that are not full.
const peerInterval = time.Second

// peerPause is how long Settle waits for a peer, which cannot report when it has delivered.
const peerPause = 10 * time.Millisecond

// peerCloseTimeout is the time limit for Close of a peer.
const peerCloseTimeout = 20 * time.Second

// lzap is github.com/lzap/cloudwatchwriter2. It drops events while its channel of 4,096 is full.
type lzap struct {
	w *cloudwatchwriter2.CloudWatchWriter
}

func startLzap(t Target) (Contender, error) {
	w, err := cloudwatchwriter2.NewWithClient(t.sdkClient(), peerInterval, group, stream)
	if err != nil {
		return nil, err
	}
	return lzap{w}, nil
}

func (l lzap) Handler() slog.Handler { return slog.NewJSONHandler(l.w, nil) }

func (lzap) Settle() error {
	time.Sleep(peerPause)
	return nil
}

func (l lzap) Close() error {
	err := l.w.CloseWithTimeout(peerCloseTimeout)
	if errors.Is(err, cloudwatchwriter2.ErrCloseTimeout) {
		return nil // the fraction delivered shows it
	}
	return err
}
