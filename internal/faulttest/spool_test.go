package faulttest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// inSpoolModes runs a test with fake time, an endpoint and an empty spool, in each
// mode.
func inSpoolModes(t *testing.T, test func(t *testing.T, s *spooled)) {
	t.Helper()
	for mode, direct := range map[string]bool{"hot": false, "direct": true} {
		t.Run(mode, func(t *testing.T) {
			opts := cloudwatch.Options{
				LogStream: testkit.Stream, CloseTimeout: 900 * time.Millisecond, Spool: filepath.Join(t.TempDir(), "spool"),
				SpoolOptions: cloudwatch.SpoolOptions{Direct: direct, RAM: testkit.RAMFileSystem(t)},
			}
			testkit.Bubble(t, func(t *testing.T) {
				s := &spooled{t: t, srv: cloudwatchtest.New(), opts: opts}
				defer s.srv.Close()
				testkit.MustCreate(t, s.srv)
				test(t, s)
				s.wantFiles(0)
			})
		})
	}
}

// spooled is an endpoint and a spool, for several handlers one after the other.
type spooled struct {
	t    *testing.T
	srv  *cloudwatchtest.Server
	opts cloudwatch.Options
	told testkit.ErrorLog
}

// start returns a handler that shares the spool.
func (s *spooled) start(change func(o *cloudwatch.Options)) *cloudwatch.Handler {
	s.t.Helper()
	o := s.opts
	cfg := s.srv.Config()
	o.Config, o.OnError = &cfg, s.told.Add
	o.Format = cloudwatch.Pattern("{message}")
	if change != nil {
		change(&o)
	}
	name := testkit.Group
	if o.Tags["group"] != "" { // of a test that needs another one
		name, o.Tags = o.Tags["group"], nil
	}
	h, err := cloudwatch.NewHandler(name, &o)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

// leave has a handler log while the network is gone, and ends it.
func (s *spooled) leave(n int, change func(o *cloudwatch.Options)) *cloudwatch.UndeliveredError {
	s.t.Helper()
	defer s.srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})()
	h := s.start(change)
	for i := range n {
		slog.New(h).Info(fmt.Sprint("left ", i))
	}
	var left *cloudwatch.UndeliveredError
	if err := h.Close(); !errors.As(err, &left) || left.Events-left.Leftover != int64(n) || !errors.Is(err, cloudwatch.ErrSpooled) {
		s.t.Fatalf("Close returned %v, want %d events in the spool", err, n)
	}
	if stats := h.Stats(); stats.Pending != int64(n) || stats.Dropped.Total() != 0 {
		s.t.Errorf("after Close: %+v", stats)
	}
	return left
}

// wantFiles checks how many files of segments are in the spool and on the RAM file
// system.
func (s *spooled) wantFiles(want int) {
	s.t.Helper()
	var files []string
	for _, dir := range []string{s.opts.Spool, s.opts.SpoolOptions.RAM} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Ext(path) != "" {
				files = append(files, d.Name())
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.t.Error(err)
		}
	}
	if len(files) != want {
		s.t.Errorf("%d files in the spool, want %d: %q", len(files), want, files)
	}
}

func (s *spooled) messages(stream string) (messages []string) {
	for _, e := range s.srv.Events(testkit.Group, stream) {
		messages = append(messages, e.Message)
	}
	return messages
}

func left(n int) (messages []string) {
	for i := range n {
		messages = append(messages, fmt.Sprint("left ", i))
	}
	return messages
}

