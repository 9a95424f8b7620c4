package deliver

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

func startTest(t *testing.T, srv *cloudwatchtest.Server, maxInFlight int) (*queue.Queue, *Worker) {
	t.Helper()
	if err := srv.CreateLogGroup("g"); err != nil {
		t.Fatal(err)
	}
	if err := srv.CreateLogStream("g", "s"); err != nil {
		t.Fatal(err)
	}
	srv.Inject(cloudwatchtest.Fault{
		Operation: "PutLogEvents",
		Error:     &cloudwatchtest.APIError{Status: 400, Code: "InvalidParameterException", Message: "no"},
		Message:   func(m string) bool { return strings.HasPrefix(m, "bad") },
	})
	q := queue.New(queue.Config{Head: testHead, MaxBytes: 1 << 20, Interval: time.Second})
	w := Start(Config{Client: newClient(srv), Group: "g", Stream: "s", MaxInFlight: maxInFlight, Interval: time.Second, Restamp: true,
		Announce: func(n int, reason account.Reason, loss *account.Loss, now time.Time) batch.Event {
			return newEvent(now.UnixMilli(), account.Error, "lost")
		},
		Failed: func(string, error) {}, Refused: func(error) {}, Settled: func() {}}, q)
	return q, w
}

// A quarantined event must not hold up others: neither another part of its batch nor later batches.
func TestQuarantinedEventHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		defer srv.Close()
		q, w := startTest(t, srv, 4)
		defer func() { w.Stop(); <-w.Done() }()
		add := func(m string, at time.Time) { q.Append(newEvent(at.UnixMilli(), account.Info, m)) }
		add("good", time.Now())
		<-q.Flush()
		add("bad", time.Now())
		add("good, too new", time.Now().Add(3*time.Hour))
		q.Flush()
		begin := time.Now()
		for i := range 120 {
			time.Sleep(time.Second)
			add(fmt.Sprint("later ", i), time.Now())
			s := q.State()
			if s.Delivered < int64(i) {
				t.Fatalf("%v after the bad event: %d delivered, %d pending, %d requests", time.Since(begin), s.Delivered, s.Pending, w.Traffic().Requests)
			}
		}
	})
}

// More bad events than may be dropped at once, each in a batch of its own, must not hold up good
// ones.
func TestManyBadEventsHoldNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		defer srv.Close()
		q, w := startTest(t, srv, 4)
		defer func() { w.Stop(); <-w.Done() }()
		add := func(m string) { q.Append(newEvent(time.Now().UnixMilli(), account.Info, m)) }
		add("good")
		<-q.Flush()
		begin := time.Now()
		for i := range 40 { // one bad event in each batch
			add("bad")
			add(fmt.Sprint("good ", i))
			q.Flush()
			time.Sleep(200 * time.Millisecond)
		}
		good := 1 + 40
		for i := range 300 {
			time.Sleep(time.Second)
			add(fmt.Sprint("later ", i))
			good++
			s := q.State()
			if s.Delivered < int64(good-3) {
				t.Fatalf("%v after the first bad event: %d of %d good events delivered, %d pending, the oldest since %v", time.Since(begin), s.Delivered, good, s.Pending, time.Since(s.Oldest))
			}
		}
	})
}
