package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

func TestEachWriterHasItsOwnPartialLine(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		a, b := f.Writer(), f.Writer()
		for _, step := range []struct {
			w    *cloudwatch.Writer
			text string
		}{{a, "payment of "}, {b, "GET /health 200\n"}, {a, "17 EUR\n"}} {
			io.WriteString(step.w, step.text)
			time.Sleep(time.Millisecond)
		}
		f.FlushWithin(time.Minute)
		f.WantMessages("payment of 17 EUR", "GET /health 200")
	})
}

// TestFlushTakesThePartialLinesOfAll, in the order of their times, wherever they come from,
// and so does the end. What has no newline after the end is refused.
func TestFlushTakesThePartialLinesOfAll(t *testing.T) {
	ends := map[string]func(f *testkit.Fixture) error{
		"Flush":         func(f *testkit.Fixture) error { return f.Flush(f.T.Context()) },
		"Sync":          func(f *testkit.Fixture) error { return f.W.Sync() },
		"Shutdown":      func(f *testkit.Fixture) error { return f.Shutdown(f.T.Context()) },
		"Close":         func(f *testkit.Fixture) error { return f.Close() },
		"Writer.Close":  func(f *testkit.Fixture) error { return f.W.Close() },
		"another Close": func(f *testkit.Fixture) error { return f.Writer().Close() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, MaxEventBytes: 256})
				long := strings.Repeat("x", 1000)
				var want []string
				for n := range 5 {
					fmt.Fprint(f.Writer(), "line ", n)
					want = append(want, fmt.Sprint("line ", n))
					time.Sleep(time.Millisecond)
				}
				io.WriteString(f.W, long)
				time.Sleep(time.Microsecond) // less than what an event can say
				r, pipe := io.Pipe()
				read := make(chan error)
				go func() {
					_, err := f.WriterWith(cloudwatch.WriterOptions{Level: slog.LevelWarn}).ReadFrom(r)
					read <- err
				}()
				io.WriteString(pipe, "of a pipe")
				synctest.Wait()
				if err := end(f); err != nil {
					t.Fatal(err)
				}
				got := f.Messages()
				if len(got) < 7 || !slices.Equal(got[:5], want) || got[len(got)-1] != "of a pipe" {
					t.Errorf("got %q", got)
				}
				if n := strings.Count(strings.Join(got, ""), "x"); n < len(long) {
					t.Errorf("%d bytes of the long line came", n)
				}
				closed := name != "Flush" && name != "Sync"
				go func() {
					io.WriteString(pipe, " and more")
					pipe.Close()
				}()
				if err := <-read; closed != errors.Is(err, cloudwatch.ErrClosed) || closed != (err != nil) {
					t.Errorf("ReadFrom: %v", err)
				}
				r.Close()
				for _, w := range []*cloudwatch.Writer{f.W, f.Writer()} {
					if _, err := io.WriteString(w, "text"); closed != errors.Is(err, cloudwatch.ErrClosed) || closed != (err != nil) {
						t.Errorf("a partial line: %v", err)
					}
				}
			})
		})
	}
}

// TestChildThatWrites is no test but the child of those below.
func TestChildThatWrites(t *testing.T) {
	lines := 0
	if _, err := fmt.Sscan(os.Getenv("CHILD_LINES"), &lines); err != nil {
		t.Skip("only for children")
	}
	name := os.Getenv("CHILD_NAME")
	var all sync.WaitGroup
	for i, out := range []*os.File{os.Stdout, os.Stderr} {
		all.Go(func() {
			for n := range lines {
				fmt.Fprintf(out, "%s %d line ", name, i)
				fmt.Fprintf(out, "%d of %d\n", n, lines)
			}
			fmt.Fprintf(out, "%s %d end", name, i)
		})
	}
	all.Wait()
	os.Exit(0)
}

