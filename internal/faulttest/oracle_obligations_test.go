package faulttest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

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
	if o.opts.Spool != "" { // what was read back
		buffer += max(buffer/4, 4<<20)
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
	if o.refuseAll || o.overtaken || len(o.bad) > 0 {
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
