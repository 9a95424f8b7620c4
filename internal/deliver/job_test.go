package deliver

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

var jobNow = time.UnixMilli(nowAt)

// ago returns the timestamp d before jobNow, in ms.
func ago(d time.Duration) int64 { return jobNow.Add(-d).UnixMilli() }

const day = 24 * time.Hour

// newTestJob returns a job of events with these timestamps, within 24 hours. The message of the
// i-th event is a letter, and the levels rotate. The service's clock is known.
func newTestJob(t *testing.T, restamp bool, times ...int64) *job {
	t.Helper()
	q := queue.New(queue.Config{Head: testHead, MaxBytes: 1 << 20, Interval: time.Second})
	for i, at := range times {
		if err := q.Append(newEvent(at, account.Level(i%int(account.Levels)), string(rune('a'+i)))); err != nil {
			t.Fatal(err)
		}
	}
	q.Close()
	it, _, _ := q.Next(time.Now())
	if it == nil || it.Len() != len(times) {
		t.Fatal("the events do not fit into one batch")
	}
	return newJob(it, timestampPolicy{restamp, &serviceClock{learned: jobNow.Add(100 * day)}})
}

// lossOf sums up events of such a job.
func lossOf(times []int64, which ...int) (l account.Loss) {
	for _, i := range which {
		l.Add(times[i], 1, account.Level(i%int(account.Levels)))
	}
	return l
}

// wantOutcome compares outcomes.
func wantOutcome(t *testing.T, name string, got, want account.Outcome) {
	t.Helper()
	if got != want {
		t.Errorf("%s: outcome\n%+v, want\n%+v", name, got, want)
	}
}

// wantBody checks the messages sent next, and whether they are marked as restamped.
func wantBody(t *testing.T, name string, j *job, want string, marked bool) {
	t.Helper()
	if j.done() {
		t.Errorf("%s: no events left, want %q", name, want)
		return
	}
	got := ""
	for _, e := range sent(t, j.body()) {
		got += e.Message[:1]
		if (e.Timestamp == nowAt) != marked || (len(e.Message) > 1) != marked {
			t.Errorf("%s: sent %q at %d, want marked %v", name, e.Message, e.Timestamp, marked)
		}
	}
	if got != want {
		t.Errorf("%s: next is %q, want %q", name, got, want)
	}
}

func TestScreenTakesOutOfRangeEvents(t *testing.T) {
	old, older, fine, soon, late := ago(14*day+time.Millisecond), ago(30*day), ago(14*day), ago(-2*time.Hour), ago(-2*time.Hour-time.Millisecond)
	rows := []struct {
		name   string
		times  []int64
		tooOld []int // events
		left   string
		tooNew []int
	}{
		{"all in range", []int64{ago(time.Hour), ago(time.Second)}, nil, "ab", nil},
		{"oldest in range", []int64{fine}, nil, "a", nil},
		{"newest in range", []int64{soon}, nil, "a", nil},
		{"too old", []int64{old, fine}, []int{0}, "b", nil},
		{"too new", []int64{soon, late}, nil, "a", []int{1}},
		{"all too old", []int64{older, older, older}, []int{0, 1, 2}, "", nil},
		{"all too new", []int64{late, late}, nil, "", []int{0, 1}},
	}
	for _, row := range rows {
		some := len(row.tooOld)+len(row.tooNew) > 0

		var o, want account.Outcome
		j := newTestJob(t, false, row.times...)
		if got := j.screen(jobNow, &o); got != some {
			t.Errorf("%s: screen returned %v", row.name, got)
		}
		want.Lost[account.TooOld] = lossOf(row.times, row.tooOld...)
		want.Lost[account.TooNew] = lossOf(row.times, row.tooNew...)
		want.Settled = lossOf(row.times, slices.Concat(row.tooOld, row.tooNew)...)
		wantOutcome(t, row.name, o, want)
		if row.left != "" {
			wantBody(t, row.name, j, row.left, false)
		}
		if j.done() != (row.left == "") || !j.done() && j.screen(jobNow, &o) {
			t.Errorf("%s: done %v, or screened again", row.name, j.done())
		}

		o = account.Outcome{}
		j = newTestJob(t, true, row.times...)
		if got := j.screen(jobNow, &o); got != some {
			t.Errorf("%s: screen returned %v", row.name, got)
		}
		wantOutcome(t, row.name+", restamped", o, account.Outcome{}) // no outcome yet
		if row.left != "" {
			wantBody(t, row.name, j, row.left, false)
			if j.acknowledged(nil, jobNow, &o); o.Delivered != len(row.left) || o.Restamped != 0 {
				t.Errorf("%s: %+v", row.name, o)
			}
		}
		for _, part := range [][]int{row.tooOld, row.tooNew} {
			if len(part) == 0 {
				continue
			}
			letters := ""
			for _, i := range part {
				letters += string(rune('a' + i))
			}
			o = account.Outcome{}
			if j.screen(jobNow.Add(15*day), &o) {
				t.Errorf("%s: a restamped part was screened", row.name)
			}
			wantBody(t, row.name, j, letters, true)
			if j.acknowledged(nil, jobNow, &o); o.Delivered != len(part) || o.Restamped != len(part) {
				t.Errorf("%s: %+v", row.name, o)
			}
		}
		if !j.done() {
			t.Errorf("%s: events are left", row.name)
		}
	}
}

