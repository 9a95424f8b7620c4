package cloudwatch

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

func TestLines(t *testing.T) {
	tests := []struct {
		rule   string
		writes []string
		want   []string // each line
		held   string   // what is left
	}{
		{"a line", []string{"a\n"}, []string{"a"}, ""},
		{"lines", []string{"a\nb\n"}, []string{"a", "b"}, ""},
		{"a line without its newline waits", []string{"a"}, nil, "a"},
		{"until it comes", []string{"a", "\n"}, []string{"a"}, ""},
		{"in pieces", []string{"a", "b", "c\nd"}, []string{"abc"}, "d"},
		{"a piece ends one line and begins the next", []string{"a", "b\nc", "d\n"}, []string{"ab", "cd"}, ""},
		{"blank lines are lines", []string{"\n\n", "a\n\n"}, []string{"", "", "a", ""}, ""},
		{"nothing", []string{"", ""}, nil, ""},
		{"CRLF ends a line", []string{"a\r\nb\r\n"}, []string{"a", "b"}, ""},
		{"CRLF in two pieces", []string{"a\r", "\nb"}, []string{"a"}, "b"},
		{"a lone CR is text", []string{"a\rb\n"}, []string{"a\rb"}, ""},
		{"only one CR goes", []string{"a\r\r\n"}, []string{"a\r"}, ""},
		{"a line of CRLF alone is blank", []string{"\r\n"}, []string{""}, ""},
		{"invalid UTF-8 and NUL are text", []string{"\xff\x00\n"}, []string{"\xff\x00"}, ""},
	}
	for _, tt := range tests {
		l := lines{max: 100}
		var got []string
		for _, text := range tt.writes {
			got = append(got, texts(added(&l, text, at))...)
		}
		held := string(l.take().text)
		if !slices.Equal(got, tt.want) || held != tt.held {
			t.Errorf("%s: %q gave %q and held %q, want %q and %q", tt.rule, tt.writes, got, held, tt.want, tt.held)
		}
	}
}

