package pipeline_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// What docs/reliability.md says of a message of any size: beside the message itself a
// log call takes the buffer and a little more.
const (
	hugeBytes = 256 << 20
	hugeSlack = 16 << 20 // beside BufferBytes
	garbage   = 32 << 20 // of messages before, while it is being collected
	held      = 32 << 20 // of the beginning of a JSON object, 16 MiB, also while its memory grows
)

// TestMemoryOfAHugeMessage: the figures are in docs/reliability.md.
func TestMemoryOfAHugeMessage(t *testing.T) {
	if testkit.RaceEnabled || testing.Short() {
		t.Skip("takes 256 MiB and a few seconds")
	}
	plain := strings.Repeat("GET /api/v1/orders/1234 200 1.2ms\t", hugeBytes/34)
	lines := strings.Repeat(strings.Repeat("x", 1<<20)+"\n", hugeBytes>>20)
	attr := func(a slog.Attr) func(slog.Handler, *cloudwatch.Writer) error {
		return func(h slog.Handler, _ *cloudwatch.Writer) error {
			r := slog.NewRecord(time.Now(), slog.LevelError, "m", 0)
			r.AddAttrs(a)
			return h.Handle(context.Background(), r)
		}
	}
	message := func(h slog.Handler, _ *cloudwatch.Writer) error {
		return h.Handle(context.Background(), slog.NewRecord(time.Now(), slog.LevelError, plain, 0))
	}
	discarding := cloudwatch.Using(func(w io.Writer, _ *slog.HandlerOptions) slog.Handler { return &pouring{w: w} })
	rows := []struct {
		name   string
		opts   cloudwatch.Options
		log    func(slog.Handler, *cloudwatch.Writer) error
		beside int // what the program or encoding/json makes of it
	}{
		{"JSON, a message", cloudwatch.Options{}, message, held},
		{"JSON, a string", cloudwatch.Options{}, attr(slog.String("a", plain)), held},
		{"JSON, a key", cloudwatch.Options{}, attr(slog.Int(plain, 1)), held},
		{"JSON, a group", cloudwatch.Options{}, attr(slog.Group(plain, "a", 1)), held},
		{"JSON, an error", cloudwatch.Options{}, attr(slog.Any("a", errors.New(plain))), held},
		{"JSON, a LogValuer", cloudwatch.Options{}, attr(slog.Any("a", valuer(plain))), held},
		{"JSON, invalid UTF-8", cloudwatch.Options{}, attr(slog.String("a", strings.Repeat("\xff", 64<<20))), held},
		{"JSON, control characters", cloudwatch.Options{}, attr(slog.String("a", strings.Repeat("\x00", 64<<20))), held},
		{"JSON, many that are held as a whole", cloudwatch.Options{}, func(h slog.Handler, _ *cloudwatch.Writer) error {
			for range hugeBytes / (15 << 20) {
				h.Handle(context.Background(), slog.NewRecord(time.Now(), slog.LevelError, plain[:15<<20], 0))
			}
			return nil
		}, held + garbage},
		{"JSON, DropOldest", cloudwatch.Options{OnFull: cloudwatch.DropOldest}, message, held},
		{"JSON, a small buffer", cloudwatch.Options{BufferBytes: 1 << 20}, message, held},
		{"JSON, Truncate", cloudwatch.Options{Oversize: cloudwatch.Truncate}, message, held},
		{"JSON, Drop", cloudwatch.Options{Oversize: cloudwatch.Drop}, message, 0},
		{"Text, a message", cloudwatch.Options{Format: cloudwatch.Text}, message, 0},
		{"Text, a key", cloudwatch.Options{Format: cloudwatch.Text}, attr(slog.Int(plain, 1)), 0},
		{"Text, a TextMarshaler", cloudwatch.Options{Format: cloudwatch.Text}, attr(slog.Any("a", texter(plain))), hugeBytes},
		{"Text, Truncate", cloudwatch.Options{Format: cloudwatch.Text, Oversize: cloudwatch.Truncate}, message, 0},
		{"Text, Drop", cloudwatch.Options{Format: cloudwatch.Text, Oversize: cloudwatch.Drop}, message, 0},
		{"Pattern", cloudwatch.Options{Format: cloudwatch.Pattern("{message}")}, message, 0},
		{"Pattern, Drop", cloudwatch.Options{Format: cloudwatch.Pattern("{message}"), Oversize: cloudwatch.Drop}, message, 0},
		{"Using", cloudwatch.Options{Format: discarding}, message, 0},
		{"a line", cloudwatch.Options{}, func(_ slog.Handler, w *cloudwatch.Writer) error {
			_, err := io.WriteString(w, plain) // is copied
			return err
		}, hugeBytes + garbage},
		{"many lines", cloudwatch.Options{}, func(_ slog.Handler, w *cloudwatch.Writer) error {
			_, err := io.WriteString(w, lines)
			return err
		}, garbage},
		{"a line of bytes", cloudwatch.Options{}, func(_ slog.Handler, w *cloudwatch.Writer) error {
			_, err := w.Write([]byte(plain))
			return err
		}, hugeBytes + garbage},
		{"a line, Truncate", cloudwatch.Options{Oversize: cloudwatch.Truncate}, func(_ slog.Handler, w *cloudwatch.Writer) error {
			_, err := io.WriteString(w, plain)
			return err
		}, hugeBytes},
	}
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			opts := row.opts
			opts.LogStream, opts.CloseTimeout = testkit.Stream, time.Millisecond
			opts.Config = &aws.Config{Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: &http.Client{Transport: neverAnswers}}
			h, err := cloudwatch.NewHandler(testkit.Group, &opts)
			if err != nil {
				t.Fatal(err)
			}
			start := testkit.Heap()
			high := make(chan int)
			stop := make(chan struct{})
			go func() { high <- highestHeap(stop) }()
			allocated := allocatedBytes()
			began := time.Now()
			err = row.log(h, h.Writer())
			took := time.Since(began)
			allocated = allocatedBytes() - allocated
			close(stop)
			used := min(<-high-start, allocated) // what was allocated while garbage is collected counts as in use
			if most := 64<<20 + hugeSlack + row.beside; used > most {
				t.Errorf("%.1f MiB beside the message, want at most %d", float64(used)/(1<<20), most>>20)
			}
			if took > 20*time.Second {
				t.Errorf("the log call takes %v", took)
			}
			t.Logf("%.1f MiB beside the message, %.2f s: %v", float64(used)/(1<<20), took.Seconds(), err)
			h.Close()
			s := h.Stats()
			if sum := s.Delivered + s.Pending + s.Rejected.Total() + s.Dropped.Total(); sum != s.Accepted || s.Accepted == 0 {
				t.Errorf("accepted %d events, but the sum is %d", s.Accepted, sum)
			}
			runtime.KeepAlive(plain)
		})
	}
}