// TestScreenNeedsServiceClock: if the service's clock is not known, the service decides.
func TestScreenNeedsServiceClock(t *testing.T) {
	j := newTestJob(t, false, ago(100*day))
	j.timestamps.clock.learned = jobNow.Add(-freshFor)
	var o account.Outcome
	if j.screen(jobNow, &o) || o != (account.Outcome{}) || j.done() {
		t.Errorf("screened: %+v", o)
	}
}

// TestScreenUsesServiceClock: the service's clock decides, and restamped events get its time.
func TestScreenUsesServiceClock(t *testing.T) {
	j := newTestJob(t, true, ago(-28*time.Hour), ago(-29*time.Hour+time.Minute))
	j.timestamps.clock.ahead = 27 * time.Hour
	var o account.Outcome
	if j.screen(jobNow, &o) {
		t.Error("in range by the service's clock, but screened")
	}
	j = newTestJob(t, true, ago(13*day))
	j.timestamps.clock.ahead = 2 * day
	if !j.screen(jobNow, &o) {
		t.Fatal("too old by the service's clock, but not screened")
	}
	if e := sent(t, j.body())[0]; e.Timestamp != nowAt+(2*day).Milliseconds() {
		t.Errorf("restamped to %d", e.Timestamp)
	}
}

// TestScreenSkipsAcknowledgedEvents: events that were sent already are not screened again.
func TestScreenSkipsAcknowledgedEvents(t *testing.T) {
	j := newTestJob(t, false, ago(14*day-2*time.Minute), ago(14*day-time.Minute), ago(14*day-2*time.Hour), ago(14*day-2*time.Hour))
	var o account.Outcome
	j.refused(false, 1)
	j.review(func(bool) bool { return false }, &o)
	j.acknowledged(nil, jobNow, &o) // a and b
	o = account.Outcome{}
	if j.screen(jobNow.Add(time.Hour), &o) {
		t.Errorf("screened: %+v", o)
	}
	if j.screen(jobNow.Add(15*day), &o); o.Lost[account.TooOld].Events != 2 {
		t.Errorf("lost %+v", o)
	}
}

func info(tooOld, expired, tooNew int32) *types.RejectedLogEventsInfo {
	i := new(types.RejectedLogEventsInfo)
	if tooOld >= 0 {
		i.TooOldLogEventEndIndex = &tooOld
	}
	if expired >= 0 {
		i.ExpiredLogEventEndIndex = &expired
	}
	if tooNew >= 0 {
		i.TooNewLogEventStartIndex = aws.Int32(tooNew)
	}
	return i
}

