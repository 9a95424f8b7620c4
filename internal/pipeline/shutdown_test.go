package pipeline_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

func TestCloseDeliversEverything(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{})
		want := f.Logged(30_000)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		f.WantMessages(want...)
	})
}

// A stream that never hears of losses, since it rejects whatever tells of them, holds up
// nobody who waits without a deadline.
func TestShutdownWhereEveryAnnouncementIsRejected(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{})
		first := 1
		f.Server.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Rejected: &cloudwatchtest.RejectedInfo{TooOldEnd: &first}})
		f.Logged(5)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		if err := f.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

// Whatever delivery is in the middle of, Close returns by its deadline with the
// exact number of events left.
func TestCloseReturnsByItsDeadlineIn(t *testing.T) {
	rows := []struct {
		state string
		fault cloudwatchtest.Fault
		after time.Duration // since the events were logged
	}{
		{"a hanging request", cloudwatchtest.Fault{Operation: "PutLogEvents", Hang: true}, 5 * time.Second},
		{"a retry", cloudwatchtest.Fault{Operation: "PutLogEvents", Cut: cloudwatchtest.CutBefore}, 10 * time.Minute},
		{"a hanging create", cloudwatchtest.Fault{Operation: "CreateLogStream", Hang: true}, 5 * time.Second},
		{"a throttle", cloudwatchtest.Fault{Error: cloudwatchtest.Throttled()}, 10 * time.Minute},
		{"a slow probe", cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("PutLogEvents")}, 10 * time.Minute},
		{"the flush interval", cloudwatchtest.Fault{Hang: true}, 0},
	}
	for _, row := range rows {
		t.Run(row.state, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{CloseTimeout: 7 * time.Second, StartDelay: time.Second}) // the fault comes first
				f.Server.Inject(row.fault)
				f.Logged(10)
				time.Sleep(row.after)
				f.Logged(5)
				began := time.Now()
				err := f.Close()
				if took := time.Since(began); took > 7*time.Second+50*time.Millisecond {
					t.Errorf("Close took %v", took)
				}
				wantUndelivered(t, err, 15)
				if s := f.Stats(); s.Dropped.Undelivered != 15 || s.Pending != 0 || s.PendingBytes != 0 {
					t.Errorf("%+v", s)
				}
				if n := lossesTold(f)[cloudwatch.LossUndelivered]; n != 15 {
					t.Errorf("OnError was told of %d", n)
				}
			})
		})
	}
}

// Nobody waits at the end of a program that has nothing to deliver, whatever becomes of
// its log stream.
func TestCloseWithoutEvents(t *testing.T) {
	rows := []struct {
		state string
		fault cloudwatchtest.Fault
		after time.Duration // since the start
		most  time.Duration // that Close may take
	}{
		{"a retry", cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore}, time.Minute, 0},
		{"no permission", cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("CreateLogStream")}, 10 * time.Minute, 0},
		{"a hanging request", cloudwatchtest.Fault{Hang: true}, 5 * time.Second, 2 * time.Second},
		{"a slow answer", cloudwatchtest.Fault{Delay: time.Second, Times: 1}, time.Second / 2, time.Second / 2},
	}
	for _, row := range rows {
		t.Run(row.state, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{})
				f.Server.Inject(row.fault)
				time.Sleep(row.after)
				began := time.Now()
				if err := f.Close(); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took > row.most {
					t.Errorf("Close took %v", took)
				}
			})
		})
	}
}

// What could never be sent and is announced nowhere yet does not end like that.
func TestCloseWithOnlyALossToTell(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{Oversize: cloudwatch.Drop})
		f.Server.Inject(cloudwatchtest.Fault{Delay: time.Second, Times: 2}) // group and stream
		f.Log.Info(strings.Repeat("x", 2<<20))
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if s := f.Stats(); s.Dropped.Oversize != 1 || s.Announced != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func wantUndelivered(t *testing.T, err error, events int64) {
	t.Helper()
	var left *cloudwatch.UndeliveredError
	switch {
	case !errors.As(err, &left):
		t.Fatalf("got %v, want an UndeliveredError", err)
	case left.Events != events:
		t.Errorf("%d events undelivered, want %d", left.Events, events)
	case !errors.Is(err, context.DeadlineExceeded):
		t.Errorf("%v is not DeadlineExceeded", err)
	}
}

