package cloudwatchzerolog_test

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/adapters/cloudwatchzerolog"
	"github.com/cloudwatch-go/cloudwatch/adapters/internal/adaptertest"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// set changes a global setting of zerolog for the duration of the test.
func set[T any](t *testing.T, setting *T, value T) {
	before := *setting
	*setting = value
	t.Cleanup(func() { *setting = before })
}

// errorNumber matches the number of an error in JSON and in the text of a ConsoleWriter.
var errorNumber = regexp.MustCompile(`(?:"level":"error","n":|ERR payment failed n=)(\d+)`)

// checkErrorsAreKept fills the buffer with DEBUG events and then logs errors, none of which may be
// lost.
func checkErrorsAreKept(t *testing.T, f *adaptertest.Fixture, debug *zerolog.Logger, errs zerolog.Logger) {
	t.Helper()
	end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
	for n := range 12_000 {
		debug.Debug().Int("n", n).Str("key", strings.Repeat("k", 60)).Msg("cache miss")
	}
	synctest.Wait()
	if f.Stats().Dropped.BufferFull == 0 {
		t.Fatal("the buffer was never full")
	}
	for n := range 500 {
		errs.Error().Int("n", n).Msg("payment failed")
	}
	synctest.Wait()
	end()
	kept := map[string]bool{}
	for _, e := range f.Events() {
		if n := errorNumber.FindStringSubmatch(e.Message); n != nil {
			kept[n[1]] = true
		}
	}
	if len(kept) != 500 {
		t.Errorf("%d of 500 errors are kept", len(kept))
	}
}

func TestGoroutinesDoNotMixStackTraces(t *testing.T) {
	const goroutines, entries = 16, 100
	f := adaptertest.NewOn(t, cloudwatchtest.Start(t), cloudwatch.Options{})
	console := zerolog.ConsoleWriter{Out: cloudwatchzerolog.NewWriter(f.Handler), PartsOrder: []string{zerolog.MessageFieldName}, NoColor: true}
	text := zerolog.New(console)
	json := zerolog.New(cloudwatchzerolog.NewWriter(f.Handler)).With().Timestamp().Logger()
	stack := strings.TrimSpace(string(debug.Stack()))
	want := map[string]int{}
	var wg sync.WaitGroup
	for g := range goroutines {
		for n := range entries {
			want[fmt.Sprintf("%d/%d\n%s", g, n, stack)] = 2
		}
		wg.Go(func() {
			for n := range entries {
				message := fmt.Sprintf("%d/%d\n%s", g, n, stack)
				text.Error().Msg(message)
				json.Error().Msg(message)
			}
		})
	}
	wg.Wait()
	for _, e := range f.Events() {
		message := e.Message
		if strings.HasPrefix(message, "{") {
			message, _ = adaptertest.Decoded(t, message)["message"].(string)
		}
		if want[message]--; want[message] < 0 {
			t.Fatalf("torn or interleaved: %q", e.Message)
		}
	}
	for message, missing := range want {
		if missing != 0 {
			t.Fatalf("%d missing of %q", missing, message)
		}
	}
}

// Fatal runs no deferred calls, yet delivers everything logged before.
func TestFatalDeliversBeforeExit(t *testing.T) {
	if os.Getenv(adaptertest.ChildVariable) != "" {
		h, err := cloudwatch.NewHandler(adaptertest.Group, &cloudwatch.Options{LogStream: adaptertest.Stream})
		if err != nil {
			t.Fatal(err)
		}
		logger := zerolog.New(cloudwatchzerolog.NewWriter(h))
		logger.Info().Msg("started")
		logger.Fatal().Msg("cannot go on")
	}
	srv := cloudwatchtest.Start(t)
	exit, output := adaptertest.RunChild(t, srv)
	got := srv.Messages(adaptertest.Group, adaptertest.Stream)
	if exit != 1 || len(got) != 2 || !strings.Contains(got[1], `"level":"fatal"`) {
		t.Errorf("exit code %d, delivered %q, printed %s", exit, got, output)
	}
}

// Fatal delays the exit by at most CloseTimeout.
func TestFatalGivesUpAfterCloseTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := adaptertest.New(t, cloudwatch.Options{CloseTimeout: 3 * time.Second})
		exited := false
		set(t, &zerolog.FatalExitFunc, func() { exited = true })
		logger := zerolog.New(zerolog.MultiLevelWriter(io.Discard, cloudwatchzerolog.NewWriter(f.Handler)))
		f.Away()
		if d := adaptertest.Took(func() { logger.Fatal().Msg("cannot go on") }); d != 3*time.Second || !exited {
			t.Errorf("waited %v, want CloseTimeout; exited %v", d, exited)
		}
	})
}

// The spool keeps the event, so a panic that may be recovered need not wait for the network.
func TestPanicDoesNotWaitWithASpool(t *testing.T) {
	f := adaptertest.NewOn(t, cloudwatchtest.Start(t), cloudwatch.Options{Spool: t.TempDir(), CloseTimeout: 5 * time.Second})
	logger := zerolog.New(cloudwatchzerolog.NewWriter(f.Handler))
	end := f.Away()
	defer end()
	d := adaptertest.Took(func() {
		defer func() { _ = recover() }()
		logger.Panic().Msg("broken")
	})
	if d > 4*time.Second {
		t.Errorf("waited %v", d)
	}
}