func TestAcknowledgedWithRejections(t *testing.T) {
	var times []int64
	for i := range 10 {
		times = append(times, ago(time.Hour)+int64(i))
	}

	t.Run("lost", func(t *testing.T) {
		var o account.Outcome
		j := newTestJob(t, false, times...)
		j.acknowledged(info(2, 3, 8), jobNow, &o)
		want := account.Outcome{Delivered: 5, Bytes: 5 * 27, Settled: lossOf(times, 0, 1, 2, 8, 9)} // not summed up when done
		want.Lost[account.TooOld] = lossOf(times, 0, 1)
		want.Lost[account.Expired] = lossOf(times, 2)
		want.Lost[account.TooNew] = lossOf(times, 8, 9)
		wantOutcome(t, "lost", o, want)
		if !j.done() {
			t.Error("events are left")
		}
	})

	t.Run("restamped, then acknowledged", func(t *testing.T) {
		var o account.Outcome
		j := newTestJob(t, true, times...)
		j.acknowledged(info(2, 3, 8), jobNow, &o)
		wantOutcome(t, "first", o, account.Outcome{Delivered: 5, Bytes: 5 * 27, Settled: lossOf(times, 3, 4, 5, 6, 7)})
		rest := ""
		for !j.done() {
			o = account.Outcome{}
			for _, e := range sent(t, j.body()) {
				rest += e.Message[:1]
			}
			n := len(sent(t, j.body()))
			counted := j.parts[0].Bytes()
			j.acknowledged(nil, jobNow, &o)
			if o.Delivered != n || o.Restamped != n || o.Bytes != counted {
				t.Errorf("outcome %+v of %d events, %d bytes", o, n, counted)
			}
		}
		if rest != "abcij" {
			t.Errorf("restamped %q, want abcij", rest)
		}
	})

	t.Run("restamped, then rejected again", func(t *testing.T) {
		var o account.Outcome
		j := newTestJob(t, true, times[:3]...)
		j.acknowledged(info(-1, -1, 0), jobNow, &o)
		wantOutcome(t, "first", o, account.Outcome{})
		wantBody(t, "first", j, "abc", true)
		marked := j.parts[0].Loss(0, 3).Bytes // the marks count as lost too
		j.acknowledged(info(1, -1, 2), jobNow, &o)
		if o.Delivered != 1 || o.Restamped != 1 || o.Lost[account.TooOld].Events != 1 || o.Lost[account.TooNew].Events != 1 || !j.done() {
			t.Errorf("outcome %+v, done %v", o, j.done())
		}
		lost := o.Lost[account.TooNew]
		if lost.First != times[2] || lost.Last != times[2] || lost.Levels[account.Info] != 1 || lost.Bytes != marked/3 {
			t.Errorf("lost %+v, want the original timestamp %d and one INFO", lost, times[2])
		}
	})

	t.Run("restamped in two batches, then rejected again", func(t *testing.T) {
		q := queue.New(queue.Config{Head: testHead, MaxBytes: 1 << 30, Interval: time.Second})
		half := strings.Repeat("x", batch.MaxBytes/2-batch.EventOverhead) // two of them fill a batch
		for _, at := range times[:2] {
			if err := q.Append(newEvent(at, account.Info, half)); err != nil {
				t.Fatal(err)
			}
		}
		q.Close()
		it, _, _ := q.Next(time.Now())
		j := newJob(it, timestampPolicy{true, new(serviceClock)})
		var o account.Outcome
		j.acknowledged(info(2, -1, -1), jobNow, &o)
		for i := range 2 {
			if j.done() || j.parts[0].Len() != 1 {
				t.Fatalf("event %d is not sent alone", i)
			}
			o = account.Outcome{}
			j.acknowledged(info(1, -1, -1), jobNow, &o)
			if lost := o.Lost[account.TooOld]; lost.Events != 1 || lost.First != times[i] || lost.Last != times[i] {
				t.Errorf("event %d: lost %+v, want its original timestamp %d", i, lost, times[i])
			}
		}
		if !j.done() {
			t.Error("events are left")
		}
	})

	t.Run("in the second half of a bisection", func(t *testing.T) {
		var o account.Outcome
		j := newTestJob(t, false, times...)
		j.refused(false, 1)
		j.review(func(bool) bool { return false }, &o)
		wantBody(t, "halved", j, "abcde", false)
		j.acknowledged(info(1, -1, -1), jobNow, &o)
		want := account.Outcome{Delivered: 4, Bytes: 4 * 27, Settled: lossOf(times, 0, 1, 2, 3, 4)}
		want.Lost[account.TooOld] = lossOf(times, 0)
		wantOutcome(t, "first half", o, want)
		o = account.Outcome{}
		j.review(func(bool) bool { return false }, &o)
		wantBody(t, "second half", j, "fg", false)
		j.acknowledged(info(-1, -1, 1), jobNow, &o)
		want = account.Outcome{Delivered: 1, Bytes: 27, Settled: lossOf(times, 5, 6)}
		want.Lost[account.TooNew] = lossOf(times, 6)
		wantOutcome(t, "first of the second half", o, want)
	})

	t.Run("all events", func(t *testing.T) {
		var o account.Outcome
		j := newTestJob(t, false, times[:2]...)
		j.acknowledged(info(-1, 2, -1), jobNow, &o)
		want := account.Outcome{Settled: lossOf(times, 0, 1)}
		want.Lost[account.Expired] = lossOf(times, 0, 1)
		wantOutcome(t, "all", o, want)
		if !j.done() {
			t.Error("events are left")
		}
	})

	t.Run("indexes out of range", func(t *testing.T) {
		for _, i := range []*types.RejectedLogEventsInfo{info(99, 99, 99), info(1, 0, 0), {TooOldLogEventEndIndex: aws.Int32(-5), TooNewLogEventStartIndex: aws.Int32(-5)}} {
			var o account.Outcome
			j := newTestJob(t, false, times[:4]...)
			j.acknowledged(i, jobNow, &o)
			if n := int(o.Settled.Events) + o.Delivered; n != 4 || !j.done() {
				t.Errorf("the outcome covers %d of 4 events", n)
			}
		}
	})
}