// The service comes back while Close waits: a pause of half a minute is cut
// short for it.
func TestCloseDoesNotSitOutALongPause(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, CloseTimeout: 3 * time.Second})
		end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("PutLogEvents")})
		want := f.Logged(10)
		time.Sleep(10 * time.Minute)
		end()
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		f.WantMessages(want...)
	})
}

func TestEveryCallerOfShutdownGetsTheSameAnswer(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{})
		f.Server.Inject(cloudwatchtest.Fault{Hang: true})
		f.Logged(3)
		began := time.Now()
		answers := make(chan error, 10)
		for i := range cap(answers) {
			go func() {
				// The shortest of these ends it for all.
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i+2)*time.Second)
				defer cancel()
				answers <- f.Shutdown(ctx)
			}()
		}
		first := <-answers
		wantUndelivered(t, first, 3)
		for range cap(answers) - 1 {
			if err := <-answers; err != first {
				t.Errorf("another caller got %v", err)
			}
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
		if err := f.Close(); err != first {
			t.Errorf("a later caller got %v", err)
		}
		if err := f.Flush(context.Background()); err != first {
			t.Errorf("Flush after the end got %v", err)
		}
	})
}

// A log call that races with Close is delivered, or told ErrClosed.
func TestLogCallsRacingWithClose(t *testing.T) {
	for range 20 {
		testkit.Bubble(t, func(t *testing.T) {
			f := testkit.New(t, cloudwatch.Options{})
			var accepted, refused int64
			var mu sync.Mutex
			var loggers sync.WaitGroup
			busy := make(chan struct{}, 8)
			for range 8 {
				loggers.Go(func() {
					for i := 0; ; i++ {
						if i == 100 {
							busy <- struct{}{}
						}
						_, err := f.W.WriteString("line\n")
						mu.Lock()
						if err == nil {
							accepted++
						} else {
							refused++
						}
						mu.Unlock()
						if err != nil {
							if !errors.Is(err, cloudwatch.ErrClosed) {
								t.Errorf("got %v", err)
							}
							return
						}
					}
				})
			}
			<-busy
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			loggers.Wait()
			if got := int64(len(f.Server.Messages(testkit.Group, f.LogStream()))); got != accepted {
				t.Errorf("%d log calls succeeded, %d events arrived", accepted, got)
			}
			if s := f.Stats(); s.Delivered != accepted || s.Dropped.Closed != refused {
				t.Errorf("%d accepted, %d refused, but %+v", accepted, refused, s)
			}
		})
	}
}

func TestAfterClose(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{})
		want := f.Logged(1)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"a line\n", "no newline"} {
			if n, err := f.W.WriteString(text); n != len(text) || !errors.Is(err, cloudwatch.ErrClosed) {
				t.Errorf("Write(%q) = %d, %v", text, n, err)
			}
		}
		f.Log.Info("late")
		if err := f.Flush(t.Context()); err != nil {
			t.Errorf("Flush: %v", err)
		}
		if err := f.W.Sync(); err != nil {
			t.Errorf("Sync: %v", err)
		}
		f.WantMessages(want...)
		if n := f.Stats().Dropped.Closed; n != 3 {
			t.Errorf("%d counted as logged after close, want 3", n)
		}
	})
}

