// Package pipeline takes events from log calls to the service: it encodes them, queues them, delivers
// them, replays what ended processes left in the spool, and reports failures and losses.
package pipeline

import (
	"log/slog"
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

// Config holds the checked options of a pipeline, with every default filled in.
type Config struct {
	Client        *access.Client // closed by Shutdown, or by New if it fails
	Group, Stream string
	Creation      deliver.Creation
	Role          string       // its ARN, for error texts
	Level         slog.Leveler // nil: slog.LevelInfo

	FlushInterval time.Duration
	StartDelay    time.Duration
	CloseTimeout  time.Duration
	BufferBytes   int
	MaxEventBytes int
	MaxInFlight   int
	OnFull        queue.Policy
	Oversize      Oversize
	Compress      bool
	Restamp       bool // timestamps out of range are replaced; otherwise their events are lost

	Spool        string // directory; empty: none
	SpoolOptions SpoolOptions

	// OnError gets every report. nil: each report is printed to standard error, followed by
	// what Advice returns for it.
	OnError func(error)
	// Public converts a notice to the error that the program gets. A notice is an error, a
	// *Loss, a *DeliveryFailure, a *SpoolFailure or an *Undelivered.
	Public func(notice any) error
	Advice func(error) string
	// Notes are reported first.
	Notes []error
}

// Pipeline is shared by all handlers and writers of one log stream. The methods of a nil
// *Pipeline do nothing.
type Pipeline struct {
	cfg      Config
	client   *access.Client
	queue    *queue.Queue
	worker   *deliver.Worker
	report   *reporter
	partials partials      // partial lines of all Writers
	encoder  batch.Encoder // writes events in wire form
	limit    encode.Limit  // bounds the text of a record in memory
	shutdown shutdown
	reach    *deliver.Reach
	target   explain.Target // describes the requests in error texts

	levelReported atomic.Bool // a level that the handler given to Using does not accept was reported

	// Nil without a spool.
	spool    *spool.Spool
	recovery *recovery.Recovery
	noHot    error       // why hot mode is not available
	volatile atomic.Bool // the spool directory is on a RAM file system

	delivery deliver.Config // of the worker
}

// New starts a pipeline. The error is that of opening the spool.
func New(cfg Config) (*Pipeline, error) {
	p := &Pipeline{
		cfg:      cfg,
		client:   cfg.Client,
		shutdown: newShutdown(),
		report:   newReporter(&cfg), // before the spool, which may report while it is opened
		reach:    deliver.NewReach(),
	}
	p.limit = encode.Limit{Bytes: cfg.MaxEventBytes, Overflow: p.overflow}
	for _, note := range cfg.Notes {
		p.report.notify(note)
	}
	q := queue.Config{
		Head:     batch.Head(cfg.Group, cfg.Stream),
		MaxBytes: cfg.BufferBytes,
		OnFull:   cfg.OnFull,
		Interval: cfg.FlushInterval,
	}
	to := destinationOf(&cfg)
	p.target = targetOf(&cfg, to)
	if cfg.Spool != "" {
		var err error
		if p.spool, err = p.openSpool(to); err != nil {
			cfg.Client.Close(0)
			return nil, err
		}
		q.Replica = p.spool
	}
	p.queue = queue.New(q)
	p.start(to)
	return p, nil
}

// start starts the goroutines.
func (p *Pipeline) start(to recovery.Destination) {
	p.delivery = deliver.Config{
		Client:      p.client.Client,
		Group:       p.cfg.Group,
		Stream:      p.cfg.Stream,
		Creation:    p.cfg.Creation,
		Compress:    p.cfg.Compress,
		MaxInFlight: p.cfg.MaxInFlight,
		Interval:    p.cfg.FlushInterval,
		StartDelay:  p.cfg.StartDelay,
		Restamp:     p.cfg.Restamp,
		Reach:       p.reach,
		Endpoint:    new(deliver.Endpoint),
		NewKeys:     p.client.RenewCredentials,
		Announce:    p.lossNotice,
		Failed:      p.failed(p.cfg.Stream),
		Refused:     p.refused(p.cfg.Stream),
		Settled:     p.report.acknowledged,
		Lost:        p.report.wakeUp,
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
		p.recovery = p.startRecovery(to)
	}
}

// Group returns the name of the log group.
func (p *Pipeline) Group() string {
	if p == nil {
		return ""
	}
	return p.cfg.Group
}

// Stream returns the name of the log stream.
func (p *Pipeline) Stream() string {
	if p == nil {
		return ""
	}
	return p.cfg.Stream
}