func childThatWrites(name string, lines int) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildThatWrites$")
	cmd.Env = append(os.Environ(), "CHILD_NAME="+name, fmt.Sprint("CHILD_LINES=", lines))
	return cmd
}

// wantChild checks that every line of a child came, as it was, and the two of them in order.
func wantChild(t *testing.T, got []string, name string, lines int) {
	t.Helper()
	for i := range 2 {
		var of, want []string
		for _, message := range got {
			if strings.HasPrefix(message, fmt.Sprintf("%s %d ", name, i)) {
				of = append(of, message)
			}
		}
		for n := range lines {
			want = append(want, fmt.Sprintf("%s %d line %d of %d", name, i, n, lines))
		}
		testkit.WantEqual(t, "lines of "+name, of, append(want, fmt.Sprintf("%s %d end", name, i)))
	}
}

// TestTwoWritersOfAChildDoNotMix: with one partial line for both, 646 of 4,000 events were
// mixed.
func TestTwoWritersOfAChildDoNotMix(t *testing.T) {
	f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, FlushInterval: 10 * time.Millisecond})
	cmd := childThatWrites("c", 2000)
	cmd.Stdout, cmd.Stderr = f.Writer(), f.Writer()
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	f.FlushWithin(time.Minute)
	got := f.Messages()
	wantChild(t, got, "c", 2000)
	if len(got) != 4002 {
		t.Errorf("%d events", len(got))
	}
}

// TestCommandsThatShareAWriterDoNotMix: os/exec calls ReadFrom, whose partial line belongs to
// the call. That also makes lines of what a Writer for whole messages gets.
func TestCommandsThatShareAWriterDoNotMix(t *testing.T) {
	f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, FlushInterval: 10 * time.Millisecond})
	w := f.WriterAt(slog.LevelWarn)
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			cmd := childThatWrites(fmt.Sprint("c", n), 300)
			cmd.Stdout, cmd.Stderr = w, struct {
				io.ReaderFrom
				io.Writer
			}{w, w} // not the same: a pipe for each
			if err := cmd.Run(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	f.FlushWithin(time.Minute)
	got := f.Messages()
	for n := range 4 {
		wantChild(t, got, fmt.Sprint("c", n), 300)
	}
	if len(got) != 4*602 {
		t.Errorf("%d events", len(got))
	}
}

// TestStreamBehindAMultiWriter: it hides ReadFrom, so a stream needs a Writer of lines.
func TestStreamBehindAMultiWriter(t *testing.T) {
	f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
	lines := f.WriterWith(cloudwatch.WriterOptions{Level: slog.LevelInfo})
	var want []string
	for n := range 5000 { // more than io.Copy reads at once
		want = append(want, fmt.Sprint("line ", n))
	}
	text := struct{ io.Reader }{strings.NewReader(strings.Join(want, "\n") + "\n")} // as a pipe, it only reads
	if _, err := io.Copy(io.MultiWriter(io.Discard, lines), text); err != nil {
		t.Error(err)
	}
	f.FlushWithin(10 * time.Second)
	f.WantMessages(want...)
}

func TestReadFrom(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		text := strings.Repeat("a line\r\n", 10_000) + "\n\nthe end\r"
		n, err := f.W.ReadFrom(iotest.OneByteReader(iotest.DataErrReader(strings.NewReader(text))))
		if n != int64(len(text)) || err != nil {
			t.Errorf("read %d of %d bytes: %v", n, len(text), err)
		}
		f.FlushWithin(time.Minute)
		f.WantMessages(append(slices.Repeat([]string{"a line"}, 10_000), "the end\r")...)
		if n, err := f.W.ReadFrom(strings.NewReader("")); n != 0 || err != nil {
			t.Errorf("nothing: %d, %v", n, err)
		}

		broken := errors.New("broken")
		n, err = f.W.ReadFrom(io.MultiReader(strings.NewReader("half a"), iotest.ErrReader(broken)))
		if n != 6 || !errors.Is(err, broken) {
			t.Errorf("a reader that fails: %d, %v", n, err)
		}
		f.FlushWithin(time.Minute)
		if got := f.Messages(); got[len(got)-1] != "half a" {
			t.Errorf("the last message is %q", got[len(got)-1])
		}

		f.Close()
		if n, err = f.W.ReadFrom(strings.NewReader(text)); n == 0 || !errors.Is(err, cloudwatch.ErrClosed) {
			t.Errorf("after Close: %d, %v", n, err)
		}
		if n, err = f.W.ReadFrom(strings.NewReader("text")); n != 4 || !errors.Is(err, cloudwatch.ErrClosed) {
			t.Errorf("after Close, without a newline: %d, %v", n, err)
		}
	})
}