// TestReviewDropsOrQuarantines bisects down to a bad event, which is dropped or quarantined.
func TestReviewDropsOrQuarantines(t *testing.T) {
	times := []int64{ago(4), ago(3), ago(2), ago(1)}
	rows := []struct {
		name    string
		mayDrop bool   // events proved to be bad
		answers string // r: refused without evidence, R: refused with evidence, t: acknowledged
		lost    []int
		left    string // what is sent next; "" = done
		waits   bool
	}{
		{"the first half is sent next", true, "r", nil, "ab", false},
		{"isolated, but not proved", true, "rrr", nil, "bcd", false},
		{"the others are acknowledged", true, "rrrt", nil, "a", true},
		{"refused again without evidence", true, "rrrtr", nil, "a", true},
		{"refused again with evidence", true, "rrrtR", []int{0}, "", false},
		{"acknowledged after all", true, "rrrtt", nil, "", false},
		{"isolated and proved", true, "rRR", []int{0}, "bcd", false},
		{"proved, but the budget is used up", false, "rRRt", nil, "a", true},
		{"two bad events", true, "rRR" + "RR", []int{0, 1}, "cd", false},
		{"all bad", true, "rRR" + "RR" + "RR" + "R", []int{0, 1, 2, 3}, "", false},
		{"a later event", true, "rtR" + "t", []int{2}, "", false},
	}
	for _, row := range rows {
		j := newTestJob(t, false, times...)
		var o account.Outcome
		delivered := 0
		for _, a := range row.answers {
			if j.done() {
				t.Fatalf("%s: done early", row.name)
			}
			switch a {
			case 't':
				from, to := j.parts[0].next()
				delivered += to - from
				j.acknowledged(nil, jobNow, &o)
			default:
				j.ready = new(request)
				if j.refused(a == 'R', 1); j.ready != nil {
					t.Errorf("%s: the same request is sent again", row.name)
				}
			}
			j.review(func(proved bool) bool { return proved && row.mayDrop }, &o)
		}
		if got := o.Lost[account.Refused]; got != lossOf(times, row.lost...) {
			t.Errorf("%s: lost %+v, want events %v", row.name, got, row.lost)
		}
		if row.left != "" {
			wantBody(t, row.name, j, row.left, false)
		}
		if j.done() != (row.left == "") || j.quarantined() != row.waits {
			t.Errorf("%s: done %v, quarantined %v", row.name, j.done(), j.quarantined())
		}
		if !j.done() && int(o.Settled.Events) != delivered+len(row.lost) {
			t.Errorf("%s: outcome of %d events, want %d", row.name, o.Settled.Events, delivered+len(row.lost))
		}
	}
}

