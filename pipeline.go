package cloudwatch

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/access"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/explain"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/recovery"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// pipeline is the way of an event from a log call to the service: accept
// encodes it, the queue keeps it, the worker delivers it. Handlers and Writers
// of one log stream share one pipeline.
type pipeline struct {
	settings *settings
	client   *access.Client
	queue    *queue.Queue
	worker   *deliver.Worker
	report   *report
	partials partials      // lines written to Writers that have no newline yet
	encoder  batch.Encoder // writes events in wire form
	limit    encode.Limit  // of the text of a record in memory
	shutdown shutdown
	reach    *deliver.Reach
	target   explain.Target // of the requests

	levelReported atomic.Bool // that a handler given to Using does not accept a level

	// With a spool; otherwise they are nil.
	spool    *spool.Spool
	recovery *recovery.Recovery
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
		shutdown: shutdown{done: make(chan struct{}), over: make(chan struct{})},
		report:   newReport(s.OnError), // before the spool, which may report while it is made
		reach:    deliver.NewReach(),
	}
	p.limit = encode.Limit{Bytes: s.MaxEventBytes, Overflow: p.overflow}
	if p.client, err = access.NewClient(s.access()); err != nil {
		return nil, err
	}
	if err := s.fillNames(p.client.Options().Region, p.client.InstanceID); err != nil {
		p.client.Close(0)
		return nil, err
	}
	for _, note := range s.namer.notes {
		p.report.later(note)
	}
	cfg := queue.Config{
		Head:     batch.Head(s.group, s.stream),
		MaxBytes: s.BufferBytes,
		OnFull:   queue.Policy(s.OnFull),
		Interval: s.FlushInterval,
	}
	own := destinationOf(p.client.Client, s.group)
	p.target = targetOf(s, p.client)
	if s.Spool != "" {
		if p.spool, err = p.newSpool(own); err != nil {
			p.client.Close(0)
			return nil, err
		}
		cfg.Replica = p.spool
	}
	p.queue = queue.New(cfg)
	p.delivery = deliver.Config{
		Client:      p.client.Client,
		Group:       s.group,
		Stream:      s.stream,
		Creation:    s.creation(),
		Compress:    s.Compress,
		MaxInFlight: s.MaxInFlight,
		Interval:    s.FlushInterval,
		StartDelay:  s.StartDelay,
		Restamp:     s.Untimely == Restamp,
		Reach:       p.reach,
		Endpoint:    new(deliver.Endpoint),
		NewKeys:     p.client.RenewCredentials,
		Announce:    p.announce,
		Failed:      p.failed(s.stream),
		Refused:     p.refused(s.stream),
		Settled:     p.report.settled,
		Lost:        p.report.look,
	}
	if p.report.stderr != nil {
		p.reach.Slow, p.reach.SlowAfter = p.firstContact, waitingAfter
	}
	p.report.start(p.queue)
	if p.spool != nil {
		p.delivery.Load = p.spool.Load
		p.spool.Start(p.queue)
	}
	p.worker = deliver.Start(p.delivery, p.queue)
	if p.spool != nil {
		p.recovery = p.startRecovery(own)
	}
	return p, nil
}

// LogGroup returns the name of the log group, with its placeholders filled in.
func (p *pipeline) LogGroup() string { return p.settings.group }

// LogStream returns the name of the log stream: the one given, with its
// placeholders filled in, or the one generated.
func (p *pipeline) LogStream() string { return p.settings.stream }

// Flush sends everything accepted before the call, the partial lines of all Writers
// included, and waits until the service has answered for all of it. nil
// means that none of it is pending; what was refused or dropped is in Stats. When
// the context ends first it returns an *UndeliveredError, and delivery goes on.
// After Shutdown was called it waits for the end and returns the same as
// Shutdown.
func (p *pipeline) Flush(ctx context.Context) error { return p.flush(ctx, context.Context.Err) }

// flush is Flush. why returns why the context ended.
func (p *pipeline) flush(ctx context.Context, why func(context.Context) error) error {
	var settled <-chan struct{}
	p.partials.take(false, func(events ...batch.Event) { settled = p.queue.Flush(events...) })
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
		return &UndeliveredError{Events: state.Pending, Bytes: state.PendingBytes, Spooled: state.Pending - p.atRisk(), Err: why(ctx), Last: p.obstacle()}
	}
	if p.shutdown.gaveUp() { // then what was left is settled as lost
		<-p.shutdown.done
		return p.shutdown.err
	}
	return nil
}

// Sync is Flush within Options.CloseTimeout, for loggers that call it before the program
// ends: it makes a Writer a zapcore.WriteSyncer. With a spool, it returns earlier if
// everything is on the disk and the service cannot be reached, as Shutdown does. zap also
// calls it for DPANIC, where the log call then waits for the network; the core of
// adapters/cloudwatchzap does not.
func (p *pipeline) Sync() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.settings.CloseTimeout)
	defer cancel()
	if p.spool == nil {
		return p.Flush(ctx)
	}
	ctx, giveUp := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if p.unreachable(time.Now(), ctx.Done()) {
			giveUp(errUnreachable)
		}
	}()
	err := p.flush(ctx, context.Cause)
	giveUp(nil)
	<-watched
	return err
}
