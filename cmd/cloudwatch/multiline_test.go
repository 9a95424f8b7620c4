package main

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// assembled is what an assembler makes of text: each event quoted, with its time if it
// has one of its own.
type assembled struct {
	a       *assembler
	events  []string
	partial strings.Builder // a line without its newline
	blank   int
}

func assemble(joins joiner) *assembled {
	r := &assembled{}
	r.a = &assembler{lines: r, split: true, joins: joins, event: func(at time.Time, text []byte) {
		r.events = append(r.events, string(text))
	}}
	return r
}

func (r *assembled) Write(lines []byte) (int, error) {
	for line := range strings.Lines(string(lines)) {
		r.partial.WriteString(line)
		if !strings.HasSuffix(line, "\n") {
			break
		}
		line = strings.TrimRight(r.partial.String(), "\r\n")
		r.partial.Reset()
		if line == "" {
			r.blank++
		} else {
			r.events = append(r.events, line)
		}
	}
	return len(lines), nil
}

func (r *assembled) soFar() []string {
	r.a.mu.Lock()
	defer r.a.mu.Unlock()
	return slices.Clone(r.events)
}

// Traces as programs write them; events are apart by a line "--".
var traces = []struct{ name, text string }{
	{"plain lines", "one\n--\ntwo\n--\nthree"},
	{"Java", `2026-11-22 12:00:00,123 ERROR Request failed
java.lang.IllegalStateException: no
	at com.example.Shop.buy(Shop.java:12)
	... 12 more
Caused by: java.io.IOException: closed
	at com.example.Net.read(Net.java:7)
	Suppressed: java.lang.Exception
Caused by: java.lang.Error
--
2026-11-22 12:00:01,000 INFO next`},
	{"Python", `ERROR:root:it failed
Traceback (most recent call last):
  File "a.py", line 3, in <module>
    f()
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 5, in <module>
    g()
ValueError: no
--
INFO:root:next`},
	{"Go panic", `starting
--
panic: runtime error: index out of range [5] with length 3 [recovered]
	panic: again

goroutine 1 [running]:
main.main.func1(0x1, {0xc000012345, 0x5})
	/src/main.go:9 +0x1d
created by main.main in goroutine 1
	/src/main.go:8 +0x25
exit status 2
--
next line`},
	{"Go fatal error", `fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
main.main()
	/src/main.go:5 +0x25
--
after`},
	{".NET", `Unhandled exception. System.InvalidOperationException: no
 ---> System.Exception: inner
   at Shop.Buy() in Shop.cs:line 3
   --- End of inner exception stack trace ---
   at Program.Main()
--
next`},
	{"indented JSON", "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}\n--\n{\n  \"a\": 2\n}"},
	{"blank lines inside", "one\n\n  two\n--\nthree"},
}

// join gives events that a line "--" is between.
func join(text string) (input string, events []string) {
	return strings.ReplaceAll(text, "\n--\n", "\n") + "\n", strings.Split(text, "\n--\n")
}

func TestTraces(t *testing.T) {
	for _, test := range traces {
		input, want := join(test.text)
		for size := range 7 {
			r := assemble(new(traceJoiner))
			for chunk := range slices.Chunk([]byte(input), size*size*size+1) {
				r.a.write(chunk)
			}
			r.a.end()
			if !slices.Equal(r.events, want) {
				t.Errorf("%s: got\n%s\nwant\n%s", test.name, strings.Join(r.events, "\n--\n"), strings.Join(want, "\n--\n"))
				break
			}
		}
	}
}

func TestMultilinePattern(t *testing.T) {
	r := assemble(patternJoiner{regexp.MustCompile(`^\d{4}-`)})
	r.a.write([]byte("no start\r\nmore\r\n2026-1 one\r\n\r\ntwo\r\n2026-2\r\n\r\n"))
	r.a.end()
	if want := []string{"no start\nmore", "2026-1 one\n\ntwo", "2026-2"}; !slices.Equal(r.events, want) {
		t.Errorf("got %q, want %q", r.events, want)
	}
	if r.blank != 1 { // behind the last event
		t.Errorf("%d blank lines, want 1", r.blank)
	}
}

