package cloudwatch_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func TestAppendKeepsTimeAndBytes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream})
		past := time.Now().Add(-time.Hour)
		for _, e := range []struct {
			at      time.Time
			message string
		}{{past, `{"level":"error","msg":"past"}`}, {time.Time{}, "two\nlines\n"}, {time.Time{}, ""}} {
			if err := f.Append(e.at, slog.LevelDebug, []byte(e.message)); err != nil {
				t.Error(err)
			}
		}
		now := time.Now()
		f.flush(time.Minute)
		f.wantMessages(`{"level":"error","msg":"past"}`, "two\nlines\n")
		events := f.srv.Events(group, stream)
		if len(events) != 2 || events[0].Timestamp.UnixMilli() != past.UnixMilli() || events[1].Timestamp.UnixMilli() != now.UnixMilli() {
			t.Errorf("got %v, want one of %v and one of %v", events, past, now)
		}
		if n := f.Stats().Dropped.Empty; n != 1 {
			t.Errorf("%d empty messages counted, want 1", n)
		}
		f.Close()
		if err := f.Append(now, slog.LevelInfo, []byte("late")); !errors.Is(err, cloudwatch.ErrClosed) {
			t.Errorf("after Close: %v, want ErrClosed", err)
		}
		f.checkBooks()
	})
}

// The level of a message decides what a full buffer keeps, as that of a record does.
func TestAppendIsAdmittedByLevel(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{LogStream: stream, BufferBytes: 1 << 20})
		mustCreate(t, f.srv)
		end := f.srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		message := []byte(strings.Repeat("x", 200))
		full := 0
		for range 12_000 {
			if errors.Is(f.Append(time.Time{}, slog.LevelDebug, message), cloudwatch.ErrBufferFull) {
				full++
			}
		}
		if full == 0 {
			t.Fatal("the buffer was never full")
		}
		for range 500 {
			if err := f.Append(time.Time{}, slog.LevelError, []byte("error")); err != nil {
				t.Fatal(err)
			}
		}
		end()
		f.flush(time.Minute)
		errs := 0
		for _, e := range f.srv.Events(group, stream) {
			if e.Message == "error" {
				errs++
			}
		}
		if errs != 500 {
			t.Errorf("%d of 500 errors are kept", errs)
		}
	})
}

func TestAppendAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	inBubble(t, func(t *testing.T) {
		f := newFixture(t, cloudwatch.Options{
			LogStream: stream, BufferBytes: 8 << 20, OnFull: cloudwatch.DropOldest, CloseTimeout: time.Millisecond,
		})
		f.srv.Inject(cloudwatchtest.Fault{Hang: true})
		message := []byte(`{"level":"info","msg":"request handled","status":200}`)
		now := time.Now()
		log := func() {
			if err := f.Append(now, slog.LevelInfo, message); err != nil {
				t.Fatal(err)
			}
		}
		for range 100_000 { // the first ones fill pools and the buffer
			log()
		}
		if n := testing.AllocsPerRun(100_000, log); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
