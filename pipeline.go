package cloudwatch

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// pipeline is the way of an event from a log call to the service: accept
// encodes it, the queue keeps it, the worker delivers it. Handlers and Writers
// of one log stream share one pipeline.
type pipeline struct {
	settings *settings
	queue    *queue.Queue
	worker   *deliver.Worker
	report   *report
	lines    lines          // text written to Writers that has no newline yet
	encoder  batch.Encoder  // writes events in wire form
	speech   deliver.Speech // what the SDK logs is not shipped
	shutdown shutdown

	// With a spool; otherwise they are nil.
	spool    *spool.Spool
	recovery *recovery
	noHot    error       // why there is no hot mode
	volatile atomic.Bool // the directory is in RAM itself

	delivery deliver.Config // of the worker
}

func newPipeline(logGroup string, opts *Options) (*pipeline, error) {
	s, err := newSettings(logGroup, opts)
	if err != nil {
		return nil, err
	}
	p := &pipeline{
		settings: s,
		lines:    lines{max: s.MaxEventBytes, split: s.Oversize == Split},
		shutdown: shutdown{done: make(chan struct{}), over: make(chan struct{})},
		report:   newReport(s.OnError), // before the spool, which may report while it is made
	}
	client, newKeys, err := newClient(s, &p.speech)
	if err != nil {
		return nil, err
	}
	cfg := queue.Config{
		Head:     batch.Head(s.group, s.stream),
		MaxBytes: s.BufferBytes,
		OnFull:   queue.Policy(s.OnFull),
		Interval: s.FlushInterval,
	}
	own := destinationOf(client, s.group)
	if s.Spool != "" {
		if p.spool, err = p.newSpool(own); err != nil {
			return nil, err
		}
		cfg.Store = p.spool
	}
	p.queue = queue.New(cfg)
	p.delivery = deliver.Config{
		Client:      client,
		Group:       s.group,
		Stream:      s.stream,
		Creation:    s.creation(),
		Compress:    s.Compress,
		MaxInFlight: s.MaxInFlight,
		Interval:    s.FlushInterval,
		StartDelay:  s.StartDelay,
		Restamp:     s.Untimely == Restamp,
		Load:        p.load,
		NewKeys:     newKeys,
		Announce:    p.announce,
		Failed:      p.report.failed,
		Refused:     p.report.refused,
		Settled:     p.report.settled,
		Lost:        p.report.look,
	}
	p.report.start(p.queue)
	if p.spool != nil {
		p.spool.Start(p.queue)
	}
	p.worker = deliver.Start(p.delivery, p.queue)
	if p.spool != nil {
		p.recovery = startRecovery(p, own)
	}
	return p, nil
}

// LogStream returns the name of the log stream: the one given, with its
// placeholders filled in, or the one generated.
func (p *pipeline) LogStream() string { return p.settings.stream }

// Flush sends everything accepted before the call, a partial line written to a
// Writer included, and waits until the service has answered for all of it. nil
// means that none of it is pending; what was refused or dropped is in Stats. When
// the context ends first it returns an *UndeliveredError, and delivery goes on.
// After Shutdown was called it waits for the end and returns the same as
// Shutdown.
func (p *pipeline) Flush(ctx context.Context) error {
	settled := p.queue.Flush(p.eventsOf(p.lines.take())...)
	defer p.queue.Leave(settled)
	if p.queue.Closed() {
		settled = p.shutdown.done
	}
	select {
	case <-settled:
	case <-ctx.Done():
		state := p.queue.State()
		if state.Pending == 0 { // that was settled in the same moment
			break
		}
		_, last := p.report.last()
		return &UndeliveredError{Events: state.Pending, Bytes: state.PendingBytes, Spooled: state.Pending - p.atRisk(), Err: ctx.Err(), Last: last}
	}
	if p.shutdown.gaveUp() { // then what was left is settled as lost
		<-p.shutdown.done
		return p.shutdown.err
	}
	return nil
}

// flushInTime is Flush within Options.CloseTimeout.
func (p *pipeline) flushInTime() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.settings.CloseTimeout)
	defer cancel()
	return p.Flush(ctx)
}

// Close is Shutdown within Options.CloseTimeout.
func (p *pipeline) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.settings.CloseTimeout)
	defer cancel()
	return p.Shutdown(ctx)
}

// Shutdown accepts no more events and delivers those it has. When the context
// ends first, it gives up and returns an *UndeliveredError with the number of
// events that are lost.
//
// It may be called several times and by several goroutines: the first context
// to end ends it for all, every caller waits for the real end, and all get the
// same answer. It takes up to two seconds longer than the context if an HTTP
// client ignores its own or OnError does not return.
func (p *pipeline) Shutdown(ctx context.Context) error {
	p.shutdown.once.Do(func() {
		p.queue.Close(p.eventsOf(p.lines.end())...)
		go p.finish()
	})
	select {
	case <-p.shutdown.done:
	case <-ctx.Done():
		p.shutdown.giveUp(ctx.Err())
		p.worker.Stop()
		<-p.shutdown.done
	}
	return p.shutdown.err
}

// shutdown is the state of Shutdown.
type shutdown struct {
	once sync.Once
	done chan struct{} // closed at the real end
	err  error         // the answer; written before done is closed
	over chan struct{} // closed when it is given up

	mu    sync.Mutex
	cause error // why it was given up, the first one; nil if it was not
}

func (s *shutdown) giveUp(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil {
		s.cause = cause
		close(s.over)
	}
}

func (s *shutdown) gaveUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause != nil
}

// graceTime bounds the wait for code that is not ours, once time is over: a
// custom HTTP client that ignores its context, an OnError that does not return.
const graceTime = time.Second

// finish runs in its own goroutine from the first Shutdown until all is over.
func (p *pipeline) finish() {
	defer close(p.shutdown.done)
	if p.recovery != nil {
		p.recovery.end()
	}
	select {
	case <-p.worker.Done():
	case <-p.worker.Stopped():
		wait(p.worker.Done(), graceTime)
	}
	if p.spool != nil {
		select {
		case <-p.recovery.done:
		case <-p.shutdown.over:
			p.recovery.abort()
			wait(p.recovery.done, graceTime)
		}
		p.spool.Close(graceTime)
	}
	kept, dropped := p.queue.Abandon()
	p.report.close(p.shutdown.over, graceTime)
	if kept.Events+dropped.Events == 0 {
		return
	}
	_, last := p.report.last()
	p.shutdown.mu.Lock()
	defer p.shutdown.mu.Unlock()
	p.shutdown.err = &UndeliveredError{
		Events:  kept.Events + dropped.Events,
		Bytes:   kept.Bytes + dropped.Bytes,
		Spooled: kept.Events,
		Err:     p.shutdown.cause,
		Last:    last,
	}
}

// eventsOf returns the events that a line makes.
func (p *pipeline) eventsOf(l line) (events []batch.Event) {
	if len(l.text) == 0 {
		return nil
	}
	_ = p.events(l.text, l.at, account.None, func(e batch.Event) error { // a loss is counted
		e.Wire = slices.Clone(e.Wire)
		events = append(events, e)
		return nil
	})
	return events
}