func TestEventPerWrite(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		w := f.WriterAt(slog.LevelInfo)
		var want []string
		for _, tt := range []struct{ text, want string }{
			{"a", "a"}, {"b\n", "b"}, {"c\nd\n", "c\nd"}, {"e\r\nf\r\n", "e\r\nf"}, {"g\n\n\r\n", "g"}, {"\n\nh\n", "\n\nh"}, {"i\r", "i\r"}, {" \n", " "},
			{"", ""}, {"\n", ""}, {"\r\n\n", ""},
		} {
			for _, write := range []func(string) (int, error){
				w.WriteString, func(text string) (int, error) { return w.Write([]byte(text)) },
			} {
				if n, err := write(tt.text); n != len(tt.text) || err != nil {
					t.Errorf("%q: %d, %v", tt.text, n, err)
				}
				if tt.want != "" {
					want = append(want, tt.want)
				}
			}
		}
		f.FlushWithin(time.Minute)
		f.WantMessages(want...)
		if n := f.Stats().Dropped.Empty; n != 6 {
			t.Errorf("%d empty ones", n)
		}
	})
}

// TestNewWriterTakesOptionsWriter, and so does Handler.Writer.
func TestNewWriterTakesOptionsWriter(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		defer srv.Close()
		cfg := srv.Config()
		opts := cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg, Writer: cloudwatch.WriterOptions{Framing: cloudwatch.EventPerWrite}}
		w, err := cloudwatch.NewWriter(testkit.Group, &opts)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "a\nb\n")
		w.Close()
		h, err := cloudwatch.NewHandler(testkit.Group, &opts)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(h.Writer(), "c\nd\n")
		io.WriteString(h.WriterWith(cloudwatch.WriterOptions{}), "e\nf\n")
		h.Close()
		testkit.WantEqual(t, "messages", srv.Messages(testkit.Group, testkit.Stream), []string{"a\nb", "c\nd", "e", "f"})

		opts.Writer.Framing++
		if _, err := cloudwatch.NewWriter(testkit.Group, &opts); err == nil || !strings.Contains(err.Error(), "Options.Writer.Framing") {
			t.Errorf("a framing that does not exist: %v", err)
		}
	})
}

