package pipeline

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/access"
	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
)

// at is the time of the tests, in another zone than UTC.
var at = time.Date(2026, 11, 22, 13, 0, 5, 123_456_789, time.FixedZone("CET", 3600))

func TestLines(t *testing.T) {
	tests := []struct {
		rule   string
		writes []string
		want   []string // each line
		held   string   // what is left
	}{
		{"a line", []string{"a\n"}, []string{"a"}, ""},
		{"lines", []string{"a\nb\n"}, []string{"a", "b"}, ""},
		{"a line without its newline is held", []string{"a"}, nil, "a"},
		{"a newline completes the held line", []string{"a", "\n"}, []string{"a"}, ""},
		{"a line in pieces", []string{"a", "b", "c\nd"}, []string{"abc"}, "d"},
		{"a piece ends one line and begins the next", []string{"a", "b\nc", "d\n"}, []string{"ab", "cd"}, ""},
		{"blank lines count as lines", []string{"\n\n", "a\n\n"}, []string{"", "", "a", ""}, ""},
		{"empty writes", []string{"", ""}, nil, ""},
		{"CRLF ends a line", []string{"a\r\nb\r\n"}, []string{"a", "b"}, ""},
		{"CRLF in two pieces", []string{"a\r", "\nb"}, []string{"a"}, "b"},
		{"a lone CR is text", []string{"a\rb\n"}, []string{"a\rb"}, ""},
		{"only one CR is removed", []string{"a\r\r\n"}, []string{"a\r"}, ""},
		{"a line of CRLF alone is blank", []string{"\r\n"}, []string{""}, ""},
		{"invalid UTF-8 and NUL are text", []string{"\xff\x00\n"}, []string{"\ufffd\x00"}, ""},
	}
	for _, tt := range tests {
		l := linesOf(100, Split)
		var got []string
		for _, text := range tt.writes {
			got = append(got, texts(written(l, text, at))...)
		}
		held := strings.Join(texts(rest(l)), "|")
		if !slices.Equal(got, tt.want) || held != tt.held {
			t.Errorf("%s: %q gave %q and held %q, want %q and %q", tt.rule, tt.writes, got, held, tt.want, tt.held)
		}
	}
}