// What a process could not deliver the next one does, to the stream it was meant for,
// and says so in its own.
func TestSpoolNextStart(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		s.leave(1000, nil)
		h := s.start(func(o *cloudwatch.Options) { o.LogStream = "next" })
		time.Sleep(10 * time.Second)
		testkit.WantEqual(t, "recovered", s.messages(testkit.Stream), left(1000))
		if got, want := h.Stats().Recovered, (cloudwatch.Recovered{Events: 1000, Delivered: 1000}); got != want {
			t.Errorf("recovered %+v, want %+v", got, want)
		}
		testkit.MustClose(t, h)
		notes := s.messages("next")
		if len(notes) != 1 {
			t.Fatalf("the stream of the next process has %q", notes)
		}
		var note struct {
			Msg, Level, Stream, Producer string
			Events, Damaged, Lost        int
		}
		if err := json.Unmarshal([]byte(notes[0]), &note); err != nil {
			t.Fatal(err)
		}
		if note.Msg != "log events recovered" || note.Level != "INFO" || note.Stream != testkit.Stream || note.Events != 1000 || note.Damaged+note.Lost != 0 {
			t.Errorf("the note is %s", notes[0])
		}
	})
}

// A process that delivers everything leaves nothing, and in hot mode nothing was
// ever written to a segment.
func TestSpoolOfAHealthyProcess(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		h := s.start(nil)
		for i := range 100 {
			slog.New(h).Info(fmt.Sprint("left ", i))
			time.Sleep(time.Second)
		}
		if !s.opts.SpoolOptions.Direct {
			files, err := filepath.Glob(filepath.Join(s.opts.Spool, "*-*"))
			if err != nil || len(files) > 0 {
				t.Errorf("hot mode wrote to the disk although everything was delivered: %q, %v", files, err)
			}
		}
		testkit.MustClose(t, h)
		testkit.WantEqual(t, "delivered", s.messages(testkit.Stream), left(100))
	})
}

// Events for another log group, region or endpoint are not sent with the credentials
// of this process.
func TestSpoolHoldsWhatBelongsElsewhere(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		s.leave(10, nil)
		s.leave(10, func(o *cloudwatch.Options) { o.Tags = map[string]string{"group": "another"} })
		before := len(s.told.Errors())
		files, err := filepath.Glob(filepath.Join(s.opts.Spool, "*.seg"))
		if err != nil || len(files) != 2 {
			t.Fatalf("%q, %v", files, err)
		}
		var bytes int64
		for _, name := range files {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			bytes += info.Size()
		}
		h := s.start(func(o *cloudwatch.Options) { o.LogStream, o.Region = "next", "eu-west-1" })
		time.Sleep(2 * time.Minute)
		if got := h.Stats().Recovered; got.Events != 0 || got.Held != bytes {
			t.Errorf("recovered %+v, want two segments held, %d bytes", got, bytes)
		}
		var held int
		for _, err := range s.told.Errors()[before:] {
			var failed *cloudwatch.SpoolError
			if errors.As(err, &failed) && failed.Op == "send segment" {
				held++
			}
		}
		if held != 2 {
			t.Errorf("told %q, want each of the two once", s.told.Errors())
		}
		testkit.MustClose(t, h)
		s.wantFiles(2)
		for _, name := range []string{testkit.Group, "another"} { // somebody else comes
			h := s.start(func(o *cloudwatch.Options) { o.LogStream, o.Tags = "next", map[string]string{"group": name} })
			time.Sleep(time.Minute)
			testkit.MustClose(t, h)
			if n := len(s.srv.Events(name, testkit.Stream)); n != 10 {
				t.Errorf("%d events in log group %s, want 10", n, name)
			}
		}
	})
}

// While a backlog of another process is sent over a slow line, what is logged now is
// not late.
func TestSpoolRecoveryLeavesRoom(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		long := strings.Repeat("x", 1000)
		end := s.srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		h := s.start(nil)
		for range 20_000 {
			slog.New(h).Info(long)
		}
		h.Close()
		end()
		s.srv.Inject(cloudwatchtest.Fault{Delay: time.Second})
		h = s.start(func(o *cloudwatch.Options) { o.LogStream, o.CloseTimeout = "next", time.Minute })
		for range 15 {
			slog.New(h).Info("live")
			time.Sleep(time.Second)
		}
		if r := h.Stats().Recovered; r.Pending == 0 {
			t.Errorf("the backlog was gone before the test was: %+v", r)
		}
		var waited time.Duration
		for _, e := range s.srv.Events(testkit.Group, "next") {
			waited = max(waited, e.IngestionTime.Sub(e.Timestamp))
		}
		t.Logf("a new event waited %v at most", waited)
		if normal := 2 * time.Second; waited > 2*normal { // the interval and a request
			t.Errorf("a new event waited %v", waited)
		}
		time.Sleep(time.Minute)
		testkit.MustClose(t, h)
		if n := len(s.srv.Events(testkit.Group, testkit.Stream)); n != 20_000 {
			t.Errorf("%d events recovered, want 20,000", n)
		}
	})
}