// TestErrorsAreKeptWhenTheBufferIsFull: of 12,000 DEBUG and then 500 ERROR, while the service
// is away, 0 of the ERRORs were kept.
func TestErrorsAreKeptWhenTheBufferIsFull(t *testing.T) {
	attrs := strings.Repeat("x", 80)
	kinds := map[string]func(f *testkit.Fixture) (write func(level slog.Level, text string)){
		"JSON lines of zap": func(f *testkit.Fixture) func(slog.Level, string) {
			w := f.WriterWith(cloudwatch.WriterOptions{ReadJSON: true})
			return func(level slog.Level, text string) {
				fmt.Fprintf(w, `{"level":"%s","ts":%d.5,"msg":"%s","attrs":"%s"}`+"\n", strings.ToLower(level.String()), time.Now().Unix(), text, attrs)
			}
		},
		"package log": func(f *testkit.Fixture) func(slog.Level, string) {
			debug, fail := log.New(f.WriterAt(slog.LevelDebug), "", 0), log.New(f.WriterAt(slog.LevelError), "", 0)
			return func(level slog.Level, text string) {
				logger := debug
				if level == slog.LevelError {
					logger = fail
				}
				logger.Print(level, " ", text, " ", attrs)
			}
		},
		"two writers of lines": func(f *testkit.Fixture) func(slog.Level, string) {
			debug, fail := f.WriterWith(cloudwatch.WriterOptions{Level: slog.LevelDebug}), f.WriterWith(cloudwatch.WriterOptions{Level: slog.LevelError})
			return func(level slog.Level, text string) {
				w := debug
				if level == slog.LevelError {
					w = fail
				}
				io.WriteString(w, level.String()+" ")
				io.WriteString(w, text+attrs+"\n")
			}
		},
		"a level that changes": func(f *testkit.Fixture) func(slog.Level, string) {
			var level slog.LevelVar
			w := f.WriterWith(cloudwatch.WriterOptions{Level: &level})
			return func(l slog.Level, text string) {
				level.Set(l)
				io.WriteString(w, l.String()+" "+text+attrs+"\n")
			}
		},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: 1 << 20})
				testkit.MustCreate(t, f.Server)
				end := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
				write := kind(f)
				for n := range 12_000 {
					write(slog.LevelDebug, fmt.Sprint("DEBUG ", n))
				}
				for n := range 500 {
					write(slog.LevelError, fmt.Sprint("ERROR ", n))
				}
				end()
				f.FlushWithin(time.Minute)
				kept := 0
				for _, message := range f.Messages() {
					if strings.Contains(message, "ERROR ") {
						kept++
					}
				}
				if kept != 500 || f.Stats().Dropped.BufferFull == 0 {
					t.Errorf("%d of 500 errors kept: %+v", kept, f.Stats())
				}
				f.Close()
				for _, err := range f.Errors.Errors() {
					if loss := new(cloudwatch.LossError); errors.As(err, &loss) && (loss.Levels.Debug != loss.Events || loss.Levels.Error != 0) {
						t.Errorf("told of %+v", loss)
					}
				}
			})
		})
	}
}

// TestPanicOfAServerIsOneEvent: http.Server writes the stack trace with one Write. It became
// 16 events.
func TestPanicOfAServerIsOneEvent(t *testing.T) {
	f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, FlushInterval: 10 * time.Millisecond})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{
		ErrorLog: log.New(f.WriterAt(slog.LevelError), "", 0),
		Handler:  http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no such order") }),
	}
	served := make(chan error)
	go func() { served <- srv.Serve(listener) }()
	if response, err := http.Get("http://" + listener.Addr().String()); err == nil {
		response.Body.Close()
		t.Error("there was an answer")
	}
	srv.Close()
	<-served
	f.FlushWithin(time.Minute)
	got := f.Messages()
	if len(got) != 1 || !strings.Contains(got[0], "no such order\ngoroutine ") || !strings.Contains(got[0], "writer_test.go") || strings.HasSuffix(got[0], "\n") {
		t.Errorf("%d events: %q", len(got), got)
	}
}