// A line has the time of the Write in which it began.
func TestLineHasTheTimeOfItsFirstWrite(t *testing.T) {
	l := linesOf(100, Split)
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	var got []line
	got = append(got, written(l, "a\nb", minute(0))...)
	got = append(got, written(l, "b", minute(1))...)
	got = append(got, written(l, "b\nc\nd", minute(2))...)
	got = append(got, written(l, "\n", minute(3))...)
	got = append(got, written(l, "e", minute(4))...)
	got = append(got, rest(l)...)
	got = append(got, written(l, "f\n", minute(5))...)
	lineAt := func(text string, n int) line { return line{[]byte(text), stamp{at: minute(n)}} }
	want := []line{lineAt("a", 0), lineAt("bbb", 0), lineAt("c", 2), lineAt("d", 2), lineAt("e", 4), lineAt("f", 5)}
	if !slices.EqualFunc(got, want, func(a, b line) bool { return string(a.text) == string(b.text) && a.at.UnixMilli() == b.at.UnixMilli() }) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPartsOfALongLineHaveTheTimeOfTheLine(t *testing.T) {
	l := linesOf(300, Split)
	got := written(l, strings.Repeat("x", 500), at)
	got = append(got, written(l, strings.Repeat("y", 500)+"\n", at.Add(time.Minute))...)
	if len(got) < 4 {
		t.Fatalf("%d parts: %q", len(got), texts(got))
	}
	for _, part := range got {
		if part.at.UnixMilli() != at.UnixMilli() {
			t.Errorf("part %q has the time %v, want that of its line, %v", part.text, part.at, at)
		}
	}
}

func TestTakeReleasesThePartialLine(t *testing.T) {
	l := linesOf(100, Split)
	written(l, "ab", at)
	if got := texts(rest(l)); !slices.Equal(got, []string{"ab"}) {
		t.Errorf("took %q", got)
	}
	if got := texts(rest(l)); len(got) != 0 {
		t.Errorf("took %q again", got)
	}
	if got := texts(written(l, "c\n", at)); !slices.Equal(got, []string{"c"}) {
		t.Errorf("the next line is %q", got)
	}
}

// After the last take nothing would take a partial line.
func TestNoPartialLineIsHeldAfterTheLastTake(t *testing.T) {
	l := linesOf(100, Split)
	written(l, "ab", at)
	var events []batch.Event
	l.w.p.partials.take(true, func(all ...batch.Event) { events = all })
	if len(events) != 1 || textOf(events[0]) != "ab" {
		t.Errorf("the last take returned %v", events)
	}
	for _, other := range []*lines{l, newLines(l.w)} {
		if got := texts(written(other, "c\nd", at)); !slices.Equal(got, []string{"c", "d"}) {
			t.Errorf("the next lines are %q", got)
		}
		if got := texts(rest(other)); len(got) != 0 {
			t.Errorf("%q is held", got)
		}
	}
}

func TestPartialLinesAreTakenInTheOrderInWhichTheyBegan(t *testing.T) {
	l := linesOf(300, Split)
	var want []string
	var all []*lines
	for n := range 20 {
		all = append(all, newLines(l.w))
		written(all[n], fmt.Sprint("line ", n), at.Add(time.Duration(n)*time.Second))
		want = append(want, fmt.Sprint("line ", n))
	}
	var got []string
	l.w.p.partials.take(false, func(events ...batch.Event) {
		for _, e := range events {
			got = append(got, textOf(e))
		}
	})
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if n := len(l.w.p.partials.lines); n != 0 {
		t.Errorf("%d are still listed", n)
	}
}

// Otherwise the pipeline would keep every Writer in memory.
func TestOnlyPartialLinesAreListed(t *testing.T) {
	l := linesOf(300, Split)
	long := strings.Repeat("x", 1000)
	for _, step := range []struct {
		text   string
		listed int
	}{
		{"", 0}, {"a\n", 0}, {"a", 1}, {"b", 1}, {"c\n", 0}, {"a", 1}, {"b\nc", 1}, {"\n", 0}, {long, 1}, {long, 1}, {"\n", 0}, {long + "\na", 1}, {"\n", 0},
	} {
		written(l, step.text, at)
		if got := len(l.w.p.partials.lines); got != step.listed {
			t.Fatalf("%d listed after %.20q, want %d", got, step.text, step.listed)
		}
	}
}

// A program may make a Writer for each text, none of which ends with a newline.
func TestPartialLinesAreBounded(t *testing.T) {
	for _, size := range []int{1, 100, 5000, 200_000} {
		p := linesOf(1<<20, Split).w.p
		limit := min(maxPartials, maxPartialBytes/size)
		for n := range 3 * limit {
			if _, err := p.NewWriter(WriterOptions{}).WriteString(strings.Repeat("x", size)); err != nil {
				t.Fatal(err)
			}
			listed, bytes := len(p.partials.lines), 0
			for l := range p.partials.lines {
				bytes += len(l.held)
			}
			if listed > limit || bytes != p.partials.bytes || n > limit && listed < limit/2-1 {
				t.Fatalf("%d of %d bytes: %d lines with %d bytes are held, %d are counted", n, size, listed, bytes, p.partials.bytes)
			}
		}
		listed := len(p.partials.lines)
		if pending := p.queue.State().Pending; pending != int64(3*limit-listed) {
			t.Errorf("%d bytes: %d events are in the queue, %d lines are held", size, pending, listed)
		}
		p.partials.take(false, func(events ...batch.Event) {
			if len(events) != listed || p.partials.bytes != 0 {
				t.Errorf("%d bytes: took %d of %d, %d bytes are left", size, len(events), listed, p.partials.bytes)
			}
		})
	}
}

func TestMemoryOfALongLineIsBounded(t *testing.T) {
	const limit = 1000
	for _, how := range []Oversize{Split, Truncate, Drop} {
		l := linesOf(limit, how)
		for range 1000 {
			written(l, strings.Repeat("x", 777), at)
			if len(l.held) > limit+1 {
				t.Fatalf("%d: %d bytes are held", how, len(l.held))
			}
		}
		if written(l, "\n", at); l.holds() {
			t.Errorf("%d: %d bytes are held after the end of the line", how, len(l.held))
		}
	}
}

// A line in pieces is truncated exactly like the same line at once, and only if it is too long.
func TestLongLinesAreTruncated(t *testing.T) {
	const limit = 300
	x := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		rule, text string
		oversize   bool
	}{
		{"as long as the limit", x(limit), false},
		{"as long as the limit, with CRLF", x(limit) + "\r", false},
		{"a byte longer", x(limit + 1), true},
		{"much longer", x(10 * limit), true},
		{"much longer with CRLF", x(10*limit) + "\r", true},
		{"a CR where it is cut", x(limit) + "\r" + x(limit), true},
		{"a rune where it is cut", x(limit-1) + strings.Repeat("\U0001f600", 90), true},
	}
	for _, tt := range tests {
		whole := eventsOf(linesOf(limit, Truncate).w, strings.TrimSuffix(tt.text, "\r"))
		if truncated := whole[0] != strings.TrimSuffix(tt.text, "\r"); truncated != tt.oversize {
			t.Fatalf("%s: truncated %v", tt.rule, truncated)
		}
		for _, step := range []int{1, 7, limit, limit + 1, 10_000} {
			l := linesOf(limit, Truncate)
			got := texts(inChunks(l, []byte(tt.text+"\n"), func() int { return step }))
			if !slices.Equal(got, whole) {
				t.Errorf("%s, by %d: %q, want %q", tt.rule, step, got, whole)
			}
		}
	}
}