// TestTimeOfALine: it is that of the Write in which the line began.
func TestTimeOfALine(t *testing.T) {
	l := lines{max: 100}
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	var got []line
	got = append(got, added(&l, "a\nb", minute(0))...)
	got = append(got, added(&l, "b", minute(1))...)
	got = append(got, added(&l, "b\nc\nd", minute(2))...)
	got = append(got, added(&l, "\n", minute(3))...)
	got = append(got, added(&l, "e", minute(4))...)
	got = append(got, l.take())
	got = append(got, added(&l, "f\n", minute(5))...)
	want := []line{{[]byte("a"), minute(0)}, {[]byte("bbb"), minute(0)}, {[]byte("c"), minute(2)}, {[]byte("d"), minute(2)}, {[]byte("e"), minute(4)}, {[]byte("f"), minute(5)}}
	if !slices.EqualFunc(got, want, func(a, b line) bool { return string(a.text) == string(b.text) && a.at.Equal(b.at) }) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTimeOfThePartsOfALongLine(t *testing.T) {
	l := lines{max: 10, split: true}
	got := added(&l, "0123456789abcde", at)
	got = append(got, added(&l, "fghij0123456789\n", at.Add(time.Minute))...)
	if len(got) != 3 {
		t.Fatalf("%d parts: %q", len(got), texts(got))
	}
	for _, part := range got {
		if !part.at.Equal(at) {
			t.Errorf("part %q has the time %v, want that of its line, %v", part.text, part.at, at)
		}
	}
}

func TestTakeHoldsNothingFromThenOn(t *testing.T) {
	l := lines{max: 100}
	l.add([]byte("ab"), at)
	if got := string(l.take().text); got != "ab" {
		t.Errorf("took %q", got)
	}
	if got := l.take().text; len(got) != 0 {
		t.Errorf("took %q again", got)
	}
	if got := texts(added(&l, "c\n", at)); !slices.Equal(got, []string{"c"}) {
		t.Errorf("the next line is %q", got)
	}
}

// TestEnd: after it nobody comes to take what is held.
func TestEnd(t *testing.T) {
	l := lines{max: 100}
	l.add([]byte("ab"), at)
	if got := string(l.end().text); got != "ab" {
		t.Errorf("the end gave %q", got)
	}
	if got := texts(added(&l, "c\nd", at)); !slices.Equal(got, []string{"c", "d"}) {
		t.Errorf("the next lines are %q", got)
	}
	if got := l.take().text; len(got) != 0 {
		t.Errorf("%q is held", got)
	}
}

// TestMemoryOfALongLine: what is held is bounded, however long the line is.
func TestMemoryOfALongLine(t *testing.T) {
	for _, split := range []bool{true, false} {
		l := lines{max: 1000, split: split}
		for range 1000 {
			l.add([]byte(strings.Repeat("x", 777)), at)
			if len(l.held) > 1004 {
				t.Fatalf("split %v: %d bytes are held", split, len(l.held))
			}
		}
		if l.add([]byte("\n"), at); len(l.held) != 0 {
			t.Errorf("split %v: %d bytes are held after the end of the line", split, len(l.held))
		}
	}
}

// TestLongLinesLookOversize: without split, enough is kept to see that a line
// is too large, and what a truncated one begins with.
func TestLongLinesLookOversize(t *testing.T) {
	tests := []struct {
		rule, text string
		oversize   bool
	}{
		{"as long as it may be", strings.Repeat("x", 20), false},
		{"the same with CRLF", strings.Repeat("x", 20) + "\r", false},
		{"a byte longer", strings.Repeat("x", 21), true},
		{"much longer", strings.Repeat("x", 1000), true},
		{"a CR where it is cut", strings.Repeat("x", 23) + "\r" + strings.Repeat("x", 100), true},
		{"a rune where it is cut", strings.Repeat("x", 19) + strings.Repeat("\U0001f600", 9), true},
	}
	for _, tt := range tests {
		for _, step := range []int{1, 7, 10_000} {
			l := lines{max: 20}
			got := inChunks(&l, []byte(tt.text+"\n"), func() int { return step })
			if len(got) != 1 {
				t.Fatalf("%s, by %d: %d lines", tt.rule, step, len(got))
			}
			if oversize := encode.Size(got[0].text) > 20; oversize != tt.oversize {
				t.Errorf("%s, by %d: oversize %v of %q", tt.rule, step, oversize, got[0].text)
			}
			if want := tt.text[:min(19, len(tt.text))]; !bytes.HasPrefix(got[0].text, []byte(want)) {
				t.Errorf("%s, by %d: %q does not begin with %q", tt.rule, step, got[0].text, want)
			}
		}
	}
}

// TestRandomChunks: how text is divided into Writes does not matter.
func TestRandomChunks(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for range 3000 {
		checkChunks(t, randomText(r), 4+r.IntN(40), func() int { return 1 + r.IntN(1+r.IntN(60)) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nc"), 4, []byte{1})
	f.Add([]byte(strings.Repeat("\U0001f600\xff", 9)+"\r\n"), 5, []byte{1, 2, 3})
	f.Add([]byte("aaaaaaaa\r\nb"), 4, []byte{9})
	f.Add([]byte("aaaa\xe2\x80\n"), 6, []byte{5, 1})
	f.Fuzz(func(t *testing.T, text []byte, most int, steps []byte) {
		if most < 4 || most > 1000 || len(text) > 4000 || len(steps) == 0 {
			return
		}
		n := 0
		checkChunks(t, text, most, func() int {
			n++
			return 1 + int(steps[n%len(steps)])
		})
	})
}

// checkChunks compares what lines makes of chunks of the text, whose sizes step
// gives, with bytes.Split. With split, long lines are cut as they are when they
// come at once.
func checkChunks(t *testing.T, text []byte, most int, step func() int) {
	t.Helper()
	var whole, parts []string
	list := bytes.Split(text, []byte("\n"))
	for i, text := range list {
		complete := i < len(list)-1
		if complete {
			text = trimCR(text)
		} else if len(text) == 0 {
			break // nothing is held
		}
		whole = append(whole, string(text))
		parts = append(parts, cutAll(text, most)...)
	}

	// Longer than any line: nothing is cut.
	l := lines{max: 1 << 20}
	got := texts(append(inChunks(&l, text, step), held(&l)...))
	if !slices.Equal(got, whole) {
		t.Errorf("%q became %q, want %q", text, got, whole)
	}

	l = lines{max: most, split: true}
	var cut []string
	for _, part := range append(inChunks(&l, text, step), held(&l)...) {
		cut = append(cut, cutAll(part.text, most)...) // as accept does
	}
	if !slices.Equal(cut, parts) {
		t.Errorf("%q in parts of %d became %q, want %q", text, most, cut, parts)
	}
}

// inChunks adds the text in chunks whose sizes step gives.
func inChunks(l *lines, text []byte, step func() int) (all []line) {
	for len(text) > 0 {
		n := min(step(), len(text))
		all = append(all, added(l, string(text[:n]), at)...)
		text = text[n:]
	}
	return all
}

// added adds text and returns the lines it completes, as Writer.Write reads
// them. It makes sure that the text is not kept.
func added(l *lines, text string, now time.Time) (all []line) {
	chunk := []byte(text)
	before, whole, after := l.add(chunk, now)
	given := func(parts []line) { // they are good for as long as the call of Write
		for _, p := range parts {
			all = append(all, line{bytes.Clone(p.text), p.at})
		}
	}
	given(before)
	for text := range bytes.Lines(whole) {
		all = append(all, line{trimCR(bytes.TrimSuffix(bytes.Clone(text), []byte("\n"))), now})
	}
	given(after)
	clear(chunk)
	return all
}

func held(l *lines) []line {
	if rest := l.take(); len(rest.text) > 0 {
		return []line{rest}
	}
	return nil
}

// cutAll cuts a message into events of at most so many bytes; a blank line
// stays one.
func cutAll(text []byte, most int) (parts []string) {
	for encode.Size(text) > most {
		n := encode.Cut(text, most)
		parts = append(parts, string(text[:n]))
		text = text[n:]
	}
	return append(parts, string(text))
}

func texts(list []line) (texts []string) {
	for _, l := range list {
		texts = append(texts, string(l.text))
	}
	return texts
}

func (l line) String() string { return fmt.Sprintf("%s %q", l.at.Format("15:04:05"), l.text) }

func randomText(r *rand.Rand) (text []byte) {
	pieces := []string{"a", "bcd", "\n", "\r\n", "\r", "\u00e9", "\u65e5", "\U0001f600", "\xff", "\xe2\x80", "0123456789", "\n\n"}
	for range r.IntN(40) {
		text = append(text, pieces[r.IntN(len(pieces))]...)
	}
	return text
}