// TestLinesOfOneWriteStayTogether, whatever other goroutines write, whatever happens when the
// buffer is full, and however large the Write is. 5 of 1,600 stack traces were torn.
func TestLinesOfOneWriteStayTogether(t *testing.T) {
	kinds := map[string]cloudwatch.Options{
		"by default":   {},
		"small buffer": {BufferBytes: small},
		"DropOldest":   {BufferBytes: small, OnFull: cloudwatch.DropOldest},
		"Block":        {BufferBytes: small, OnFull: cloudwatch.Block},
		"spool":        {Spool: "direct", SpoolOptions: cloudwatch.SpoolOptions{Direct: true}},
		"spool, Block": {Spool: "direct", SpoolOptions: cloudwatch.SpoolOptions{Direct: true}, BufferBytes: small, OnFull: cloudwatch.Block},
		"hot spool":    {Spool: "hot", SpoolOptions: cloudwatch.SpoolOptions{RAM: "ram"}, BufferBytes: small},
	}
	const goroutines, each = 16, 100
	for name, opts := range kinds {
		t.Run(name, func(t *testing.T) {
			opts.LogStream, opts.FlushInterval = testkit.Stream, 5*time.Millisecond
			if opts.Spool != "" {
				opts.Spool = t.TempDir()
			}
			if opts.SpoolOptions.RAM != "" {
				opts.SpoolOptions.RAM = testkit.RAMFileSystem(t)
			}
			f := testkit.New(t, opts)
			var all sync.WaitGroup
			sizes := make(map[string]int)
			var mu sync.Mutex
			shared := f.Writer()
			for g := range goroutines {
				w := shared
				if g%2 == 0 {
					w = f.Writer()
				}
				all.Go(func() {
					for n := range each {
						id, size := fmt.Sprintf("%d/%d", g, n), 5+n%20
						if n == 50 && g < 4 {
							size = 2000 // more than enters the queue under one lock
						}
						mu.Lock()
						sizes[id] = size
						mu.Unlock()
						var text strings.Builder
						for line := range size {
							fmt.Fprintf(&text, "%s %d %s\n", id, line, strings.Repeat(".", 40+n))
						}
						var err error
						switch {
						case g%3 == 1:
							_, err = w.ReadFrom(strings.NewReader(text.String())) // pieces of 32 KiB
						default:
							_, err = io.WriteString(w, text.String())
						}
						if err != nil {
							t.Error(err)
						}
						f.Log.Info(fmt.Sprintf("%d/single%d 0", g, n))
					}
				})
			}
			all.Wait()
			f.FlushWithin(time.Minute)
			wantTogether(t, f.Messages(), sizes, func(id string) bool {
				var g, n int
				fmt.Sscanf(id, "%d/%d", &g, &n)
				return sizes[id] == 2000 && g%3 == 1
			})
			if s := f.Stats(); s.Delivered < 300 || opts.OnFull == cloudwatch.Block && s.Dropped.Total() > 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// wantTogether checks that lines with the same id follow each other in ascending order. May
// be that the buffer had no room for all of them. Of some only pieces need to be together.
func wantTogether(t *testing.T, messages []string, sizes map[string]int, inPieces func(string) bool) {
	t.Helper()
	ended := make(map[string]bool)
	last, lastLine, torn := "", -1, 0
	for _, message := range messages {
		var id string
		var line int
		if _, err := fmt.Sscanf(message, "%s %d", &id, &line); err != nil {
			t.Fatalf("%q: %v", message, err)
		}
		if id != last {
			ended[last] = true
			lastLine = -1
		}
		if ended[id] && !inPieces(id) || line <= lastLine {
			torn++
		}
		last, lastLine = id, line
	}
	if torn > 0 {
		t.Errorf("%d lines are torn away from those of the same Write", torn)
	}
}

// TestWriteLargerThanTheBufferUnderBlock neither deadlocks nor outlives Close.
func TestWriteLargerThanTheBufferUnderBlock(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: small, OnFull: cloudwatch.Block})
		testkit.MustCreate(t, f.Server)
		var want []string
		for n := range 5000 {
			want = append(want, fmt.Sprint("line ", n, strings.Repeat(".", 100)))
		}
		text := strings.Join(want, "\n") + "\n"
		if _, err := io.WriteString(f.W, text); err != nil {
			t.Fatal(err)
		}
		f.FlushWithin(time.Minute)
		f.WantMessages(want...)

		f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
		written := make(chan error)
		for range 3 {
			go func() {
				_, err := io.WriteString(f.Writer(), text)
				written <- err
			}()
		}
		time.Sleep(time.Minute)
		go f.Close()
		for range 3 {
			if err := <-written; !errors.Is(err, cloudwatch.ErrClosed) {
				t.Errorf("Write: %v", err)
			}
		}
	})
}

