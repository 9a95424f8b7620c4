package child

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/sink"
)

// start starts a sink in the test process.
func start(t *testing.T) (*sink.Sink, contender.Target) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("measuring needs the CPU clocks of Linux")
	}
	t.Setenv("AWS_CONFIG_FILE", "none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
	s := &sink.Sink{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, contender.Target{URL: server.URL}
}

// place sets the target's Place if the contender needs one.
func place(t *testing.T, name string, target *contender.Target) {
	t.Helper()
	if !contender.HasFiles(name) {
		return
	}
	if err := contender.Unfit(name); err != nil {
		t.Skipf("%s cannot run on this machine: %v", name, err)
	}
	p, err := contender.NewPlace()
	if err != nil {
		t.Fatal(err)
	}
	target.Place = p
	t.Cleanup(func() {
		if err := p.Remove(); err != nil {
			t.Error(err)
		}
	})
}

func TestEveryContenderDelivers(t *testing.T) {
	for _, name := range []string{contender.Cloudwatch, contender.Compressed, contender.Hot, contender.Direct, contender.Typed, contender.Lzap, contender.Mec07, contender.Zap, contender.Zerolog} {
		t.Run(name, func(t *testing.T) {
			s, target := start(t)
			place(t, name, &target)
			r, err := Run(Spec{Contender: name, Target: target, Mode: Burst, Events: 500, Goroutines: 3})
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Counts(); r.Logged != 500 || got.Events != 500 || got.Requests < 1 {
				t.Errorf("logged %d, sink: %+v", r.Logged, got)
			}
			if r.CPU <= 0 || r.Wall < r.CallWall || r.Mallocs <= 0 || r.Peak < 1<<20 {
				t.Errorf("implausible measurement: %+v", r)
			}
		})
	}
}

func TestRecordHasAbout235BytesOnTheWire(t *testing.T) {
	t.Setenv("TZ", "UTC")
	s, target := start(t)
	if _, err := Run(Spec{Contender: contender.Cloudwatch, Target: target, Mode: Burst, Events: 1000}); err != nil {
		t.Fatal(err)
	}
	c := s.Counts()
	if size := float64(c.Bytes) / float64(c.Events); size < 230 || size > 245 {
		t.Errorf("%.1f bytes per event", size)
	}
}

func TestModesDeliverWhatTheyLog(t *testing.T) {
	for _, name := range []string{contender.Cloudwatch, contender.Hot, contender.Direct, contender.Typed, contender.Zap, contender.Zerolog} {
		for mode, c := range map[string]struct {
			spec      Spec
			logged    int64
			unlogged  int64 // delivered before the measurement
			perSecond bool
		}{
			"call":   {spec: Spec{Mode: Call, Events: 8000}, logged: 8000, unlogged: slice},
			"whole":  {spec: Spec{Mode: Call, Events: 4000, Whole: true}, logged: 4000, unlogged: slice},
			"sized":  {spec: Spec{Mode: Burst, Events: 10, Message: 100_000}, logged: 10},
			"repeat": {spec: Spec{Mode: Repeat, Events: 100, Bursts: 3}, logged: 300, unlogged: 100},
			"paced":  {spec: Spec{Mode: Paced, Rate: 50_000, For: 20 * time.Millisecond, Timed: true}, perSecond: true},
		} {
			t.Run(name+" "+mode, func(t *testing.T) {
				s, target := start(t)
				place(t, name, &target)
				c.spec.Contender, c.spec.Target = name, target
				r, err := Run(c.spec)
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case c.perSecond:
					if r.Logged < 1 || r.Logged > 1000 {
						t.Errorf("logged %d in 20 ms at 50,000/s", r.Logged)
					}
					if l := r.Latency; l == nil || l.P50 <= 0 || l.Max < l.P999 {
						t.Errorf("latency %+v", l)
					}
				case r.Logged != c.logged:
					t.Errorf("logged %d, want %d", r.Logged, c.logged)
				}
				if got := s.Counts().Events; got != r.Logged+c.unlogged {
					t.Errorf("delivered %d, want %d and %d", got, r.Logged, c.unlogged)
				}
			})
		}
	}
}

func TestIdleLogsNothing(t *testing.T) {
	s, target := start(t)
	r, err := Run(Spec{Contender: contender.Cloudwatch, Target: target, Mode: Paced, Rate: 50_000, For: 5 * time.Millisecond, Idle: true})
	if err != nil || s.Counts().Events != 0 || r.CPU <= 0 {
		t.Errorf("%+v, %v, delivered %d", r, err, s.Counts().Events)
	}
}

func TestProtocol(t *testing.T) {
	start(t)
	var out bytes.Buffer
	spec, err := json.Marshal(Spec{Contender: contender.Discard, Mode: Burst, Events: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := Main(bytes.NewReader(spec), &out); err != nil {
		t.Fatal(err)
	}
	var r Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.Logged != 10 {
		t.Errorf("%s: %v", out.Bytes(), err)
	}
	for _, bad := range []string{"", `{"Contender":"nobody"}`, `{"Contender":"slog to io.Discard","Mode":"?"}`} {
		if err := Main(strings.NewReader(bad), &out); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