// Code that is not ours hangs: an HTTP client that ignores its context, an
// OnError that does not return. Close is late by a second or two then, no more.
func TestCloseGetsPastCodeThatHangs(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release) // else the bubble would wait for ever
		srv := cloudwatchtest.New()
		cfg := srv.Config()
		cfg.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(*http.Request) (*http.Response, error) {
			<-release
			return nil, errors.New("released")
		})}
		f := testkit.NewOn(t, srv, cloudwatch.Options{
			Config:       &cfg,
			CloseTimeout: time.Second,
			OnError:      func(error) { <-release },
		})
		f.Logged(4)
		time.Sleep(time.Minute)
		began := time.Now()
		wantUndelivered(t, f.Close(), 4)
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("Close took %v", took)
		}
	})
}

func TestFlush(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{FlushInterval: time.Hour})
		if err := f.Flush(t.Context()); err != nil {
			t.Errorf("nothing to flush: %v", err)
		}
		want := f.Logged(2)
		f.W.WriteString("a partial line")
		began := time.Now()
		f.FlushWithin(time.Minute)
		f.WantMessages(append(want, "a partial line")...)
		if took := time.Since(began); took != 0 {
			t.Errorf("Flush took %v of fake time", took)
		}
	})
}

func TestFlushEndsWithItsContextAndDeliveryGoesOn(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		want := f.Logged(10)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := f.Flush(ctx)
		wantUndelivered(t, err, 10)
		var left *cloudwatch.UndeliveredError
		if errors.As(err, &left) && left.Last == nil {
			t.Error("the error does not say why")
		}
		end()
		time.Sleep(time.Minute)
		f.WantMessages(want...)
	})
}

// A Flush that is waiting when Shutdown gives up must not report success.
func TestFlushDuringAFailingShutdown(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{CloseTimeout: time.Second})
		f.Server.Inject(cloudwatchtest.Fault{Hang: true})
		f.Logged(2)
		answer := make(chan error)
		go func() { answer <- f.Flush(context.Background()) }()
		synctest.Wait()
		closed := f.Close()
		wantUndelivered(t, closed, 2)
		if err := <-answer; err != closed {
			t.Errorf("Flush returned %v", err)
		}
	})
}

// While somebody waits, no pause is long, not just the first one.
func TestFlushKeepsPausesShort(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		testkit.MustCreate(t, f.Server)
		f.Server.Inject(cloudwatchtest.Fault{Times: 6, Error: cloudwatchtest.AccessDenied("PutLogEvents")})
		want := f.Logged(1)
		f.FlushWithin(10 * time.Second)
		f.WantMessages(want...)
	})
}

// Nobody waits any more when the context of Flush has ended.
func TestPausesAreLongAgainAfterFlush(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, CloseTimeout: time.Second})
		f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("PutLogEvents")})
		f.Logged(1)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		wantUndelivered(t, f.Flush(ctx), 1)
		before := len(f.Server.Requests())
		time.Sleep(10 * time.Minute)
		if n := len(f.Server.Requests()) - before; n > 30 {
			t.Errorf("%d requests in 10 minutes", n)
		}
	})
}

// Whatever time Close has left is left to OnError as well.
func TestCloseWaitsForOnError(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var told int64
		f := testkit.New(t, cloudwatch.Options{MaxEventBytes: 256, Oversize: cloudwatch.Drop, OnError: func(err error) {
			time.Sleep(3 * time.Second)
			var loss *cloudwatch.LossError
			if errors.As(err, &loss) {
				told += loss.Events
			}
		}})
		for range 2 {
			f.W.WriteString(strings.Repeat("x", 300) + "\n")
			time.Sleep(time.Second)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if told != 2 {
			t.Errorf("OnError was told of %d of 2", told)
		}
	})
}

// The answer comes in the very moment in which the time is over. Whichever Flush
// notices, it does not say that nothing is left and that this is an error.
func TestFlushThatEndsWithItsTime(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		testkit.MustCreate(t, f.Server)
		f.Server.Inject(cloudwatchtest.Fault{Delay: time.Second})
		for range 300 {
			f.Logged(1)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			var left *cloudwatch.UndeliveredError
			if err := f.Flush(ctx); errors.As(err, &left) && left.Events == 0 {
				t.Fatal(err)
			}
			cancel()
			f.FlushWithin(time.Minute)
		}
	})
}
