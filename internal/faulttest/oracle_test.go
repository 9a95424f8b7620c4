package faulttest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// An oracle stands outside the library and holds it to its word. Programs log
// through its producers, so it knows every event and what its log call
// returned. It reads what the endpoint holds, the loss records there, Stats,
// and what OnError is told; each obligation of the library is a method that
// compares them.
//
// Producers may log at the same time, each from one goroutine. The other methods are
// for one goroutine, while no producer is logging.
type oracle struct {
	*cloudwatch.Handler
	srv    *cloudwatchtest.Server
	opts   cloudwatch.Options
	stream string
	asJSON bool // messages are JSON objects

	producers []*producer
	bad       []int // the numbers of poisoned events, of any producer
	cutShort  bool  // Close had no time to tell what it wanted to tell: there were faults, or a request hung
	refuseAll bool  // requests were refused whatever was in them
	overtaken bool  // something on the way did that: no event is given up for it, but some waited

	order    int64 // number of the event last read from the endpoint
	stored   int64 // different events of ours the endpoint has had
	repeated int64 // events it has had once more
	restamps int64 // different events it has had with another time
	// doubtful counts events in requests that took effect without an answer:
	// they may come again, or be given up though they are there.
	doubtful int64
	closing  atomic.Bool          // Close was called
	cut      atomic.Int64         // events in requests whose answer a fault has cut; they are doubtful too
	requests int                  // all that were made
	records  map[int64]lossRecord // by number: repeated ones have the same
	past     announcements        // those of records that were thrown away
	failures []string

	mu    sync.Mutex // guards what follows, which OnError writes
	told  map[cloudwatch.LossReason]int64
	fails int // *DeliveryError told
}

// fate is what the log call of an event returned.
type fate uint8

const (
	kept      fate = iota // nil: it has been accepted
	unsure                // nil, but it was a line of a Writer: a full buffer is no error there
	full                  // ErrBufferFull
	large                 // ErrOversize
	largeLate             // the same after Close was called: it is counted, but maybe told to nobody
	late                  // ErrClosed
	strange               // something else
	fates
)

// note is what the oracle knows of an event.
type note struct {
	ms        int64 // its time
	order     int64 // when the endpoint had it first, see oracle.order; 0 = not yet
	span      int32 // a Writer takes the time itself: ms to ms + span
	level     int8  // index into levelNames
	fate      fate
	restamped bool // the endpoint has it with another time, or that too
	ahead     bool // its time was more than two hours ahead when it was logged
}

// stillWanted says that the event was accepted, as far as its log call told.
func (n *note) stillWanted() bool { return n.fate == kept || n.fate == unsure }

// tally adds up events by what became of their log calls.
type tally struct {
	calls   int64
	fates   [fates]int64
	missing [fates]int64 // those that the endpoint never had, by fate
	lost    levelTally   // those of kept and unsure, and those refused as full or large
	from    int64        // the time of the earliest of lost, 0 = none
	to      int64        // and of the latest
	poison  int64        // those of missing that were poisoned
}

type levelTally [5]int64

var levelNames = [5]string{"DEBUG", "INFO", "WARN", "ERROR", "NONE"}

const noLevel = 4 // of a line of a Writer

// lossRecord is an event that the library writes itself, to tell of a loss.
type lossRecord struct {
	Time   time.Time
	Level  string
	Msg    string
	Reason cloudwatch.LossReason
	Events int64
	Bytes  int64
	From   time.Time
	To     time.Time
	Levels map[string]int64

	Number    int64  // of this record in the life of the handler
	Restamped string // its own true time, if the service's clock did not suit it
}

// announcements are what loss records add up to.
type announcements struct {
	events   int64
	byReason map[cloudwatch.LossReason]int64
	byLevel  levelTally
}

func (a *announcements) add(r *lossRecord) {
	a.events += r.Events
	if a.byReason == nil {
		a.byReason = make(map[cloudwatch.LossReason]int64)
	}
	a.byReason[r.Reason] += r.Events
	for i, name := range levelNames {
		a.byLevel[i] += r.Levels[name]
	}
}