// An event is not held back when no line follows, and is complete when it comes in
// pieces.
func TestMultilineWaitsForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := assemble(new(traceJoiner))
		r.a.write([]byte("one\n"))
		time.Sleep(joinIdle / 2)
		r.a.write([]byte("  more\n  mo"))
		time.Sleep(joinIdle / 2)
		synctest.Wait()
		if got := r.soFar(); len(got) != 0 {
			t.Errorf("got %q too early", got)
		}
		time.Sleep(joinIdle)
		synctest.Wait()
		if got, want := r.soFar(), []string{"one\n  more"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		r.a.end()
		time.Sleep(2 * joinIdle)
		synctest.Wait()
	})
}

// Endless events are cut where the service would refuse them, endless lines where too much
// would be held; one that is an event by itself is not held. Nothing is lost between the parts.
func TestAssemblerIsBounded(t *testing.T) {
	for name, line := range map[string]string{
		"lines":      "  " + strings.Repeat("x", 97) + "\n",
		"one line":   strings.Repeat("äöü", 33),
		"bad UTF-8":  strings.Repeat("\x80\xff", 50),
		"wide runes": strings.Repeat("\U0001f600", 25),
	} {
		for _, joins := range []joiner{nil, new(traceJoiner)} {
			r := assemble(joins)
			most, holds, n := maxEventBytes, 4*maxEventBytes, 3*maxEventBytes/len(line)+1
			switch {
			case name == "lines":
			case joins == nil: // it passes
				most, holds = math.MaxInt, 2*maxEventBytes
			default:
				most, holds, n = maxLineBytes, 3*maxLineBytes, (maxLineBytes+maxEventBytes)/len(line)
			}
			for range n {
				r.a.write([]byte(line))
				if held := cap(r.a.held) + cap(r.a.pending); held > holds {
					t.Fatalf("%s: %d bytes are held", name, held)
				}
			}
			r.a.end()
			total, cut := 0, 0
			for _, e := range r.events {
				total += len(strings.ReplaceAll(e, "\n", ""))
				if len(e) > most {
					t.Errorf("%s: an event of %d bytes", name, len(e))
				}
				if strings.HasPrefix(e, "\xa4") || strings.HasPrefix(e, "\x9f") {
					cut++
				}
			}
			if want := n * len(strings.TrimSuffix(line, "\n")); total != want || cut > 0 {
				t.Errorf("%s: %d bytes came through, want %d; %d runes are cut", name, total, want, cut)
			}
		}
	}
}

// Where lines are not split, the library counts what it leaves out; of a line that is held
// there is a bound.
func TestAssemblerPassesLongLinesOn(t *testing.T) {
	for _, row := range []struct {
		joins joiner
		bytes int
	}{{nil, 300 << 16}, {new(traceJoiner), maxLineBytes}} {
		r := assemble(row.joins)
		r.a.split = false
		for range 300 {
			r.a.write([]byte(strings.Repeat("x", 1<<16)))
		}
		r.a.write([]byte("\r\nnext\n"))
		r.a.end()
		if len(r.events) != 2 || len(r.events[0]) != row.bytes || r.events[1] != "next" {
			t.Errorf("got %d events, the first of %d bytes, want %d", len(r.events), len(r.events[0]), row.bytes)
		}
	}
}

func TestLinesAreCounted(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "a": 1, "a\n": 1, "a\nb": 2, "\n\n": 2, "a\n\nb\n": 3} {
		r := assemble(nil)
		for _, c := range []byte(text) {
			r.a.write([]byte{c})
		}
		r.a.end()
		if got := r.a.count.Load(); got != want {
			t.Errorf("%q has %d lines, want %d", text, got, want)
		}
		if got := fmt.Sprint(r.events); got != fmt.Sprint(strings.Fields(text)) {
			t.Errorf("%q: got %s", text, got)
		}
	}
}
