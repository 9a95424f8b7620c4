package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

const small = 64 << 10 // the smallest BufferBytes

func TestDropNewest(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: small})
		testkit.MustCreate(t, f.Server)
		end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		var want []string
		var refused int64
		for i := range 1000 {
			text := fmt.Sprint(i, strings.Repeat(".", 500))
			err := f.Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelInfo, text, 0))
			switch {
			case err == nil:
				want = append(want, text)
			case errors.Is(err, cloudwatch.ErrBufferFull):
				refused++
			default:
				t.Fatal(err)
			}
			if s := f.Stats(); s.PendingBytes > small {
				t.Fatalf("%d bytes pending", s.PendingBytes)
			}
		}
		f.CheckAccounting()
		if s := f.Stats(); refused == 0 || s.Dropped.BufferFull != refused {
			t.Errorf("%d log calls refused, %d counted", refused, s.Dropped.BufferFull)
		}
		end()
		f.FlushWithin(time.Minute)
		f.WantMessages(want...)
		f.Close()
		if n := lossesTold(f)[cloudwatch.LossBufferFull]; n != refused {
			t.Errorf("OnError was told of %d, want %d", n, refused)
		}
	})
}

func TestDropOldest(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: small, OnFull: cloudwatch.DropOldest})
		testkit.MustCreate(t, f.Server)
		end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		f.Log.Info("in flight")
		time.Sleep(2 * time.Second)
		var last string
		for i := range 1000 {
			last = fmt.Sprint(i, strings.Repeat(".", 500))
			f.Log.Info(last)
			if s := f.Stats(); s.PendingBytes > small {
				t.Fatalf("%d bytes pending", s.PendingBytes)
			}
		}
		f.CheckAccounting()
		s := f.Stats()
		if s.Dropped.BufferFull == 0 || s.Pending < 50 {
			t.Errorf("%+v", s)
		}
		end()
		f.FlushWithin(time.Minute)
		got := f.Messages()
		if int64(len(got)) != s.Pending || got[0] != "in flight" || got[len(got)-1] != last {
			t.Errorf("%d arrived, from %.10q to %.10q", len(got), got[0], got[len(got)-1])
		}
	})
}

func TestBlock(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: small, OnFull: cloudwatch.Block})
		testkit.MustCreate(t, f.Server)
		end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		var want []string
		for i := range 1000 {
			want = append(want, fmt.Sprint(i, strings.Repeat(".", 500)))
		}
		logged := make(chan struct{})
		go func() {
			defer close(logged)
			for _, text := range want {
				f.Log.Info(text)
			}
		}()
		time.Sleep(10 * time.Minute)
		select {
		case <-logged:
			t.Error("nothing blocked")
		default:
		}
		f.CheckAccounting() // also while log calls wait
		// A partial line and Flush do not wait for room.
		f.W.WriteString("partial")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush: %v", err)
		}
		end()
		<-logged
		f.FlushWithin(time.Minute)
		got := f.Server.Messages(testkit.Group, testkit.Stream)
		if len(got) != len(want)+1 {
			t.Errorf("%d arrived", len(got))
		}
		if s := f.Stats(); s.Dropped.Total() != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestCloseReleasesBlockedLogCalls(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{BufferBytes: small, OnFull: cloudwatch.Block, CloseTimeout: time.Second})
		f.Server.Inject(cloudwatchtest.Fault{Hang: true})
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() {
				for {
					err := f.Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelInfo, strings.Repeat("x", 1000), 0))
					if err != nil {
						if !errors.Is(err, cloudwatch.ErrClosed) {
							t.Errorf("got %v", err)
						}
						return
					}
				}
			})
		}
		synctest.Wait()
		s := f.Stats()
		wantUndelivered(t, f.Close(), s.Pending)
		callers.Wait()
	})
}

