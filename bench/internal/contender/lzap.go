package contender

import (
	"errors"
	"log/slog"
	"time"

	"github.com/lzap/cloudwatchwriter2"
)

// peerInterval is how often the peers send, if a request does not fill up.
const peerInterval = time.Second

// peerPause is how long Settle waits for a peer, which cannot say when it is
// done.
const peerPause = 10 * time.Millisecond

// peerCloseTimeout is how long a peer gets to deliver what is left.
const peerCloseTimeout = 20 * time.Second

// lzap is github.com/lzap/cloudwatchwriter2. It drops events when its channel
// of 4,096 is full.
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
		return nil // the share delivered tells
	}
	return err
}
