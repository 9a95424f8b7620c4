package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// 0 means that everything was read and delivered, and nothing else does.
func TestOutcomeCode(t *testing.T) {
	denied, away := &diagnosis{kind: kindAccess}, &diagnosis{kind: kindUnreachable}
	undelivered := cloudwatch.Stats{Dropped: cloudwatch.Dropped{Undelivered: 1}}
	closed := cloudwatch.Stats{Dropped: cloudwatch.Dropped{Closed: 1}}
	for _, test := range []struct {
		name      string
		o         outcome
		unread    bool
		retention int
		want      int
	}{
		{"all is well", outcome{complete: true}, false, 0, exitDone},
		{"blank lines", outcome{complete: true, stats: cloudwatch.Stats{Dropped: cloudwatch.Dropped{Empty: 3}}}, false, 0, exitDone},
		{"stopped for no reason", outcome{}, false, 0, exitFailed},
		{"stopped, denied", outcome{failure: denied}, false, 0, exitDenied},
		{"stopped, unreachable", outcome{failure: away}, false, 0, exitFailed},
		{"denied at last, and delivered in the last moment", outcome{complete: true, failure: denied}, false, 0, exitDone},
		{"denied, and not delivered", outcome{complete: true, failure: denied, stats: undelivered}, false, 0, exitDenied},
		{"not delivered in time", outcome{complete: true, stats: undelivered}, false, 0, exitFailed},
		{"read too late", outcome{complete: true, stats: closed}, false, 0, exitFailed},
		{"still pending", outcome{complete: true, stats: cloudwatch.Stats{Pending: 1}}, false, 0, exitFailed},
		{"an input cannot be read", outcome{complete: true}, true, 0, exitFailed},
		{"a signal", outcome{complete: true, signal: os.Interrupt}, false, 0, 130},
		{"an event is rejected", outcome{complete: true, stats: cloudwatch.Stats{Rejected: cloudwatch.Rejected{TooOld: 1}}}, false, 0, exitLoss},
		{"an event is dropped", outcome{complete: true, stats: cloudwatch.Stats{Dropped: cloudwatch.Dropped{Damaged: 1}}}, false, 0, exitLoss},
		{"no retention", outcome{complete: true}, false, exitDenied, exitDenied},
	} {
		if got := test.o.code(test.unread, test.retention); got != test.want {
			t.Errorf("%s: code %d, want %d", test.name, got, test.want)
		}
	}
}

func newTestFeed(to io.Writer, inputs ...input) (f *feed, errs *[]string) {
	errs = new([]string)
	return &feed{
		to:     &assembler{lines: to, split: true},
		inputs: inputs,
		tell:   func(err error) { *errs = append(*errs, err.Error()) },
		done:   make(chan struct{}),
	}, errs
}

func inputOf(name string, r io.Reader) input {
	return input{name: name, open: func() (io.ReadCloser, error) { return io.NopCloser(r), nil }, size: -1}
}

func TestFeed(t *testing.T) {
	var got strings.Builder
	short := inputOf("short", strings.NewReader("three"))
	short.size, short.whole = 7, true
	exact := inputOf("exact", strings.NewReader("four\n"))
	exact.size, exact.whole = 5, true
	f, errs := newTestFeed(&got,
		inputOf("one", strings.NewReader("one")),
		inputOf("broken", io.MultiReader(strings.NewReader("two\nbro"), failing{errors.New("on fire")})),
		short, exact)
	f.run()
	if got.String() != "one\ntwo\nbro\nthree\nfour\n" {
		t.Errorf("wrote %q", got.String())
	}
	want := "read broken: on fire\nread short: the file shrank from 7 bytes while it was read; 5 bytes were read"
	if text := strings.Join(*errs, "\n"); text != want || !f.failed.Load() || !f.complete.Load() {
		t.Errorf("errors %q, failed %v, complete %v", text, f.failed.Load(), f.complete.Load())
	}
}

// A feed that is stopped has not read everything, and writes nothing more, even if its
// input goes on or ends then.
func TestStoppedFeedIsNotComplete(t *testing.T) {
	for _, more := range []string{"", "two\n"} {
		r, w := io.Pipe()
		var got strings.Builder
		f, errs := newTestFeed(&got, inputOf("pipe", r))
		go f.run()
		if _, err := io.WriteString(w, "one\nhalf a li"); err != nil {
			t.Fatal(err)
		}
		held := func() bool {
			f.to.mu.Lock()
			defer f.to.mu.Unlock()
			return len(f.to.held) > 0
		}
		for !held() {
			time.Sleep(time.Millisecond)
		}
		f.stop()
		go func() {
			_, _ = io.WriteString(w, more)
			w.Close()
		}()
		<-f.done
		r.Close()
		if f.complete.Load() || len(*errs) > 0 || got.String() != "one\nhalf a li\n" {
			t.Errorf("complete %v, errors %q, wrote %q", f.complete.Load(), *errs, got.String())
		}
	}
}
