package faulttest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// client answers requests as it says, before they get to the endpoint.
func (s *spooled) client(o *cloudwatch.Options, before func(r *http.Request) error) {
	to := s.srv.Transport()
	o.Config.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if err := before(r); err != nil {
			return nil, err
		}
		return to.RoundTrip(r)
	})}
}

// dial is a connection that does not come about.
func dial(r *http.Request) error {
	httptrace.ContextClientTrace(r.Context()).ConnectStart("tcp", "192.0.2.1:443")
	<-r.Context().Done()
	return r.Context().Err()
}

// connect is a connection that takes a moment.
func connect(r *http.Request) error {
	trace := httptrace.ContextClientTrace(r.Context())
	trace.ConnectStart("tcp", "192.0.2.1:443")
	time.Sleep(300 * time.Millisecond)
	trace.GotConn(httptrace.GotConnInfo{})
	return nil
}

// Close of a program whose service cannot be reached returns soon, for everything is on the
// disk. Where the service only is slow or busy, it waits.
func TestCloseReturnsEarlyWhenSpooled(t *testing.T) {
	refused := errors.New("connection refused")
	rows := []struct {
		way       string
		before    func(r *http.Request) error // may be nil
		fault     cloudwatchtest.Fault
		age       time.Duration // of the program
		min, max  time.Duration // of Close, whose limit is 10 s
		delivered bool
		says      string // why not
	}{
		{way: "nothing listens", before: func(*http.Request) error { return refused }, min: 1700 * time.Millisecond, max: 2 * time.Second, says: "not delivered: send events to log group my_log_group: no response from"},
		{way: "no connection comes about", before: dial, min: 1700 * time.Millisecond, max: 2 * time.Second, says: "not delivered: no connection to"},
		{way: "no permission", fault: cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("PutLogEvents")}, min: 1700 * time.Millisecond, max: 2 * time.Second, says: "not delivered: send events to log group my_log_group: access denied: "},
		{way: "nothing has listened for long", before: func(*http.Request) error { return refused }, age: 10 * time.Minute, max: 1100 * time.Millisecond, says: "not delivered: send events to log group my_log_group: no response from "},
		{way: "a slow answer", fault: cloudwatchtest.Fault{Delay: 4 * time.Second}, min: 4 * time.Second, max: 9 * time.Second, delivered: true},
		{way: "no answer", fault: cloudwatchtest.Fault{Hang: true}, min: 10 * time.Second, max: 10100 * time.Millisecond, says: "not delivered in time: no response from"},
		{way: "throttled", fault: cloudwatchtest.Fault{Error: cloudwatchtest.Throttled()}, min: 10 * time.Second, max: 10100 * time.Millisecond, says: "not delivered in time: send events to log group my_log_group: the service is throttling requests: "},
		{way: "throttled for a while", fault: cloudwatchtest.Fault{Error: cloudwatchtest.Throttled(), Times: 3}, max: 9 * time.Second, delivered: true},
		{way: "throttled for a while, with connections that are closed", before: connect, fault: cloudwatchtest.Fault{Error: cloudwatchtest.Throttled(), Times: 3}, max: 9 * time.Second, delivered: true},
	}
	for _, row := range rows {
		t.Run(row.way, func(t *testing.T) {
			inSpoolModes(t, func(t *testing.T, s *spooled) {
				end := s.srv.Inject(row.fault)
				h := s.start(func(o *cloudwatch.Options) {
					o.CloseTimeout = 10 * time.Second
					if row.before != nil {
						s.client(o, row.before)
					}
				})
				for i := range 21 {
					slog.New(h).Info(fmt.Sprint("left ", i))
				}
				time.Sleep(row.age)
				began := time.Now()
				err := h.Close()
				if took := time.Since(began); took < row.min || took > row.max {
					t.Errorf("Close took %v, want %v to %v", took, row.min, row.max)
				}
				if row.delivered != (err == nil) {
					t.Errorf("Close returned %v", err)
				}
				if err != nil {
					s.wantSpooled(err, 21, 0)
					if !strings.Contains(err.Error(), row.says) {
						t.Errorf("Close says %v, not why: %s", err, row.says)
					}
				}
				end()
				h = s.start(func(o *cloudwatch.Options) { o.LogStream, o.CloseTimeout = "next", 10*time.Second })
				testkit.MustClose(t, h)
				testkit.WantEqual(t, "delivered", s.messages(testkit.Stream), left(21))
			})
		})
	}
}

