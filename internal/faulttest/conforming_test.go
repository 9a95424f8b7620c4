package faulttest_test

import (
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// Whatever is thrown at the handler and the writer, the endpoint refuses no
// request as invalid.
func TestEveryRequestIsValid(t *testing.T) {
	seed := rand.Uint64()
	for round := range uint64(40) {
		if conforms(t, rand.New(rand.NewPCG(seed, round)), ""); t.Failed() {
			t.Fatalf("round %d of seed %d", round, seed)
		}
	}
}

func FuzzEveryRequestIsValid(f *testing.F) {
	f.Add(uint64(1), "a line\r\nanother\x00one\xff")
	f.Add(uint64(2), `{"json":"\ud800"}`)
	f.Add(uint64(3), "\u2028<&>\x7f\u0085")
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		conforms(t, rand.New(rand.NewPCG(seed, 0)), text)
	})
}

// conforms logs all kinds of things with all kinds of options. Now and then one
// of them is the text.
func conforms(t *testing.T, random *rand.Rand, text string) {
	testkit.Bubble(t, func(t *testing.T) {
		const day = 24 * time.Hour
		formats := []cloudwatch.Format{
			cloudwatch.JSON, cloudwatch.Text, cloudwatch.Pattern("{time} {level} {message}"), cloudwatch.Pattern("{message}{attrs}"),
			cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }),
		}
		pick := func(choices ...int) int { return choices[random.IntN(len(choices))] }
		srv := cloudwatchtest.New()
		f := testkit.NewOn(t, srv, cloudwatch.Options{
			LogStream:     testkit.Stream,
			Level:         slog.LevelDebug,
			Format:        formats[random.IntN(len(formats))],
			MaxEventBytes: pick(0, 256, 1000, 262_118),
			BufferBytes:   pick(0, 1<<20, 4<<20),
			Oversize:      cloudwatch.Oversize(random.IntN(3)),
			Untimely:      cloudwatch.Untimely(random.IntN(2)),
			OnFull:        cloudwatch.OnFull(random.IntN(2)),
			Compress:      random.IntN(3) == 0,
			MaxInFlight:   pick(0, 1, 8),
			RetentionDays: pick(0, 1, 30),
		})
		if random.IntN(2) == 0 { // whatever it claims to reject is sent again, in requests of its own
			index := func() *int {
				if random.IntN(2) == 0 {
					return nil
				}
				i := random.IntN(30) - 5
				return &i
			}
			srv.Inject(cloudwatchtest.Fault{Times: 1 + random.IntN(4), Rejected: &cloudwatchtest.RejectedInfo{
				TooOldEnd: index(), ExpiredEnd: index(), TooNewStart: index(),
			}})
		}
		message := func() string {
			if text != "" && random.IntN(4) == 0 {
				return text
			}
			kind := payloads[random.IntN(len(payloads))].text
			size := pick(0, 1, 10, 100, 255, 256, 257, 1000, 5000)
			switch random.IntN(150) {
			case 0:
				size = 262_118 + pick(-1, 0, 1)
			case 1:
				size = 1_048_550 + pick(-40, -27, -26, -1, 0, 1, 26, 700_000)
			}
			return strings.Repeat(kind, size/len(kind)+1)[:size]
		}
		for range 20 + random.IntN(60) {
			at := time.Now()
			switch random.IntN(6) {
			case 0:
				at = at.Add(-time.Duration(random.Int64N(int64(40*day)) - int64(3*day)))
			case 1:
				at = []time.Time{{}, time.Unix(0, 0), time.Unix(-1, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), at.Add(-14 * day), at.Add(2 * time.Hour)}[random.IntN(6)]
			}
			switch random.IntN(8) {
			case 0, 1:
				f.W.WriteString(message() + []string{"\n", "\r\n", "", "\n\n"}[random.IntN(4)])
			case 2:
				time.Sleep(time.Duration(random.Int64N(int64(3 * time.Second))))
			default:
				r := slog.NewRecord(at, slog.Level(random.IntN(20)-8), message(), 0)
				for range random.IntN(3) {
					r.Add("key", message(), "group", slog.GroupValue(slog.Any(message(), errors.New(message()))))
				}
				_ = f.Handle(t.Context(), r) // a full buffer is fine here
			}
		}
		f.FlushWithin(10 * time.Minute)
		f.Close()
		for _, r := range srv.Requests() {
			if r.Code != "" && r.Code != "ResourceNotFoundException" {
				t.Errorf("%s with %d events and %d bytes: %s: %s", r.Operation, r.Events, r.Bytes, r.Code, r.Message)
			}
		}
	})
}