// The division of text into Writes has no effect.
func TestLinesDoNotDependOnChunks(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for range 3000 {
		checkChunks(t, randomText(r), 256+r.IntN(40), func() int { return 1 + r.IntN(1+r.IntN(600)) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nc"), 256, []byte{1})
	f.Add([]byte(strings.Repeat("\U0001f600\xff", 90)+"\r\n"), 257, []byte{1, 2, 3})
	f.Add([]byte(strings.Repeat("a", 256)+"\r\nb"), 256, []byte{99})
	f.Add([]byte(strings.Repeat("a", 255)+"\xe2\x80\n"), 256, []byte{50, 1})
	f.Add([]byte(strings.Repeat("\r", 600)), 256, []byte{50, 1})
	f.Fuzz(func(t *testing.T, text []byte, limit int, steps []byte) {
		if limit < 256 || limit > 1000 || len(text) > 4000 || len(steps) == 0 {
			return
		}
		n := 0
		checkChunks(t, text, limit, func() int {
			n++
			return 1 + int(steps[n%len(steps)])
		})
	})
}

// checkChunks compares the lines of chunks of the text, with sizes from step, with the result of
// bytes.Split. Long lines are divided like the same lines at once.
func checkChunks(t *testing.T, text []byte, limit int, step func() int) {
	t.Helper()
	for _, how := range []Oversize{Split, Truncate, Drop} {
		l := linesOf(limit, how)
		var want []string
		list := bytes.Split(text, []byte("\n"))
		for i, text := range list {
			switch complete := i < len(list)-1; {
			case complete:
				text = trimCR(text)
			case len(text) == 0:
				continue // nothing is held
			}
			if len(text) == 0 {
				want = append(want, "") // a blank line is one, too
				continue
			}
			want = append(want, eventsOf(l.w, string(text))...)
		}
		got := withoutIDs(texts(append(inChunks(l, text, step), rest(l)...)))
		if want := withoutIDs(want); !slices.Equal(got, want) {
			t.Errorf("Oversize %d: %q in parts of %d became %q, want %q", how, text, limit, got, want)
		}
	}
}

// eventID matches the random id that the parts of an oversize text share.
var eventID = regexp.MustCompile(`\[event [0-9a-f]{8} part`)

func withoutIDs(texts []string) []string {
	for i, text := range texts {
		texts[i] = eventID.ReplaceAllString(text, "[event part")
	}
	return texts
}

// linesOf returns the lines of a Writer without a worker.
func linesOf(limit int, how Oversize) *lines {
	p := &Pipeline{
		cfg:    Config{MaxEventBytes: limit, Oversize: how},
		client: &access.Client{Speech: new(deliver.Speech)},
		queue:  queue.New(queue.Config{MaxBytes: 1 << 30, Interval: time.Hour}),
		report: newReporter(&Config{OnError: func(error) {}}),
	}
	return p.NewWriter(WriterOptions{}).lines
}

// inChunks adds the text in chunks with sizes from step.
func inChunks(l *lines, text []byte, step func() int) (all []line) {
	for len(text) > 0 {
		n := min(step(), len(text))
		all = append(all, written(l, string(text[:n]), at)...)
		text = text[n:]
	}
	return all
}

// written adds text and returns the lines and parts of lines that it completes, as Write reads
// them. It overwrites the text afterwards, to detect that it is retained.
func written(l *lines, text string, now time.Time) (all []line) {
	chunk := []byte(text)
	var c completed
	l.add(chunk, stamp{at: now}, true, true, &c)
	all = append(all, linesIn(c.before)...)
	if !c.first.at.IsZero() {
		all = append(all, asEvents(l.w, c.first)...)
	}
	for text := range bytes.Lines(c.whole) {
		all = append(all, asEvents(l.w, line{trimCR(bytes.TrimSuffix(bytes.Clone(text), []byte("\n"))), stamp{at: now}})...)
	}
	all = append(all, linesIn(c.after)...)
	clear(chunk)
	return all
}

// rest takes the partial line.
func rest(l *lines) []line {
	return linesIn(l.take(false))
}

// asEvents returns the events of a line, and a blank line unchanged.
func asEvents(w *Writer, l line) []line {
	if len(l.text) == 0 {
		return []line{l}
	}
	return linesIn(w.eventsOf(l))
}

// eventsOf returns the messages of the events of a text.
func eventsOf(w *Writer, text string) (messages []string) {
	w.p.events([]byte(text), at, account.None, func(e batch.Event) { messages = append(messages, textOf(e)) })
	return messages
}

func linesIn(events []batch.Event) (list []line) {
	for _, e := range events {
		list = append(list, line{[]byte(textOf(e)), stamp{at: time.UnixMilli(e.Time)}})
	}
	return list
}

func textOf(e batch.Event) string { return string(encode.Unescape(bytes.Clone(batch.Message(e.Wire)))) }

func texts(list []line) (texts []string) {
	for _, l := range list {
		texts = append(texts, string(l.text))
	}
	return texts
}

func (l line) String() string { return fmt.Sprintf("%s %q", l.at.Format("15:04:05"), l.text) }

func randomText(r *rand.Rand) (text []byte) {
	pieces := []string{"a", "bcd", "\n", "\r\n", "\r", "\u00e9", "\u65e5", "\U0001f600", "\xff", "\xe2\x80", "0123456789", "\n\n", strings.Repeat("x", 250), strings.Repeat("\U0001f600", 70)}
	for range r.IntN(40) {
		text = append(text, pieces[r.IntN(len(pieces))]...)
	}
	return text
}