// TestJobRecordsEachEventOnce: in any sequence of answers, each event has exactly one outcome.
func TestJobRecordsEachEventOnce(t *testing.T) {
	for _, restamp := range []bool{true, false} {
		var times []int64
		for i := range 20 {
			times = append(times, ago(14*day+time.Duration(5-i)*time.Second))
		}
		j := newTestJob(t, restamp, times...)
		bad := map[string]bool{"h": true, "c": true}
		var sum account.Ledger
		taken, first := 0, -1
		for requests := 0; !j.done(); requests++ {
			if requests > 50 {
				t.Fatal("the job does not end")
			}
			var o account.Outcome
			if j.screen(jobNow, &o) {
				if sum.Settle(&o); j.done() {
					break
				}
				o = account.Outcome{}
			}
			poison := slices.ContainsFunc(sent(t, j.body()), func(e sentEvent) bool { return bad[e.Message[:1]] })
			if poison {
				if first < 0 {
					first = taken
				}
				j.refused(taken > first, 1)
			} else {
				taken++
				j.acknowledged(info(1, -1, -1), jobNow, &o) // one event is always too old
			}
			j.review(func(proved bool) bool { return proved }, &o)
			sum.Settle(&o)
		}
		lost := sum.Lost[account.TooOld] + sum.Lost[account.Refused]
		if sum.Delivered+lost != 20 || sum.Lost[account.Refused] == 0 || restamp != (sum.Restamped > 0) {
			t.Errorf("restamp %v: %+v", restamp, sum)
		}
	}
}

// TestNoticeIsNotScreened: a loss notice is not screened, not counted when it is rejected, and not
// sent twice.
func TestNoticeIsNotScreened(t *testing.T) {
	b := batch.New(testHead, 0, 0)
	b.Add(newEvent(ago(100*day), account.Error, "lost"))
	b.Seal()
	newAnnouncement := func() *job {
		return &job{parts: []*part{{Batch: b, bisection: newBisection(0, 1)}}, timestamps: timestampPolicy{clock: &serviceClock{learned: jobNow}}}
	}
	var o account.Outcome
	j := newAnnouncement()
	if j.screen(jobNow, &o) {
		t.Error("the notice was screened")
	}
	j.acknowledged(info(1, -1, -1), jobNow, &o)
	if o.Delivered != 0 || !j.done() {
		t.Errorf("rejected: %+v, done %v", o, j.done())
	}
	o = account.Outcome{}
	j = newAnnouncement()
	if j.acknowledged(nil, jobNow, &o); o.Delivered != 1 || o.Restamped != 0 || !j.done() {
		t.Errorf("acknowledged: %+v, done %v", o, j.done())
	}
}