// TestFlushLeavesALineThatIsJustBeingWritten: a huge one is taken in several pieces, and no
// part of it is accepted before the Flush. What an earlier Write has begun is.
func TestFlushLeavesALineThatIsJustBeingWritten(t *testing.T) {
	for _, begun := range []string{"", "begun before, "} {
		testkit.Bubble(t, func(t *testing.T) {
			f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: 2 << 20, OnFull: cloudwatch.Block})
			away := f.Server.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ServiceUnavailable()})
			io.WriteString(f.W, begun)
			huge := strings.Repeat("x", 9<<20)
			written := make(chan struct{})
			go func() {
				defer close(written)
				io.WriteString(f.W, huge+"\n")
			}()
			time.Sleep(time.Minute) // it waits for room
			over, cancel := context.WithCancel(t.Context())
			cancel()
			if err := f.Flush(over); err == nil {
				t.Error("Flush returned nil")
			}
			away()
			<-written
			f.FlushWithin(time.Minute)
			var lines []string
			for _, part := range f.Messages() {
				text, mark, _ := strings.Cut(part, " [event ")
				if n := len(lines); n == 0 || !strings.Contains(mark, " part ") || strings.HasSuffix(mark, " part 1]") {
					lines = append(lines, text)
				} else {
					lines[n-1] += text
				}
			}
			if begun == "" && len(lines) != 1 {
				t.Errorf("the line came as %d", len(lines))
			}
			if all := strings.Join(lines, ""); all != begun+huge {
				t.Errorf("%d bytes came", len(all))
			}
		})
	}
}

// TestHugeLineIsNotMixedWithOthersOfItsWriter: it is taken in several pieces.
func TestHugeLineIsNotMixedWithOthersOfItsWriter(t *testing.T) {
	f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, FlushInterval: 10 * time.Millisecond})
	huge := []byte(strings.Repeat("x", 9<<20) + "\n")
	var all sync.WaitGroup
	for _, write := range []func() (int, error){
		func() (int, error) { return f.W.Write(huge) },
		func() (int, error) { return f.W.WriteString(string(huge)) },
	} {
		all.Go(func() {
			if n, err := write(); n != len(huge) || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
	for range 4 {
		all.Go(func() {
			for range 200 {
				io.WriteString(f.W, "small\n")
				time.Sleep(50 * time.Microsecond)
			}
		})
	}
	all.Wait()
	f.FlushWithin(time.Minute)
	x, small := 0, 0
	for _, message := range f.Messages() {
		x += strings.Count(message, "x")
		if message == "small" {
			small++
		} else if strings.Contains(message, "small") {
			t.Errorf("%.20q is mixed", message)
		}
	}
	if x < 2*9<<20 || small != 4*200 {
		t.Errorf("%d bytes of the huge lines and %d small ones came", x, small)
	}
}

// TestBufferedLinesKeepTheirTimes: zap's BufferedWriteSyncer writes them up to 30 s later.
func TestBufferedLinesKeepTheirTimes(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		w := f.WriterWith(cloudwatch.WriterOptions{ReadJSON: true})
		var buffer strings.Builder
		var want []time.Time
		for range 30 {
			now := time.Now()
			want = append(want, now)
			fmt.Fprintf(&buffer, `{"level":"info","ts":"%s","msg":"m"}`+"\n", now.Format("2006-01-02T15:04:05.000Z0700"))
			time.Sleep(1001 * time.Millisecond)
		}
		text := buffer.String()
		io.WriteString(w, text[:1000]) // the boundary is in a line
		io.WriteString(w, text[1000:])
		io.WriteString(w, "no JSON\n")
		want = append(want, time.Now())
		f.FlushWithin(time.Minute)
		for i, e := range f.Server.Events(testkit.Group, testkit.Stream) {
			if !e.Timestamp.Equal(want[i].Truncate(time.Millisecond)) {
				t.Errorf("event %d has the time %v, want %v", i, e.Timestamp, want[i])
			}
		}
	})
}