// highestHeap collects garbage over and over, and returns the most that was in use
// each time, in bytes.
func highestHeap(stop <-chan struct{}) (high int) {
	for {
		select {
		case <-stop:
			return high
		default:
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			high = max(high, int(m.HeapAlloc))
		}
	}
}

// allocatedBytes returns how many bytes were ever allocated.
func allocatedBytes() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.TotalAlloc)
}

// neverAnswers is a service that never answers.
var neverAnswers = testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
})

// pouring is a handler that writes the message as it is, in pieces.
type pouring struct {
	slog.Handler
	w io.Writer
}

func (h *pouring) Handle(_ context.Context, r slog.Record) error {
	var piece []byte
	for rest := r.Message; rest != ""; {
		n := min(len(rest), 1<<20)
		piece = append(piece[:0], rest[:n]...)
		if _, err := h.w.Write(piece); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// TestGroupsInGroups: a value that holds itself ends somewhere.
func TestGroupsInGroups(t *testing.T) {
	for _, format := range []cloudwatch.Format{cloudwatch.JSON, cloudwatch.Text, cloudwatch.Pattern("{message}")} {
		testkit.Bubble(t, func(t *testing.T) {
			f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, Format: format})
			f.Log.Info("m", "a", ouroboros{})
			f.FlushWithin(time.Minute)
			if text := strings.Join(f.Server.Messages(testkit.Group, testkit.Stream), ""); !strings.Contains(text, "!ERROR:groups in groups, more than 1000") {
				t.Errorf("got %.500q", text)
			}
		})
	}
}

type ouroboros struct{}

func (ouroboros) LogValue() slog.Value { return slog.GroupValue(slog.Any("a", ouroboros{})) }