func TestOversize(t *testing.T) {
	long := strings.Repeat("ä", 500) // 1,000 bytes
	rows := []struct {
		name     string
		oversize cloudwatch.Oversize
		want     []string
		err      error
	}{
		{"split", cloudwatch.Split, []string{
			long[:276] + " [event ID part 1]", long[276:552] + " [event ID part 2]", long[552:828] + " [event ID part 3]", long[828:] + " [event ID part 4 of 4]",
		}, nil},
		{"truncate", cloudwatch.Truncate, []string{long[:268] + " [truncated, 732 bytes left out]"}, nil},
		{"drop", cloudwatch.Drop, nil, cloudwatch.ErrOversize},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, MaxEventBytes: 300, Oversize: row.oversize})
				testkit.MustCreate(t, f.Server)
				at := time.Now().Add(-time.Hour)
				err := f.Handle(t.Context(), slog.NewRecord(at, slog.LevelInfo, long, 0))
				if !errors.Is(err, row.err) {
					t.Errorf("Handle returned %v", err)
				}
				// The writer treats a long line the same, however it comes, but
				// a drop is no error of Write.
				for _, c := range long + "\n" {
					if _, err := f.W.WriteString(string(c)); err != nil {
						t.Errorf("Write returned %v", err)
					}
				}
				f.FlushWithin(time.Second)
				var got []string
				for _, message := range f.Messages() {
					got = append(got, regexp.MustCompile(`event [0-9a-f]{8} `).ReplaceAllString(message, "event ID "))
				}
				if want := append(row.want, row.want...); !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
				for i, e := range f.Server.Events(testkit.Group, testkit.Stream) {
					if i < len(row.want) && !e.Timestamp.Equal(at.Truncate(time.Millisecond)) {
						t.Errorf("part %d has the time %v", i, e.Timestamp)
					}
				}
			})
		})
	}
}

// Every event of many goroutines arrives exactly once, over a real socket.
func TestManyGoroutines(t *testing.T) {
	const goroutines, each = 16, 20_000
	f := testkit.NewOn(t, cloudwatchtest.Start(t), cloudwatch.Options{
		LogStream: testkit.Stream, BufferBytes: 256 << 20, CloseTimeout: time.Minute,
	})
	var loggers sync.WaitGroup
	for g := range goroutines {
		loggers.Go(func() {
			log := f.Log.With("g", g)
			for i := range each {
				log.Info("m", "i", i)
			}
		})
	}
	loggers.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	next := make([]int, goroutines)
	for _, message := range f.Messages() {
		var g, i int
		if _, err := fmt.Sscanf(message, "m g=%d i=%d", &g, &i); err != nil {
			t.Fatalf("%q: %v", message, err)
		}
		if i != next[g] {
			t.Fatalf("goroutine %d: event %d came where %d was due", g, i, next[g])
		}
		next[g]++
	}
	for g, n := range next {
		if n != each {
			t.Errorf("goroutine %d: %d of %d events arrived", g, n, each)
		}
	}
}

// Losses are told also when the service is merely slow and no log call fails.
func TestDropOldestIsTold(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: small, OnFull: cloudwatch.DropOldest})
		testkit.MustCreate(t, f.Server)
		f.Server.Inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Delay: 25 * time.Second})
		for i := range 200 {
			f.Log.Info(fmt.Sprint(i, strings.Repeat("x", 1000)))
		}
		time.Sleep(3 * time.Minute)
		if dropped, told := f.Stats().Dropped.BufferFull, lossesTold(f)[cloudwatch.LossBufferFull]; dropped == 0 || told != dropped {
			t.Errorf("%d dropped, OnError was told of %d", dropped, told)
		}
	})
}

// Many a Flush that fails, with a partial line each, does not make the buffer grow.
func TestFlushedPartialLinesAreBounded(t *testing.T) {
	for _, policy := range []cloudwatch.OnFull{cloudwatch.DropNewest, cloudwatch.DropOldest, cloudwatch.Block} {
		testkit.Bubble(t, func(t *testing.T) {
			f := testkit.New(t, cloudwatch.Options{BufferBytes: small, OnFull: policy, CloseTimeout: time.Second})
			f.Server.Inject(cloudwatchtest.Fault{Hang: true})
			const length = 1000
			for range 200 {
				f.W.WriteString(strings.Repeat("x", length))
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				if err := f.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Flush: %v", err)
				}
				cancel()
			}
			if s := f.Stats(); s.PendingBytes > small+2*length || s.Dropped.BufferFull == 0 {
				t.Errorf("policy %d: %+v", policy, s)
			}
		})
	}
}