// announcements adds up all loss records.
func (o *oracle) announcements() announcements {
	sum := o.past
	sum.byReason = maps.Clone(o.past.byReason)
	for _, r := range o.records {
		sum.add(&r)
	}
	return sum
}

// newOracle makes a handler that delivers to the server. The options are
// completed: format, level, OnError and what happens to oversize messages are the
// oracle's.
func newOracle(srv *cloudwatchtest.Server, opts cloudwatch.Options, asJSON bool) (*oracle, error) {
	o := &oracle{
		srv: srv, asJSON: asJSON,
		records: make(map[int64]lossRecord),
		told:    make(map[cloudwatch.LossReason]int64),
	}
	if opts.Config == nil {
		cfg := srv.Config()
		opts.Config = &cfg
	}
	opts.Format = cloudwatch.Pattern("{message}")
	opts.Level = slog.LevelDebug
	opts.Oversize = cloudwatch.Drop // so that each log call is one event
	opts.OnError = o.onError
	h, err := cloudwatch.NewHandler(testkit.Group, &opts)
	if err != nil {
		return nil, err
	}
	o.Handler, o.opts, o.stream = h, opts, h.LogStream()
	return o, nil
}

func (o *oracle) onError(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var loss *cloudwatch.LossError
	if !errors.As(err, &loss) {
		o.fails++
		return
	}
	o.told[loss.Reason] += loss.Events
	if sum := loss.Levels.Debug + loss.Levels.Info + loss.Levels.Warn + loss.Levels.Error + loss.Levels.None; sum != loss.Events {
		o.failf("told", "OnError was told of %d events lost, by level %+v", loss.Events, loss.Levels)
	}
}

// failf notes that the library broke an obligation.
func (o *oracle) failf(obligation, format string, args ...any) {
	const most = 20
	if len(o.failures) < most {
		o.failures = append(o.failures, obligation+": "+fmt.Sprintf(format, args...))
	}
}

// report fails the test with what is broken.
func (o *oracle) report(t testing.TB) {
	t.Helper()
	for _, f := range o.failures {
		t.Error(f)
	}
	o.failures = nil
}

// poison notes that the endpoint refuses requests with an event of that number,
// and returns what tells such an event.
func (o *oracle) poison(number int) func(message string) bool {
	o.bad = append(o.bad, number)
	start, separator := o.numbered(number)+" ", " "
	if o.asJSON {
		start, separator = o.numbered(number)+",", ","
	}
	return func(message string) bool {
		_, rest, _ := strings.Cut(message, separator) // who logged it
		return strings.HasPrefix(rest, start)
	}
}

// collect takes what the endpoint holds: the events in the order they were
// accepted, and the requests. It must be called before a stream is deleted.
func (o *oracle) collect() {
	for _, e := range o.srv.TakeEvents(testkit.Group, o.stream) {
		o.order++
		if strings.HasPrefix(e.Message, `{"time":`) && strings.Contains(e.Message, `"msg":"log events lost"`) {
			o.lossRecord(e)
		} else {
			o.event(e)
		}
	}
	for _, r := range o.srv.TakeRequests() {
		o.request(r)
	}
	o.doubtful += o.cut.Swap(0)
}

// event takes in an event of the endpoint: none is invented, altered, or there
// although its log call said it was dropped.
func (o *oracle) event(e cloudwatchtest.Event) {
	producer, number, from, err := o.parse(e.Message)
	if err != nil {
		o.failf("nothing invented or altered", "%v: %.200q", err, e.Message)
		return
	}
	if producer < 0 || producer >= len(o.producers) {
		o.failf("nothing invented", "producer %d: %.200q", producer, e.Message)
		return
	}
	p := o.producers[producer]
	switch i := number - p.forgot; {
	case i < 0:
		o.failf("duplicates", "producer %d, event %d came again long after it was settled", producer, number)
		return
	case i >= len(p.notes):
		o.failf("nothing invented", "producer %d, event %d was never logged", producer, number)
		return
	}
	n := &p.notes[number-p.forgot]
	if !n.stillWanted() {
		o.failf("refused means refused", "producer %d, event %d is there although its log call returned an error (%d)", producer, number, n.fate)
	}
	o.time(p, number, n, e, from)
	if !from.IsZero() && !n.restamped {
		n.restamped = true
		o.restamps++
	}
	if n.order != 0 {
		o.repeated++
		return
	}
	n.order = o.order
	o.stored++
}