// TestNoticeCountsWhenDelivered: a loss counts as noticed once the notice is delivered.
func TestNoticeCountsWhenDelivered(t *testing.T) {
	q := queue.New(queue.Config{Head: testHead, MaxBytes: 1 << 20, Interval: time.Second})
	q.Refuse(account.Oversize, newEvent(1, account.Info, "x"))
	q.Refuse(account.Oversize, newEvent(2, account.Warn, "x"))
	w := newWorker()
	w.queue = q
	w.cfg.Announce = func(n int, reason account.Reason, loss *account.Loss, now time.Time) batch.Event {
		if n != 1 && n != 2 || reason != account.Oversize || loss.Events != 2 {
			t.Errorf("notice %d, reason %d: %+v", n, reason, loss)
		}
		return newEvent(now.UnixMilli(), account.Error, "lost")
	}
	j, _ := w.nextNotice(jobNow)
	if j == nil {
		t.Fatal("no notice")
	}
	w.record(j, &account.Outcome{}) // not done: not delivered yet
	if q.State().Announced != 0 || q.Untold(queue.Stream) != 0 {
		t.Errorf("noticed %d, unreported %d", q.State().Announced, q.Untold(queue.Stream))
	}
	var o account.Outcome
	j.acknowledged(info(1, -1, -1), jobNow, &o)
	if w.record(j, &o); q.State().Announced != 0 || q.Untold(queue.Stream) != 2 {
		t.Errorf("rejected: noticed %d, unreported %d", q.State().Announced, q.Untold(queue.Stream))
	}
	later := time.Now().Add(noticeInterval)
	if j, _ = w.nextNotice(later); j == nil {
		t.Fatal("no second notice")
	}
	o = account.Outcome{}
	j.acknowledged(nil, later, &o)
	if w.record(j, &o); q.State().Announced != 2 || q.Untold(queue.Stream) != 0 {
		t.Errorf("acknowledged: noticed %d, unreported %d", q.State().Announced, q.Untold(queue.Stream))
	}
	if j, at := w.nextNotice(later); j != nil || !at.IsZero() {
		t.Errorf("a third notice, or one due at %v", at)
	}
}

// TestRequestsFitSizeLimit: each request carries as many events as the limit allows, at least one.
func TestRequestsFitSizeLimit(t *testing.T) {
	times := []int64{ago(6 * time.Second), ago(5 * time.Second), ago(4 * time.Second), ago(3 * time.Second), ago(2 * time.Second)}
	whole := newTestJob(t, false, times...)
	size := whole.size()
	if got := len(whole.body()); got != size {
		t.Errorf("size %d, want the length of the body, %d", size, got)
	}
	p := whole.parts[0]
	rows := []struct {
		name string
		most int
		want string // messages of each request
	}{
		{"no limit", 0, "abcde"},
		{"exactly the size", size, "abcde"},
		{"one byte less", size - 1, "abcd e"},
		{"three events", p.BodySize(0, 3), "abc de"},
		{"one at a time", p.BodySize(0, 2) - 1, "a b c d e"},
		{"less than one event", 1, "a b c d e"},
	}
	for _, row := range rows {
		j := newTestJob(t, false, times...)
		for i, want := range strings.Fields(row.want) {
			if i == 0 {
				j.ready = newRequest(j.body(), "") // the whole batch was refused
			}
			kept := j.ready
			j.fit(row.most)
			if cut := want != "abcde"; i == 0 && cut == (j.ready == kept) {
				t.Errorf("%s: the request for the whole batch was kept: %v", row.name, !cut)
			}
			wantBody(t, row.name, j, want, false)
			var o account.Outcome
			j.acknowledged(nil, jobNow, &o)
		}
		if !j.done() {
			t.Errorf("%s: events are left", row.name)
		}
	}
}