// TestLongLineThatIsJSONKeepsLevelAndTime: its beginning is enough.
func TestLongLineThatIsJSONKeepsLevelAndTime(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, MaxEventBytes: 1000})
		w := f.WriterWith(cloudwatch.WriterOptions{ReadJSON: true})
		time.Sleep(2 * time.Minute) // there the year is 2000
		at := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
		line := fmt.Sprintf(`{"level":"error","time":"%s","msg":"%s"}`+"\n", at.Format(time.RFC3339Nano), strings.Repeat("x", 5000))
		for _, size := range []int{10, 700, 2000, len(line)} {
			for rest := line; rest != ""; rest = rest[min(size, len(rest)):] {
				io.WriteString(w, rest[:min(size, len(rest))])
			}
		}
		f.FlushWithin(time.Minute)
		events := f.Server.Events(testkit.Group, testkit.Stream)
		if len(events) < 4*5 {
			t.Errorf("%d events", len(events))
		}
		for _, e := range events {
			if !e.Timestamp.Equal(at) {
				t.Errorf("%.40q has the time %v, want %v", e.Message, e.Timestamp, at)
			}
		}
	})
}

// TestUnusedWritersAreNotKept: only those with a partial line are, until it is taken.
func TestUnusedWritersAreNotKept(t *testing.T) {
	f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
	const writers = 100
	var collected sync.WaitGroup
	collected.Add(writers)
	for n := range writers {
		w := f.Writer()
		runtime.AddCleanup(w, func(int) { collected.Done() }, 0)
		io.WriteString(w, "a line\nand ")
		if n%2 == 0 {
			io.WriteString(w, "another\n")
		}
	}
	f.FlushWithin(time.Minute)
	done := make(chan struct{})
	go func() { collected.Wait(); close(done) }()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		runtime.GC()
		select {
		case <-done:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("some writers are still in memory")
}

// TestNoAllocationPerLine: like TestNoAllocationPerEvent.
func TestNoAllocationPerLine(t *testing.T) {
	if testkit.RaceEnabled {
		t.Skip("the race detector allocates")
	}
	line := `{"level":"info","ts":1795348800.123456,"msg":"request handled","path":"/api/v1/orders/1234","status":200}` + "\n"
	kinds := map[string]struct {
		opts cloudwatch.WriterOptions
		text string
		n    float64 // events
	}{
		"a line":               {cloudwatch.WriterOptions{}, line, 1},
		"lines":                {cloudwatch.WriterOptions{}, strings.Repeat(line, 20), 20},
		"many lines":           {cloudwatch.WriterOptions{}, strings.Repeat(line, 3000), 3000},
		"a line with a level":  {cloudwatch.WriterOptions{Level: slog.LevelInfo}, line, 1},
		"a line of JSON":       {cloudwatch.WriterOptions{ReadJSON: true}, line, 1},
		"a message":            {cloudwatch.WriterOptions{Framing: cloudwatch.EventPerWrite}, line, 1},
		"a message with lines": {cloudwatch.WriterOptions{Framing: cloudwatch.EventPerWrite}, strings.Repeat(line, 20), 1},
	}
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream, BufferBytes: 8 << 20, OnFull: cloudwatch.DropOldest, CloseTimeout: time.Millisecond})
				f.Server.Inject(cloudwatchtest.Fault{Hang: true})
				w, text := f.WriterWith(k.opts), []byte(k.text)
				rounds := int(100_000 / k.n)
				write := func() {
					for range rounds {
						w.Write(text)
					}
				}
				write()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				write()
				runtime.ReadMemStats(&after)
				if n := float64(after.Mallocs-before.Mallocs) / float64(rounds) / k.n; n > 0.01 {
					t.Errorf("%.3f allocations an event", n)
				}
			})
		})
	}
}
