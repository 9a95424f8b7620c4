package encode_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

func TestAppendMessage(t *testing.T) {
	tests := []struct{ rule, in, want string }{
		{"ASCII stays as it is, DEL included", "a z~\x7f", "a z~\x7f"},
		{"quotes and backslashes are escaped", `a"b\c`, `a\"b\\c`},
		{"three control characters have short escapes", "\n\r\t", `\n\r\t`},
		{"the others are escaped by number", "\x00\x01\b\f\x1b\x1f", `\u0000\u0001\u0008\u000c\u001b\u001f`},
		{"HTML is not special", "<a href='x'>&</a>", "<a href='x'>&</a>"},
		{"well-formed UTF-8 stays, U+2028 and U+FFFD included", "\u00e9\u65e5\U0001f600\u2028\ufffd", "\u00e9\u65e5\U0001f600\u2028\ufffd"},
		{"each invalid byte becomes U+FFFD", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"also each byte of a rune that is cut off", "\xe6\x97", "\ufffd\ufffd"},
		{"also each byte of a surrogate", "\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
		{"also each byte of an overlong form", "\xc0\x80", "\ufffd\ufffd"},
		{"invalid bytes beside escapes", "\xff\n\xff", "\ufffd\\n\ufffd"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		if got, _ := encode.AppendMessage([]byte("kept"), []byte(tt.in)); string(got) != "kept"+tt.want {
			t.Errorf("%s: %q became %q, want %q behind what was there", tt.rule, tt.in, got, tt.want)
		}
	}
}

func TestSize(t *testing.T) {
	tests := []struct {
		rule string
		in   string
		want int
	}{
		{"bytes count, not runes", "\u65e5\u672c", 6},
		{"escapes do not count", "\n\"\\\x00", 4},
		{"an invalid byte counts as the three of U+FFFD", "a\xffb", 5},
		{"a rune that is cut off counts by the byte", "\xf0\x9f\x98", 9},
		{"U+FFFD itself counts once", "\ufffd", 3},
		{"nothing counts nothing", "", 0},
	}
	for _, tt := range tests {
		if got := encode.Size([]byte(tt.in)); got != tt.want {
			t.Errorf("%s: Size(%q) = %d, want %d", tt.rule, tt.in, got, tt.want)
		}
	}
}

func TestCut(t *testing.T) {
	tests := []struct {
		rule string
		in   string
		max  int
		want int
	}{
		{"all of it fits", "abc", 3, 3},
		{"as much as fits", "abcd", 3, 3},
		{"a rune is not cut", "ab\u00e9", 3, 2},
		{"a rune that just fits is taken", "ab\u00e9", 4, 4},
		{"a rune of four bytes", "\U0001f600\U0001f600", 7, 4},
		{"invalid bytes count as three", "\xff\xff\xff", 8, 2},
		{"invalid bytes that just fit", "\xff\xff\xff", 9, 3},
		{"three bytes are enough for an invalid one", "\xffa", 3, 1},
		{"nothing fits into nothing", "a", 0, 0},
		{"nothing to cut", "", 0, 0},
	}
	for _, tt := range tests {
		if got := encode.Cut([]byte(tt.in), tt.max); got != tt.want {
			t.Errorf("%s: Cut(%q, %d) = %d, want %d", tt.rule, tt.in, tt.max, got, tt.want)
		}
	}
}

// TestRandomMessages is what FuzzMessage does, for messages of odd pieces.
func TestRandomMessages(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for range 5000 {
		var message []byte
		for range r.IntN(12) {
			message = append(message, oddTexts[r.IntN(len(oddTexts))]...)
		}
		if len(message) > 0 && r.IntN(3) == 0 {
			message = message[:r.IntN(len(message))] // cuts runes
		}
		if checkMessage(t, message, r.IntN(40)); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// Long texts are escaped in pieces, words and bytes; none of their seams shows.
func TestAppendMessageOfAnyLength(t *testing.T) {
	for _, unit := range []string{`"`, `\`, `a`, `{"a":1},`, "0123456\n", "\n", `"\"\\`, "plain text, and é", "\x01", "1234567\x80"} {
		text := strings.Repeat(unit, 4000/len(unit))
		for n := range 40 {
			for _, size := range []int{n, 1000 + n, 2030 + n, len(text) - n} {
				message := []byte(text[n : n+min(size, len(text)-n)])
				want := strings.TrimSuffix(strings.TrimPrefix(jsonString(t, replaceInvalid(message)), `"`), `"`)
				for _, space := range []int{0, len(message), 3 * len(message)} {
					if got, _ := encode.AppendMessage(make([]byte, 0, space), message); string(got) != want {
						t.Fatalf("%q with room for %d bytes became %q, want %q", message, space, got, want)
					}
				}
			}
		}
	}
}

// jsonString returns a text as encoding/json writes it, which escapes no other characters
// than these.
func jsonString(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func FuzzMessage(f *testing.F) {
	for i, text := range oddTexts {
		f.Add([]byte(text), i%8)
		f.Add([]byte(text+text+"\xe2\x80"+text), i)
	}
	f.Add([]byte("0"), -86)
	f.Fuzz(checkMessage)
}

// checkMessage holds AppendMessage, Unescape, Size and Cut against a plain model: the
// message with its invalid bytes replaced.
func checkMessage(t *testing.T, message []byte, max int) {
	t.Helper()
	before := bytes.Clone(message)
	clean := replaceInvalid(message)

	wire, size := encode.AppendMessage(nil, message)
	quoted := append(append([]byte{'"'}, wire...), '"')
	var decoded string
	if err := json.Unmarshal(quoted, &decoded); err != nil || decoded != clean {
		t.Errorf("AppendMessage(%q) = %s: decodes to %q, %v, want %q", message, quoted, decoded, err, clean)
	}
	if !utf8.Valid(quoted) {
		t.Errorf("AppendMessage(%q) = %q: invalid UTF-8", message, quoted)
	}
	if got := encode.Size(message); got != len(clean) || size != len(clean) {
		t.Errorf("Size(%q) = %d, AppendMessage returns %d, want %d", message, got, size, len(clean))
	}
	if got := string(encode.Unescape(wire)); got != clean {
		t.Errorf("Unescape(%q) = %q, want %q", wire, got, clean)
	}

	n := encode.Cut(message, max)
	if n < 0 || n > len(message) {
		t.Fatalf("Cut(%q, %d) = %d: out of range", message, max, n)
	}
	head, rest := replaceInvalid(message[:n]), replaceInvalid(message[n:])
	if head+rest != clean {
		t.Errorf("Cut(%q, %d) = %d: inside a rune", message, max, n)
	}
	if n > 0 && len(head) > max {
		t.Errorf("Cut(%q, %d) = %d: counts %d", message, max, n, len(head))
	}
	if n < len(message) {
		_, width := utf8.DecodeRune(message[n:])
		if longer := replaceInvalid(message[:n+width]); len(longer) <= max {
			t.Errorf("Cut(%q, %d) = %d: one more rune counts only %d", message, max, n, len(longer))
		}
		if n == 0 && max >= utf8.UTFMax {
			t.Errorf("Cut(%q, %d) = 0: no progress", message, max)
		}
	}
	if !bytes.Equal(message, before) {
		t.Errorf("the message was changed from %q to %q", before, message)
	}
}

// replaceInvalid replaces each invalid byte by U+FFFD; strings.ToValidUTF8
// replaces a run of them by one.
func replaceInvalid(message []byte) string {
	var b strings.Builder
	for _, r := range string(message) { // an invalid byte comes as U+FFFD
		b.WriteRune(r)
	}
	return b.String()
}

func TestIsWire(t *testing.T) {
	for wire, want := range map[string]bool{
		"": true, "plain ü": true, `\"\\\n\r\t\u0000`: true, `\/\b\f\u00Ff`: true,
		`"`: false, "\n": false, `\`: false, `a\`: false, `\x`: false, `\u`: false, `\u000`: false, `\u00g0`: false, `\\"`: false,
	} {
		if got := encode.IsWire([]byte(wire)); got != want {
			t.Errorf("%q: %v, want %v", wire, got, want)
		}
		if got := json.Valid([]byte(`"` + wire + `"`)); got != want {
			t.Errorf("%q: encoding/json says %v", wire, got)
		}
	}
}
