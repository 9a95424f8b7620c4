// Package deliver sends batches to CloudWatch Logs until the service has them
// or has refused them for good.
package deliver

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// AttemptTimeout is the deadline of one request, and minRate what the body of
// PutLogEvents adds to it: the slowest line we wait for, in bytes a second. The
// SDK's client has no deadline of its own, so a connection that hangs would hold
// delivery for ever.
const (
	AttemptTimeout = 30 * time.Second
	minRate        = 8 << 10
)

// Config is read by Start and never changed.
type Config struct {
	Client   *cloudwatchlogs.Client // without retries of its own
	Group    string
	Stream   string
	Creation Creation
	Compress bool // bodies with gzip, unless the endpoint refuses that
	// Failed is told of each request that failed, Settled of each batch that is
	// done with. Neither may block.
	Failed  func(operation string, err error)
	Settled func()
}

// Traffic counts requests.
type Traffic struct {
	Requests     int64 // of every operation
	Retries      int64 // PutLogEvents requests that repeated an earlier one
	Bytes        int64 // of the bodies of PutLogEvents requests
	LastDelivery time.Time
}

// Worker owns delivery: its one goroutine takes batches from the queue, makes
// every request, and settles what the answers say.
type Worker struct {
	cfg   Config
	queue *queue.Queue
	ctx   context.Context // ends when delivery must stop
	stop  context.CancelFunc
	done  chan struct{} // closed when the goroutine has ended

	// Only the goroutine uses these.
	gzip           *compressor // nil if bodies are sent as they are
	needStream     bool        // the stream must be created before the next put
	retention      bool        // the retention of a group we created is still to be set
	retentionAfter time.Time   // not before this
	groupUnsure    bool        // a CreateLogGroup ended without an answer

	mu      sync.Mutex
	traffic Traffic
}

// Start starts delivery from q. It ends by itself when q is closed and empty.
func Start(cfg Config, q *queue.Queue) *Worker {
	w := &Worker{
		cfg:        cfg,
		queue:      q,
		done:       make(chan struct{}),
		needStream: cfg.Creation.First && !cfg.Creation.Never,
	}
	if cfg.Compress {
		w.gzip = newCompressor()
	}
	w.ctx, w.stop = context.WithCancel(context.WithValue(context.Background(), ownKey{}, true))
	go w.run()
	return w
}

// Done is closed when delivery has ended.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Stop ends delivery: a request under way is given up, its batch stays in the
// queue.
func (w *Worker) Stop() { w.stop() }

// Stopped is closed when Stop was called or delivery has ended.
func (w *Worker) Stopped() <-chan struct{} { return w.ctx.Done() }

// Traffic returns a snapshot.
func (w *Worker) Traffic() Traffic {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.traffic
}

type ownKey struct{}

// Own reports whether the context is the one of a worker's requests. What is
// logged with it is about delivery, and shipping it would feed itself.
func Own(ctx context.Context) bool {
	return ctx != nil && ctx.Value(ownKey{}) != nil
}

func (w *Worker) run() {
	defer close(w.done)
	defer w.stop()
	for w.ctx.Err() == nil {
		b, due, ended := w.queue.Next(time.Now())
		switch {
		case ended:
			w.retentionAfter = time.Time{} // the last chance
			w.putRetention()
			return
		case b == nil:
			w.wait(due)
		default:
			outcome, settled := w.deliver(b)
			if !settled {
				return
			}
			w.queue.Ack(outcome)
			w.cfg.Settled()
			w.putRetention()
		}
	}
}

// wait returns when the queue may have a batch: at the time due, if there is
// one, or when the queue says so.
func (w *Worker) wait(due time.Time) {
	var timer <-chan time.Time
	if !due.IsZero() {
		t := time.NewTimer(time.Until(due))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-timer:
	case <-w.queue.Wake():
	case <-w.ctx.Done():
	}
}

// deliver sends the batch until it is settled, however long that takes. It
// returns false if delivery was stopped before.
func (w *Worker) deliver(b *batch.Batch) (o account.Outcome, settled bool) {
	body := b.Seal()
	r := w.encode(body)
	found := true // the stream was there, as far as is known
	for failures := 1; ; failures++ {
		operation, info, err := w.send(&r)
		if err == nil {
			return outcome(b.Len(), info), true
		}
		if w.ctx.Err() != nil {
			return o, false
		}
		if r.encoding != "" && refusesGzip(err) {
			w.gzip = nil
			r = w.encode(body)
			continue
		}
		c := classify(err)
		if c == missing && !w.cfg.Creation.Never {
			w.needStream = true
			if found {
				found = false
				continue // how a new stream is found out about: nothing to report
			}
			c = transient // it may take a moment to be seen
		}
		w.cfg.Failed(operation, err)
		if c == refused && operation == "PutLogEvents" {
			o.Rejected[account.Refused] = b.Len()
			return o, true
		}
		if !w.pause(backoff(c, failures)) {
			return o, false
		}
	}
}

// encode makes a request of a body.
func (w *Worker) encode(body []byte) request {
	if w.gzip != nil {
		if compressed := w.gzip.compress(body); compressed != nil {
			return newRequest(compressed, "gzip")
		}
	}
	return newRequest(body, "")
}

// send makes the log stream if it has to be made, and sends the request. It
// returns the operation that the answer is from.
func (w *Worker) send(r *request) (operation string, info *types.RejectedLogEventsInfo, err error) {
	if w.needStream {
		if operation, err = w.create(); err != nil {
			return operation, nil, err
		}
		w.needStream = false
	}
	limit := AttemptTimeout + time.Duration(len(r.body))*time.Second/minRate
	err = w.attempt(limit, func(ctx context.Context) error {
		info, err = put(ctx, w.cfg.Client, r)
		return err
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.sent++; r.sent > 1 {
		w.traffic.Retries++
	}
	var unsent *CredentialsError
	if !errors.As(err, &unsent) {
		w.traffic.Bytes += int64(len(r.body))
	}
	if err == nil {
		w.traffic.LastDelivery = time.Now()
	}
	return "PutLogEvents", info, err
}

// attempt makes one request within a time limit.
func (w *Worker) attempt(limit time.Duration, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(w.ctx, limit)
	defer cancel()
	w.mu.Lock()
	w.traffic.Requests++
	w.mu.Unlock()
	return request(ctx)
}

// pause waits before the next attempt. While somebody waits in Flush or
// Shutdown it is short. It returns false if delivery was stopped.
func (w *Worker) pause(d time.Duration) bool {
	began := time.Now()
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		if w.queue.Awaited() {
			d = min(d, hurriedMax)
			t.Reset(d - time.Since(began))
		}
		select {
		case <-t.C:
			return true
		case <-w.queue.Wake(): // run asks the queue again anyway
		case <-w.ctx.Done():
			return false
		}
	}
}
