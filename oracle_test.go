package cloudwatch_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
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
	cutShort  bool  // Close came while there were faults, so what it wanted to tell may be lost
	refuseAll bool  // requests were refused whatever was in them

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
	h, err := cloudwatch.NewHandler(group, &opts)
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

// producer is one goroutine's worth of log calls.
type producer struct {
	o      *oracle
	id     int
	writer *cloudwatch.Writer // nil: it logs records
	forgot int                // notes that were settled and thrown away
	notes  []note
	tally  tally // of those that were thrown away
}

// producer returns a new one, which logs records, or lines if it is a writer.
func (o *oracle) producer(writer bool) *producer {
	p := &producer{o: o, id: len(o.producers)}
	if writer {
		p.writer = o.Writer()
	}
	o.producers = append(o.producers, p)
	return p
}

// logged is the number of events so far, and so the number of the next one.
func (p *producer) logged() int { return p.forgot + len(p.notes) }

// log logs one event. Its message holds the payload and whatever the oracle
// needs to know it again. A line of a writer has no level and no time given.
func (p *producer) log(level slog.Level, at time.Time, payload string) error {
	message := p.o.message(p.id, p.logged(), payload)
	n := note{level: levelIndex(level), ms: max(at.UnixMilli(), 0), ahead: time.Until(at) > 2*time.Hour}
	var err error
	if p.writer != nil {
		n.level, n.ms = noLevel, time.Now().UnixMilli()
		_, err = p.writer.WriteString(message + "\n")
		n.span = int32(time.Now().UnixMilli() - n.ms)
	} else {
		err = p.o.Handle(context.Background(), slog.NewRecord(at, level, message, 0))
	}
	switch {
	case err == nil && p.writer != nil && p.o.tooLarge(message):
		n.fate = large
	case err == nil && p.writer != nil:
		n.fate = unsure
	case err == nil:
		n.fate = kept
	case errors.Is(err, cloudwatch.ErrBufferFull):
		n.fate = full
	case errors.Is(err, cloudwatch.ErrOversize):
		n.fate = large
	case errors.Is(err, cloudwatch.ErrClosed):
		n.fate = late
	default:
		n.fate = strange
	}
	if n.fate == large && p.o.closing.Load() {
		n.fate = largeLate
	}
	p.notes = append(p.notes, n)
	return err
}

// tooLarge tells what a Writer does not: the line is dropped.
func (o *oracle) tooLarge(message string) bool {
	most := 1_048_550
	if o.opts.BufferBytes > 0 {
		most = min(most, o.opts.BufferBytes)
	}
	if o.opts.MaxEventBytes > 0 {
		most = o.opts.MaxEventBytes
	}
	return len(repaired(message)) > most
}

func levelIndex(level slog.Level) int8 {
	switch {
	case level < slog.LevelInfo:
		return 0
	case level < slog.LevelWarn:
		return 1
	case level < slog.LevelError:
		return 2
	default:
		return 3
	}
}

// message writes who logged it, which one it is, the payload, and a checksum
// of all that as the service gets it: with U+FFFD for each invalid byte.
func (o *oracle) message(producer, number int, payload string) string {
	if o.asJSON {
		text, _ := json.Marshal(payload) // a string always encodes
		m := `{"p":` + strconv.Itoa(producer) + "," + o.numbered(number) + `,"x":` + string(text)
		return m + `,"sum":"` + checksum(m) + `"}`
	}
	m := "p" + strconv.Itoa(producer) + " " + o.numbered(number) + " " + payload
	return m + " sum=" + checksum(repaired(m))
}

// checksum is 8 hexadecimal digits.
func checksum(text string) string {
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text)))
	return hex.EncodeToString(sum)
}

// numbered is the part of a message that only the events of one number have.
func (o *oracle) numbered(number int) string {
	if o.asJSON {
		return `"s":` + strconv.Itoa(number)
	}
	return "s" + strconv.Itoa(number)
}