// Sync does so too: what ends a program in another way than by Close calls it, such as the
// Fatal of a logger, and FlushOnPanic.
func TestSyncReturnsEarlyWhenSpooled(t *testing.T) {
	rows := []struct {
		way       string
		before    func(r *http.Request) error // may be nil
		fault     cloudwatchtest.Fault
		min, max  time.Duration // of Sync, whose limit is 10 s
		delivered bool
	}{
		{way: "no connection comes about", before: dial, min: 1700 * time.Millisecond, max: 2 * time.Second},
		{way: "no permission", fault: cloudwatchtest.Fault{Error: cloudwatchtest.AccessDenied("PutLogEvents")}, min: 1700 * time.Millisecond, max: 2 * time.Second},
		{way: "a slow answer", fault: cloudwatchtest.Fault{Delay: 4 * time.Second}, min: 4 * time.Second, max: 9 * time.Second, delivered: true},
		{way: "no answer", fault: cloudwatchtest.Fault{Hang: true}, min: 10 * time.Second, max: 10 * time.Second},
	}
	for _, row := range rows {
		t.Run(row.way, func(t *testing.T) {
			inSpoolModes(t, func(t *testing.T, s *spooled) {
				end := s.srv.Inject(row.fault)
				h := s.start(func(o *cloudwatch.Options) {
					o.CloseTimeout = 10 * time.Second
					if row.before != nil {
						s.client(o, row.before)
					}
				})
				slog.New(h).Info("left 0")
				began := time.Now()
				err := h.Sync()
				if took := time.Since(began); took < row.min || took > row.max {
					t.Errorf("Sync took %v, want %v to %v", took, row.min, row.max)
				}
				late := row.max == 10*time.Second
				if row.delivered != (err == nil) || errors.Is(err, context.DeadlineExceeded) != late {
					t.Errorf("Sync returned %v", err)
				}
				if err != nil && !errors.Is(err, cloudwatch.ErrSpooled) {
					t.Errorf("Sync says that events are lost: %v", err)
				}
				end()
				h.Close()
				h = s.start(func(o *cloudwatch.Options) { o.LogStream, o.CloseTimeout = "next", 10*time.Second })
				testkit.MustClose(t, h)
				testkit.WantEqual(t, "delivered", s.messages(testkit.Stream), left(1))
			})
		})
	}
}

// All that wait notice that the service cannot be reached any more, not only the first.
func TestSeveralSyncsReturnEarlyWhenSpooled(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		var calls atomic.Int64
		h := s.start(func(o *cloudwatch.Options) {
			o.CloseTimeout = time.Minute
			s.client(o, func(*http.Request) error {
				if calls.Add(1) == 1 {
					time.Sleep(3 * time.Second) // it is waited for, until it fails
				}
				return errors.New("connection refused")
			})
		})
		slog.New(h).Info("left 0")
		began := time.Now()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := h.Sync(); !errors.Is(err, cloudwatch.ErrSpooled) || time.Since(began) > 6*time.Second {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
			})
		}
		wg.Wait()
		h.Close()
		testkit.MustClose(t, s.start(func(o *cloudwatch.Options) { o.LogStream = "next" }))
	})
}

func (s *spooled) wantSpooled(err error, events, leftover int64) {
	s.t.Helper()
	var left *cloudwatch.UndeliveredError
	if !errors.As(err, &left) || !errors.Is(err, cloudwatch.ErrSpooled) || left.Events != events || left.Spooled != events || left.Leftover != leftover {
		s.t.Errorf("%v, want %d events in the spool, %d of them left by others", err, events, leftover)
	} else if !strings.Contains(err.Error(), fmt.Sprintf("kept in the spool, %d events", events)) {
		s.t.Errorf("its text is %v", err)
	}
}

// Credentials that take their time are waited for.
func TestCloseWaitsForSlowCredentials(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		h := s.start(func(o *cloudwatch.Options) {
			o.CloseTimeout = 10 * time.Second
			s.client(o, connect)
			o.Config.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
				if trace := httptrace.ContextClientTrace(ctx); trace != nil {
					trace.ConnectStart("tcp", "192.0.2.1:80")
				}
				time.Sleep(5 * time.Second)
				return aws.Credentials{AccessKeyID: "AK", SecretAccessKey: "s"}, nil
			})
		})
		slog.New(h).Info("left 0")
		testkit.MustClose(t, h)
		testkit.WantEqual(t, "delivered", s.messages(testkit.Stream), left(1))
	})
}