// When the disk is full, DropOldest keeps what is new.
func TestSpoolFullUnderDropOldest(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		end := s.srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		h := s.start(func(o *cloudwatch.Options) {
			o.OnFull, o.BufferBytes = cloudwatch.DropOldest, 8<<20
			o.SpoolOptions.MaxBytes = 48 << 20
		})
		const events = 80_000
		long := strings.Repeat("x", 1000)
		for i := range events {
			slog.New(h).Info(fmt.Sprintf("%06d %s", i, long))
			if i%1000 == 0 {
				time.Sleep(time.Second)
			}
		}
		time.Sleep(time.Minute)
		stats := h.Stats()
		if stats.Dropped.BufferFull == 0 || stats.Dropped.BufferFull+stats.Pending != events || stats.AtRisk != 0 {
			t.Errorf("%+v", stats)
		}
		end()
		time.Sleep(10 * time.Minute)
		testkit.MustClose(t, h)
		var kept, newest int64
		for _, m := range s.messages(testkit.Stream) {
			var n int64
			if _, err := fmt.Sscanf(m, "%06d", &n); err == nil {
				kept++
				if n >= events-stats.Pending+1000 {
					newest++
				}
			}
		}
		// The batch that was being tried all the time is an old one.
		if kept != stats.Pending || newest != stats.Pending-1000 {
			t.Errorf("%d events arrived, %d of them new; want %d, all of them new but for a batch", kept, newest, stats.Pending)
		}
	})
}

