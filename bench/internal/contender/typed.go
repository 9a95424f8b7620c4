package contender

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Limits of one PutLogEvents request.
const (
	maxBatchBytes  = 1_048_576
	maxBatchEvents = 10_000
	eventOverhead  = 26
)

// typed is what a careful programmer would write on top of the SDK: slog.JSONHandler writes into
// batches up to the size limit of the service, and one goroutine sends them with the SDK's typed
// call. It does not allocate for an event. Like ours it holds up to 64 requests, then log calls
// block.
type typed struct {
	client *cloudwatchlogs.Client
	sealed chan *typedBatch
	done   chan struct{} // closed when send has returned

	mu   sync.Mutex
	open *typedBatch

	stateMu sync.Mutex
	settled sync.Cond // on stateMu: pending is 0
	pending int       // sealed batches without a response
	err     error     // the first failure

	free sync.Pool // of *typedBatch
}

// typedBatch is the concatenated text of events.
type typedBatch struct {
	text   []byte
	ends   []int   // where each event ends in text
	times  []int64 // in ms
	events []types.InputLogEvent
}

func startTyped(t Target) (Contender, error) {
	s := &typed{
		client: t.sdkClient(),
		sealed: make(chan *typedBatch, BufferBytes/maxBatchBytes),
		done:   make(chan struct{}),
		free: sync.Pool{New: func() any {
			return &typedBatch{text: make([]byte, 0, maxBatchBytes)}
		}},
	}
	s.settled.L = &s.stateMu
	s.open = s.free.Get().(*typedBatch)
	go s.send()
	return s, nil
}

func (s *typed) Handler() slog.Handler { return slog.NewJSONHandler(s, nil) }

// Write adds one line, an event.
func (s *typed) Write(line []byte) (int, error) {
	now := time.Now().UnixMilli()
	message := line[:len(line)-1]
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.open
	if len(b.ends) == maxBatchEvents ||
		len(b.text)+len(message)+(len(b.ends)+1)*eventOverhead > maxBatchBytes {
		s.seal()
		b = s.open
	}
	b.text = append(b.text, message...)
	b.ends = append(b.ends, len(b.text))
	b.times = append(b.times, now)
	return len(line), nil
}

// seal sends the open batch to the sender. The caller must hold mu, so all log calls block while
// the channel is full.
func (s *typed) seal() {
	if len(s.open.ends) == 0 {
		return
	}
	s.stateMu.Lock()
	s.pending++
	s.stateMu.Unlock()
	s.sealed <- s.open
	s.open = s.free.Get().(*typedBatch)
}

// send sends batches until sealed is closed. Every second it sends the open batch too.
func (s *typed) send() {
	defer close(s.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case b, ok := <-s.sealed:
			if !ok {
				return
			}
			s.put(b)
		case <-tick.C:
			// A full channel has enough to send, and the goroutine that waits for it holds mu.
			if s.mu.TryLock() {
				if len(s.sealed) < cap(s.sealed) {
					s.seal()
				}
				s.mu.Unlock()
			}
		}
	}
}

func (s *typed) put(b *typedBatch) {
	text, start := string(b.text), 0
	messages := make([]string, len(b.ends))
	for i, end := range b.ends {
		messages[i] = text[start:end]
		b.events = append(b.events, types.InputLogEvent{Message: &messages[i], Timestamp: &b.times[i]})
		start = end
	}
	_, err := s.client.PutLogEvents(context.Background(), &cloudwatchlogs.PutLogEventsInput{
		LogGroupName:  aws.String(group),
		LogStreamName: aws.String(stream),
		LogEvents:     b.events,
	})
	clear(b.events)
	b.text, b.ends, b.times, b.events = b.text[:0], b.ends[:0], b.times[:0], b.events[:0]
	s.free.Put(b)

	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	s.err = errors.Join(s.err, err)
	if s.pending--; s.pending == 0 {
		s.settled.Broadcast()
	}
}

func (s *typed) Settle() error {
	s.mu.Lock()
	s.seal()
	s.mu.Unlock()
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	for s.pending > 0 {
		s.settled.Wait()
	}
	return s.err
}

func (s *typed) Close() error {
	err := s.Settle()
	close(s.sealed)
	<-s.done
	return err
}