// Without a limit it ends as well.
func TestShutdownWithoutALimitWhenSpooled(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		s.leave(7, func(o *cloudwatch.Options) { o.LogStream = "other" })
		h := s.start(func(o *cloudwatch.Options) { s.client(o, dial) })
		slog.New(h).Info("left 0")
		began := time.Now()
		s.wantSpooled(h.Shutdown(context.Background()), 8, 7)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		if r := h.Stats().Recovered; r.Pending != 7 || r.Events != 7 {
			t.Errorf("recovered %+v", r)
		}
		testkit.MustClose(t, s.start(nil))
		testkit.WantEqual(t, "delivered", s.messages(testkit.Stream)[:1], left(1))
		testkit.WantEqual(t, "delivered", s.messages("other"), left(7))
	})
}

// A request that succeeds shows that it is worth waiting.
func TestShutdownGoesOnWhileRequestsSucceed(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		requests := 0
		h := s.start(func(o *cloudwatch.Options) {
			o.CloseTimeout, o.MaxInFlight = time.Minute, 1
			s.client(o, func(r *http.Request) error {
				time.Sleep(time.Second)
				if requests++; requests%2 == 0 {
					return errors.New("connection reset")
				}
				return nil
			})
		})
		long := strings.Repeat("x", 100_000)
		for range 60 {
			slog.New(h).Info(long)
		}
		began := time.Now()
		testkit.MustClose(t, h)
		if took := time.Since(began); took < 8*time.Second {
			t.Errorf("it took %v only", took)
		}
	})
}

// What ten runs have left, each for a log stream of its own, the next one delivers, however
// short it is, and says so in its own stream.
func TestCloseDeliversWhatOthersLeft(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		run := func(stream string) (took time.Duration) {
			h := s.start(func(o *cloudwatch.Options) { o.LogStream, o.CloseTimeout = stream, 10*time.Second })
			slog.New(h).Info("left 0")
			began := time.Now()
			testkit.MustClose(t, h)
			return time.Since(began)
		}
		for i := range 10 {
			s.leave(21, func(o *cloudwatch.Options) { o.LogStream = fmt.Sprint("run ", i) })
		}
		s.srv.Inject(cloudwatchtest.Fault{Delay: 150 * time.Millisecond})
		with := run("next")
		for i := range 10 {
			name := fmt.Sprint("run ", i)
			testkit.WantEqual(t, name, s.messages(name), left(21))
		}
		if notes := s.messages("next"); len(notes) != 11 {
			t.Errorf("the next stream has %q", notes)
		}
		s.wantFiles(0)
		without := run("another")
		if t.Logf("Close took %v, and %v when there was nothing left", with, without); with > without+2*time.Second {
			t.Errorf("Close took %v, and %v when there was nothing left", with, without)
		}
	})
}

// What is there is counted at the start, whether it can be sent or not.
func TestRecoveredSeesWhatIsThere(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		for i := range 6 {
			s.leave(10, func(o *cloudwatch.Options) { o.LogStream = fmt.Sprint("run ", i) })
		}
		end := s.srv.Inject(cloudwatchtest.Fault{Hang: true})
		h := s.start(func(o *cloudwatch.Options) { o.LogStream = "next" })
		time.Sleep(time.Second)
		if r, want := h.Stats().Recovered, (cloudwatch.Recovered{Events: 60, Pending: 60}); r != want {
			t.Errorf("%+v, want %+v", r, want)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := h.AwaitRecovery(ctx)
		if s.wantSpooled(err, 60, 60); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not delivered in time: no response from ") {
			t.Errorf("AwaitRecovery: %v", err)
		}
		end()
		if err := h.AwaitRecovery(t.Context()); err != nil {
			t.Errorf("AwaitRecovery: %v", err)
		}
		if r, want := h.Stats().Recovered, (cloudwatch.Recovered{Events: 60, Delivered: 60}); r != want {
			t.Errorf("%+v, want %+v", r, want)
		}
		testkit.MustClose(t, h)
		if err := h.AwaitRecovery(t.Context()); err != nil {
			t.Errorf("AwaitRecovery after Close: %v", err)
		}
	})
	testkit.Bubble(t, func(t *testing.T) {
		if err := testkit.New(t, cloudwatch.Options{}).AwaitRecovery(t.Context()); err != nil {
			t.Errorf("without a spool: %v", err)
		}
	})
}

// With a real connection that is refused, in real time.
func TestCloseWhileNothingListens(t *testing.T) {
	h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
		AccessID: "AK", AccessKey: "s", Region: "us-east-1", Endpoint: "http://127.0.0.1:1", LogStream: testkit.Stream,
		Spool: filepath.Join(t.TempDir(), "spool"), SpoolOptions: cloudwatch.SpoolOptions{Direct: true, MinFree: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 21 {
		slog.New(h).Info(fmt.Sprint("left ", i))
	}
	began := time.Now()
	err = h.Close()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if !errors.Is(err, cloudwatch.ErrSpooled) {
		t.Error(err)
	}
}