// repaired is the text with U+FFFD for each invalid byte.
func repaired(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// parse is the opposite of message. It also undoes the mark of an event that
// was sent with another time; from is its true time then.
func (o *oracle) parse(message string) (producer, number int, from time.Time, err error) {
	open, end := " [restamped from ", "]"
	sum, sumEnd := " sum=", ""
	start, next, after := "p", " s", " "
	if o.asJSON {
		open, end = `,"restamped":"`, `"}`
		sum, sumEnd = `,"sum":"`, `"}`
		start, next, after = `{"p":`, `,"s":`, ","
	}
	if i := strings.LastIndex(message, open); i >= 0 && strings.HasSuffix(message, end) {
		const layout = "2006-01-02T15:04:05.000Z"
		from, err = time.Parse(layout, message[i+len(open):len(message)-len(end)])
		if err != nil {
			return 0, 0, from, fmt.Errorf("restamped: %w", err)
		}
		message = message[:i]
		if o.asJSON {
			message += "}"
		}
	}
	i := strings.LastIndex(message, sum)
	if i < 0 {
		return 0, 0, from, errors.New("no checksum")
	}
	if want := checksum(message[:i]) + sumEnd; message[i+len(sum):] != want {
		return 0, 0, from, fmt.Errorf("wrong checksum, want %s", want)
	}
	who, rest, _ := strings.Cut(strings.TrimPrefix(message, start), next)
	which, _, _ := strings.Cut(rest, after)
	producer, err = strconv.Atoi(who)
	if err == nil {
		number, err = strconv.Atoi(which)
	}
	return producer, number, from, err
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
	for _, e := range o.srv.TakeEvents(group, o.stream) {
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

// checkNow checks what holds at any moment.
func (o *oracle) checkNow() {
	s := o.Stats()
	o.identity(s)
	o.bounds(s)
}

// checkQuiet checks what holds at a moment when everything else waits. It is for
// a test inside a bubble.
func (o *oracle) checkQuiet() {
	synctest.Wait()
	o.collect()
	s := o.Stats()
	o.identity(s)
	o.bounds(s)
	o.everyCall(s)
	o.noFalseClaim(s)
}

// checkClosed checks everything, after Close. closed is what Close returned.
func (o *oracle) checkClosed(closed error) {
	o.collect()
	s, t := o.Stats(), o.tally()
	o.identity(s)
	o.bounds(s)
	o.everyCall(s)
	o.noFalseClaim(s)
	o.refusals(s, t)
	o.everyEvent(s, t, closed)
	o.acceptedMeansKept(s, t)
	o.onlyPoisonIsRefused(s, t)
	o.duplicates()
	o.inOrder()
	o.restamped(s)
	o.announced(s, t, closed)
	o.announcedByLevel(s, t)
	o.toldAll(s, t)
}

// identity: accepted = delivered + pending + rejected + dropped.
func (o *oracle) identity(s cloudwatch.Stats) {
	if sum := s.Delivered + s.Pending + s.Rejected.Total() + s.Dropped.Total(); sum != s.Accepted {
		o.failf("identity", "accepted %d, but delivered + pending + rejected + dropped = %d: %s", s.Accepted, sum, figures(s))
	}
}

// bounds: of memory and of requests at once; and the smaller figures fit the
// larger ones.
func (o *oracle) bounds(s cloudwatch.Stats) {
	buffer, flight := int64(o.opts.BufferBytes), o.opts.MaxInFlight
	if buffer == 0 {
		buffer = 64 << 20
	}
	if flight == 0 {
		flight = 4
	}
	if s.PendingBytes > buffer && s.Pending > 1 {
		o.failf("bounds", "%d events pending take %d bytes of %d", s.Pending, s.PendingBytes, buffer)
	}
	if s.InFlight < 0 || s.InFlight > flight {
		o.failf("bounds", "%d requests in flight, at most %d", s.InFlight, flight)
	}
	if s.Announced > announceable(s) {
		o.failf("bounds", "announced the loss of %d events, lost %d", s.Announced, announceable(s))
	}
	if s.Pending < 0 || s.PendingBytes < 0 || (s.Pending == 0) != (s.PendingBytes == 0) {
		o.failf("bounds", "%d events pending, %d bytes", s.Pending, s.PendingBytes)
	}
	if (s.Pending == 0) != s.OldestPending.IsZero() || s.OldestPending.After(time.Now()) {
		o.failf("bounds", "%d events pending, the oldest since %v", s.Pending, s.OldestPending)
	}
}

// everyCall: each log call counts as one event.
func (o *oracle) everyCall(s cloudwatch.Stats) {
	var calls int64
	for _, p := range o.producers {
		calls += int64(p.logged())
	}
	if s.Accepted != calls {
		o.failf("every call", "accepted %d, logged %d", s.Accepted, calls)
	}
}

// noFalseClaim: what counts as delivered, the endpoint has had; and what it has
// had and answered counts as delivered.
func (o *oracle) noFalseClaim(s cloudwatch.Stats) {
	if s.Delivered > o.stored {
		o.failf("no false claim", "delivered %d, but the endpoint has had only %d different events", s.Delivered, o.stored)
	}
	if s.Delivered+o.doubtful < o.stored {
		o.failf("no false claim", "delivered %d, but the endpoint has had %d different events, at most %d of them without an answer", s.Delivered, o.stored, o.doubtful)
	}
}

// refusals: what log calls returned is what was counted.
func (o *oracle) refusals(s cloudwatch.Stats, t tally) {
	switch {
	case t.fates[strange] > 0:
		o.failf("refusals", "%d log calls returned errors nobody knows", t.fates[strange])
	case s.Dropped.Closed != t.fates[late]:
		o.failf("refusals", "%d dropped after close, %d log calls returned ErrClosed", s.Dropped.Closed, t.fates[late])
	case s.Dropped.Oversize != t.fates[large]+t.fates[largeLate]:
		o.failf("refusals", "%d dropped as oversize, %d log calls returned ErrOversize", s.Dropped.Oversize, t.fates[large]+t.fates[largeLate])
	case s.Dropped.BufferFull < t.fates[full]:
		o.failf("refusals", "%d dropped since the buffer was full, but %d log calls returned ErrBufferFull", s.Dropped.BufferFull, t.fates[full])
	case s.Dropped.Empty != 0 || s.Dropped.Unformatted != 0:
		o.failf("refusals", "there was nothing empty and nothing unformatted: %s", figures(s))
	}
}

// everyEvent: each accepted event has arrived, or was counted as lost.
func (o *oracle) everyEvent(s cloudwatch.Stats, t tally, closed error) {
	missing := t.missing[kept] + t.missing[unsure]
	lost := s.Rejected.Total() + s.Dropped.Undelivered + s.Dropped.BufferFull - t.fates[full]
	if s.Pending != 0 {
		o.failf("every event", "%d events pending after Close", s.Pending)
	}
	if missing > lost || missing+o.doubtful < lost {
		o.failf("every event", "%d accepted events never arrived, %d were counted as lost, answers were lost for %d: %s%s",
			missing, lost, o.doubtful, figures(s), o.firstMissing())
	}
	var left *cloudwatch.UndeliveredError
	switch {
	case closed == nil && s.Dropped.Undelivered != 0:
		o.failf("every event", "Close returned nil, but %d events are undelivered", s.Dropped.Undelivered)
	case closed != nil && (!errors.As(closed, &left) || left.Events != s.Dropped.Undelivered):
		o.failf("every event", "%d events undelivered, Close returned %v", s.Dropped.Undelivered, closed)
	}
}

// firstMissing names some of the events that never arrived.
func (o *oracle) firstMissing() string {
	var b strings.Builder
	for _, p := range o.producers {
		shown := 0
		for i := range p.notes {
			if n := &p.notes[i]; n.order == 0 && n.stillWanted() && shown < 3 {
				fmt.Fprintf(&b, "; producer %d, event %d of %v", p.id, p.forgot+i, time.UnixMilli(n.ms).UTC())
				shown++
			}
		}
	}
	return b.String()
}

// acceptedMeansKept: under DropNewest no later event costs one whose log call
// returned nil.
func (o *oracle) acceptedMeansKept(s cloudwatch.Stats, t tally) {
	if o.opts.OnFull == cloudwatch.DropOldest {
		return
	}
	if lost := s.Rejected.Total() + s.Dropped.Undelivered; t.missing[kept] > lost {
		o.failf("accepted means kept", "%d accepted events never arrived, but %d were rejected or undelivered%s", t.missing[kept], lost, o.firstMissing())
	}
}

// onlyPoisonIsRefused: no good event goes with a bad one.
func (o *oracle) onlyPoisonIsRefused(s cloudwatch.Stats, t tally) {
	if !o.refuseAll && s.Rejected.Refused > t.poison+int64(o.doubtful) { // it may be there from a request whose answer was lost
		o.failf("only poison is refused", "%d events refused, but only %d poisoned ones are missing", s.Rejected.Refused, t.poison)
	}
}

// duplicates: only what was in a request whose answer was lost comes again.
func (o *oracle) duplicates() {
	if o.repeated > o.doubtful {
		o.failf("duplicates", "%d events came again, but answers were lost for %d only", o.repeated, o.doubtful)
	}
}

// inOrder: sorted by time, and those of the same time as they were taken in, the
// events of a producer are in the order of its log calls.
func (o *oracle) inOrder() {
	if o.refuseAll || len(o.bad) > 0 {
		return // events that may be to blame for a refusal wait, others overtake them
	}
	for _, p := range o.producers {
		before := make(map[int64]int) // by time: the event before
		for i := range p.notes {
			n := &p.notes[i]
			if n.order == 0 || n.restamped || n.span > 0 {
				continue
			}
			if j, ok := before[n.ms]; ok && p.notes[j].order > n.order {
				o.failf("order", "producer %d, event %d of %v came after event %d of the same time", p.id, p.forgot+j, time.UnixMilli(n.ms).UTC(), p.forgot+i)
				return
			}
			before[n.ms] = i
		}
	}
}

// restamped: events with another time are counted.
func (o *oracle) restamped(s cloudwatch.Stats) {
	switch {
	case s.Restamped > o.restamps || s.Restamped+o.doubtful < o.restamps:
		o.failf("restamped", "%d counted, %d there", s.Restamped, o.restamps)
	case o.opts.Untimely != cloudwatch.Restamp && o.restamps > 0:
		o.failf("restamped", "%d events got another time against the options", o.restamps)
	}
}

// announced: what was lost is told in the stream, in full if Close had the time.
func (o *oracle) announced(s cloudwatch.Stats, t tally, closed error) {
	lost, told := losses(s), o.announcements()
	for _, r := range o.records {
		if from, to := r.From.UnixMilli(), r.To.UnixMilli(); o.doubtful == 0 && (from < t.from || to > t.to) {
			o.failf("announced", "a loss from %v to %v, but events were lost from %v to %v", r.From, r.To, time.UnixMilli(t.from).UTC(), time.UnixMilli(t.to).UTC())
		}
	}
	for reason, n := range told.byReason {
		if n > lost[reason] && o.doubtful == 0 || reason == cloudwatch.LossClosed || reason == cloudwatch.LossUndelivered {
			o.failf("announced", "the stream tells of %d events lost: %s; it were %d", n, reason, lost[reason])
		}
	}
	if told.events < s.Announced || told.events > s.Announced && o.doubtful == 0 {
		o.failf("announced", "%d counted, but the stream tells of %d", s.Announced, told.events)
	}
	inTime := o.opts.CloseTimeout >= 10*time.Second // a pause can take longer than a short one
	if closed == nil && !o.cutShort && inTime && s.Announced+t.fates[largeLate] < announceable(s) {
		o.failf("announced", "all is delivered, but of %d losses %d are told in the stream: %s", announceable(s), s.Announced, figures(s))
	}
}

// announcedByLevel: the loss records name the levels.
func (o *oracle) announcedByLevel(s cloudwatch.Stats, t tally) {
	if o.doubtful > 0 || s.Dropped.Undelivered > 0 || t.fates[largeLate] > 0 || s.Announced != announceable(s) {
		return // what was lost and what is told are not the same events
	}
	if told := o.announcements().byLevel; told != t.lost {
		o.failf("announced by level", "told %v, lost %v", told, t.lost)
	}
}

// toldAll: what OnError is told adds up to what is counted.
func (o *oracle) toldAll(s cloudwatch.Stats, t tally) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for reason, n := range losses(s) {
		told, untold := o.told[reason], int64(0)
		switch reason {
		case cloudwatch.LossClosed:
			untold = n
		case cloudwatch.LossOversize:
			untold = t.fates[largeLate]
		}
		if told > n || told+untold < n {
			o.failf("told", "%d events lost: %s; OnError was told of %d", n, reason, told)
		}
	}
}

// losses returns what was lost, by reason.
func losses(s cloudwatch.Stats) map[cloudwatch.LossReason]int64 {
	return map[cloudwatch.LossReason]int64{
		cloudwatch.LossTooOld:      s.Rejected.TooOld,
		cloudwatch.LossExpired:     s.Rejected.Expired,
		cloudwatch.LossTooNew:      s.Rejected.TooNew,
		cloudwatch.LossRefused:     s.Rejected.Refused,
		cloudwatch.LossBufferFull:  s.Dropped.BufferFull,
		cloudwatch.LossOversize:    s.Dropped.Oversize,
		cloudwatch.LossUnformatted: s.Dropped.Unformatted,
		cloudwatch.LossClosed:      s.Dropped.Closed,
		cloudwatch.LossUndelivered: s.Dropped.Undelivered,
	}
}

// announceable is the number of events whose loss can be told in the stream.
func announceable(s cloudwatch.Stats) int64 {
	return s.Rejected.Total() + s.Dropped.BufferFull + s.Dropped.Oversize + s.Dropped.Unformatted
}

// figures is Stats in short.
func figures(s cloudwatch.Stats) string {
	return fmt.Sprintf("accepted %d, delivered %d, pending %d, rejected %+v, dropped %+v, announced %d, last error %v",
		s.Accepted, s.Delivered, s.Pending, s.Rejected, s.Dropped, s.Announced, s.LastError)
}