// Guarantee claims what is so.
func TestGuarantee(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		h := s.start(func(o *cloudwatch.Options) {
			o.SpoolOptions.SyncEvery, o.SpoolOptions.SpillAfter = 3*time.Second, 4*time.Second
		})
		want := cloudwatch.Guarantee{Mode: "hot", Kill: true, Reboot: 7 * time.Second}
		if s.opts.SpoolOptions.Direct {
			want = cloudwatch.Guarantee{Mode: "direct", Kill: true, Reboot: 3 * time.Second}
		}
		if got := h.Guarantee(); got != want {
			t.Errorf("%v, want %v", got, want)
		}
		testkit.MustClose(t, h)
	})
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{})
		if got, want := f.Guarantee(), (cloudwatch.Guarantee{Mode: "memory"}); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	})
	for g, want := range map[cloudwatch.Guarantee]string{
		{Mode: "memory"}: "memory: events are lost if the process dies before the service has them",
		{Mode: "direct", Kill: true, Reboot: time.Second, Err: fs.ErrPermission}: "direct: events survive the death of the process, and after 1s a crash of the machine (permission denied)",
		{Mode: "hot", Kill: true}: "hot: events survive the death of the process, but no reboot",
	} {
		if got := g.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// No credentials are in a spool, and no name of a log group or stream is part of a
// path.
func TestSpoolTellsNoSecretAndMakesNoPath(t *testing.T) {
	const secret, token = "canarysecret", "canarytoken"
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		names := []string{"../../x", `..\..\x`, "CON", strings.Repeat("s", 512), "\U0001f600"}
		for _, name := range names {
			s.leave(3, func(o *cloudwatch.Options) {
				o.LogStream, o.AccessID, o.AccessKey, o.SessionToken = name, "AKCANARY", secret, token
			})
		}
		s.wantFiles(len(names))
		err := filepath.WalkDir(filepath.Dir(s.opts.Spool), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if base := d.Name(); base != "id" && base != "large" && len(base) != len("0123456789abcdef-01234567.seg") {
				t.Errorf("a file is named %q", base)
			}
			data, err := os.ReadFile(path)
			for _, canary := range []string{secret, token, "AKCANARY"} {
				if strings.Contains(string(data), canary) {
					t.Errorf("%s is in %s", canary, path)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		h := s.start(func(o *cloudwatch.Options) { o.LogStream = "next" })
		time.Sleep(time.Minute)
		testkit.MustClose(t, h)
		for _, name := range names {
			testkit.WantEqual(t, name, s.messages(name), left(3))
		}
	})
}

// A large backlog of other processes does not slow the start, and does not fill
// memory.
func TestSpoolStartWithALargeBacklog(t *testing.T) {
	const segments = 1280 // 10 GiB
	dir := t.TempDir()
	srv := cloudwatchtest.Start(t)
	cfg := srv.Config()
	header := segment.Header{Region: cfg.Region, Endpoint: "https://elsewhere.example", Group: testkit.Group, Stream: testkit.Stream}
	for i := range segments {
		header.ID, header.Producer, header.Number = uint64(i+1), 7, uint32(i+1)
		page, err := header.Encode()
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%016x-%08x.seg", header.Producer, header.Number)), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		record := segment.AppendRecord(nil, header.ID, segment.Start, 1, segment.Record{Seq: uint64(i + 1), Time: 1, Size: 1, Payload: []byte("x")})
		_, err1 := f.WriteAt(page, 0)
		_, err2 := f.WriteAt(record, segment.Start)
		if err := errors.Join(err1, err2, f.Truncate(8<<20), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	before := testkit.Heap()
	start := time.Now()
	h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
		Config: &cfg, LogStream: testkit.Stream, Spool: dir, SpoolOptions: cloudwatch.SpoolOptions{MaxBytes: 20 << 30, MinFree: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	slog.New(h).Info("live")
	for h.Stats().Recovered.Held < segments*8<<20 {
		runtime.Gosched()
		if time.Since(start) > time.Minute {
			t.Fatalf("after a minute: %+v", h.Stats().Recovered)
		}
	}
	t.Logf("the constructor took %v, all headers were read after %v, %d bytes more are in use", took, time.Since(start), testkit.Heap()-before)
	if used := testkit.Heap() - before; used > 16<<20 && !testkit.RaceEnabled {
		t.Errorf("%d bytes more are in use", used)
	}
	testkit.MustClose(t, h)
}

// A segment that has lost all of its records is reported, and the log stream that they
// were for says so.
func TestSpoolOfAnEmptiedSegment(t *testing.T) {
	inSpoolModes(t, func(t *testing.T, s *spooled) {
		s.leave(3, nil)
		files, err := filepath.Glob(filepath.Join(s.opts.Spool, "*.seg"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%q, %v", files, err)
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		h, err := segment.DecodeHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		h.Grows, h.Size = true, segment.Start
		page, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(files[0], append(page, make([]byte, 64<<10)...), 0o600); err != nil {
			t.Fatal(err)
		}
		next := s.start(func(o *cloudwatch.Options) { o.LogStream = "next" })
		time.Sleep(time.Minute)
		if r, want := next.Stats().Recovered, (cloudwatch.Recovered{Events: 1, Lost: 1, Damaged: 1}); r != want {
			t.Errorf("recovered %+v, want %+v", r, want)
		}
		var told, lost bool
		for _, err := range s.told.Errors() {
			var failed *cloudwatch.SpoolError
			var loss *cloudwatch.LossError
			told = told || errors.As(err, &failed) && strings.Contains(err.Error(), "all of its records are lost")
			lost = lost || errors.As(err, &loss) && loss.Reason == cloudwatch.LossDamaged && loss.Events == 1
		}
		if !told || !lost {
			t.Errorf("told %q", s.told.Errors())
		}
		testkit.MustClose(t, next)
		if m := s.messages(testkit.Stream); len(m) != 1 || !strings.Contains(m[0], `"reason":"damaged in the spool"`) {
			t.Errorf("its stream has %q", m)
		}
	})
}