// time checks the time of an event: its own, or another one if the service
// would not have taken that.
func (o *oracle) time(p *producer, number int, n *note, e cloudwatchtest.Event, from time.Time) {
	at := e.Timestamp.UnixMilli()
	if !from.IsZero() {
		at = from.UnixMilli()
	}
	if at < n.ms || at > n.ms+int64(n.span) {
		o.failf("times", "producer %d, event %d has the time %v (true time %v), logged with %v", p.id, number, e.Timestamp, from, time.UnixMilli(n.ms).UTC())
	}
}

func (o *oracle) lossRecord(e cloudwatchtest.Event) {
	var r lossRecord
	d := json.NewDecoder(bytes.NewReader([]byte(e.Message)))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		o.failf("announced", "%v: %s", err, e.Message)
		return
	}
	var sum int64
	for name, n := range r.Levels {
		if !slices.Contains(levelNames[:], name) {
			o.failf("announced", "level %q: %s", name, e.Message)
		}
		sum += n
	}
	if r.Level != "ERROR" || r.Events <= 0 || r.Bytes <= 0 || sum != r.Events || r.To.Before(r.From) || len(r.Levels) != len(levelNames) {
		o.failf("announced", "the loss record contradicts itself: %s", e.Message)
	}
	if before, again := o.records[r.Number]; again && (before.Reason != r.Reason || before.Events != r.Events) {
		o.failf("announced", "two loss records are number %d: %+v and %+v", r.Number, before, r)
	}
	o.records[r.Number] = r
}

// request takes in a request: the endpoint finds no fault with its form.
func (o *oracle) request(r cloudwatchtest.Request) {
	o.requests++
	if r.Committed && r.Status != 200 && r.Operation == "PutLogEvents" {
		o.doubtful += int64(r.Events - r.Rejected)
	}
	switch r.Code {
	case "InvalidParameterException", "ValidationException", "SerializationException",
		"MalformedHttpRequestException", "RequestEntityTooLargeException":
		if r.Message != scripted {
			o.failf("well formed", "%s with %d events, %d bytes was refused: %s: %s", r.Operation, r.Events, r.Bytes, r.Code, r.Message)
		}
	}
}

// scripted is the text of refusals that a test injects.
const scripted = "refused by the test"

// tally adds up all events.
func (o *oracle) tally() tally {
	var sum tally
	for _, p := range o.producers {
		sum.add(p.tally)
		sum.add(p.settle())
	}
	return sum
}

// settle adds up the events of a producer that are not forgotten yet.
func (p *producer) settle() (t tally) {
	t.calls = int64(len(p.notes))
	for i := range p.notes {
		n := &p.notes[i]
		t.fates[n.fate]++
		if n.order != 0 {
			continue
		}
		t.missing[n.fate]++
		if n.stillWanted() && slices.Contains(p.o.bad, p.forgot+i) {
			t.poison++
		}
		if n.stillWanted() || n.fate == full || n.fate == large {
			t.lost[n.level]++
		}
		if n.fate != late {
			t.span(n.ms, n.ms+int64(n.span))
		}
	}
	return t
}

func (t *tally) add(u tally) {
	t.calls += u.calls
	for i := range u.fates {
		t.fates[i] += u.fates[i]
		t.missing[i] += u.missing[i]
	}
	for i := range u.lost {
		t.lost[i] += u.lost[i]
	}
	t.poison += u.poison
	if u.to != 0 {
		t.span(u.from, u.to)
	}
}

func (t *tally) span(from, to int64) {
	if t.to == 0 || from < t.from {
		t.from = from
	}
	t.to = max(t.to, to)
}

// forget throws away what is known of single events, so that a long test does
// not grow. Nothing may be pending: all that is missing is lost.
func (o *oracle) forget() {
	o.collect()
	o.inOrder()
	for _, p := range o.producers {
		p.tally.add(p.settle())
		p.forgot += len(p.notes)
		p.notes = p.notes[:0]
	}
	o.bad = nil
	for _, r := range o.records {
		o.past.add(&r)
	}
	clear(o.records)
}
