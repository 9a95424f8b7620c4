package filterpattern_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/filterpattern"
)

// FuzzParse checks that no pattern makes Parse panic or take long, and that no accepted pattern
// makes the methods panic. An error is at a character of the pattern.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{
		``, `ERROR -"a b" ?c`, `"a\"b\\"`, `%^[hc]at$|a{2,3}\d\x28%`, `{ ($.a.b[0] = "x*" || $.*.c != 1e-3) && $.['d'] NOT EXISTS }`,
		`{ $.a IS NULL && $.b[*] = %a% && $.c >= -1.5 }`, `[a, b = 4* && b != 404, ..., "c", ]`, `[(w1=ERROR || w1="x") && w1 != %a%, w2]`,
		`[]`, `{$.a=1`, "\xff", `%a**%`, `{ $.a = 1 } x`,
	} {
		f.Add(pattern, trail)
		f.Add(pattern, apache)
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		p, err := filterpattern.Parse(pattern)
		if err != nil {
			var syntax *filterpattern.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("%T", err)
			}
			if syntax.Offset < 0 || syntax.Offset > len(pattern) || syntax.Char != utf8.RuneCountInString(pattern[:syntax.Offset])+1 || syntax.Problem == "" {
				t.Fatalf("Parse(%q): %+v", pattern, syntax)
			}
			if utf8.ValidString(pattern) && syntax.Offset < len(pattern) && !utf8.RuneStart(pattern[syntax.Offset]) {
				t.Fatalf("Parse(%q): inside a character: %+v", pattern, syntax)
			}
			return
		}
		match := p.Match(message)
		values, ok := p.Extract(message)
		if ok != match || (values != nil) != match {
			t.Fatalf("%q, %q: Match says %v, Extract %v, %v", pattern, message, match, values, ok)
		}
		for name, value := range values {
			field, err := p.Field(name)
			if err != nil {
				t.Fatalf("%q has extracted %s, but: %v", pattern, name, err)
			}
			got, ok := field.Read(message)
			if !ok || got != value && !strings.Contains(name, "*") {
				t.Fatalf("%q of %q: extracted %q, read %q", name, message, value, got)
			}
		}
	})
}

// checkJSON compares Match with the reference matcher, for generated or given patterns and
// messages.
func checkJSON(t *testing.T, e refExpression, pattern, message string) {
	t.Helper()
	if !utf8.ValidString(message) || hugeNumber.MatchString(message) {
		return
	}
	tree, want := refParse(message)
	want = want && e.holds(func(c *refCondition) bool { return c.holdsIn(tree) })
	if got := mustParse(t, pattern).Match(message); got != want {
		t.Fatalf("%s of %s: %v, want %v", pattern, message, got, want)
	}
}

// hugeNumber finds numbers that take math/big too long.
var hugeNumber = regexp.MustCompile(`[eE][-+]?\d{4}`)

func checkLine(t *testing.T, e refExpression, fields, ellipsis int, pattern, line string) {
	t.Helper()
	if hugeNumber.MatchString(line) {
		return
	}
	words, want := refFields(line, fields, ellipsis)
	want = want && e.holds(func(c *refCondition) bool { return c.compare(words[c.field], true) })
	if got := mustParse(t, pattern).Match(line); got != want {
		t.Fatalf("%s of %q: %v, want %v; words %q", pattern, line, got, want, words)
	}
}

// checkTerms generates a pattern of terms and compares.
func checkTerms(t *testing.T, g *generator, message string) {
	t.Helper()
	var pattern []string
	all, plain, optional, anyOptional := true, false, false, false
	for range 1 + g.upTo(4) {
		sign, term := g.one("", "-", "?"), g.one("a", "b", "ab", "1", "a b", "é", "")
		has := strings.Contains(message, term)
		switch sign {
		case "?":
			optional, anyOptional = true, anyOptional || has
		default:
			plain, all = true, all && has == (sign == "")
		}
		if term == "" || strings.Trim(term, "ab1") != "" {
			term = `"` + term + `"`
		}
		pattern = append(pattern, sign+term)
	}
	want := all && (plain || !optional || anyOptional)
	if got := mustParse(t, strings.Join(pattern, " ")).Match(message); got != want {
		t.Fatalf("%q of %q: %v, want %v", pattern, message, got, want)
	}
}

func checkGenerated(t *testing.T, bytes []byte, message string) {
	t.Helper()
	g := &generator{bytes: bytes}
	switch g.upTo(4) {
	case 0, 1:
		e, pattern := g.json()
		if len(pattern) > filterpattern.MaxLength {
			return
		}
		checkJSON(t, e, pattern, message)
		checkJSON(t, e, pattern, g.document(3))
	case 2:
		e, fields, ellipsis, pattern := g.line()
		checkLine(t, e, fields, ellipsis, pattern, message)
		checkLine(t, e, fields, ellipsis, pattern, g.text())
	case 3:
		checkTerms(t, &generator{bytes: g.bytes}, message)
		checkTerms(t, g, g.text())
	}
}

// FuzzMatch compares Match with the reference matcher, for patterns generated from the bytes, and
// both a given and a generated message.
func FuzzMatch(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		bytes := make([]byte, 100)
		for i := range bytes {
			bytes[i] = byte(random.Uint32())
		}
		f.Add(bytes, trail)
		f.Add(bytes, apache)
	}
	f.Fuzz(checkGenerated)
}

// A part of FuzzMatch in every test run.
func TestMatchesReference(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	bytes := make([]byte, 200)
	for range 2000 {
		for i := range bytes {
			bytes[i] = byte(random.Uint32())
		}
		checkGenerated(t, bytes, users)
	}
}

// FuzzJSON checks that a message is a JSON event exactly if it is one for encoding/json, and that
// selectors lead to the same values as in its tree.
func FuzzJSON(f *testing.F) {
	for _, message := range []string{
		trail, users, `{}`, `{"a":{"b":{"c":1}},"a":[[1]]}`, `{"a":-0.5e+10,"\u0061":"\ud83d\ude00"}`, ` {"a" : [ true , false,null ] } `, `{"a":1}x`, `[1]`, `{"a":01}`, `{"a":"` + "\x01" + `"}`,
		`{"a":"01234567890\"`, "{\"\xff\":1}",
	} {
		f.Add(message)
	}
	paths := [][]refStep{{"zz"}, {"a"}, {"a", "b", "c"}, {"a", 0, 0}, {anyMember{}, "a"}, {"a", anyElement{}}, {"a", anyElement{}, "b"}}
	selectors := []string{`$.zz`, `$.a`, `$.a.b.c`, `$.a[0][0]`, `$.*.a`, `$.a[*]`, `$.a[*].b`}
	var patterns []*filterpattern.Pattern
	for _, s := range selectors {
		patterns = append(patterns, mustParse(f, "{ "+s+" NOT EXISTS }"))
	}
	f.Fuzz(func(t *testing.T, message string) {
		if !utf8.ValidString(message) {
			// encoding/json changes names with invalid bytes. Whether the
			// text is JSON can still be compared.
			object := json.Valid([]byte(message)) && strings.HasPrefix(strings.TrimLeft(message, " \t\r\n"), "{")
			if got := patterns[0].Match(message); got != object {
				t.Fatalf("%q is an object: %v, want %v", message, got, object)
			}
			return
		}
		tree, object := refParse(message)
		for i, p := range patterns {
			want := object && len(refSelect(tree, paths[i])) == 0
			if got := p.Match(message); got != want {
				t.Fatalf("%s NOT EXISTS in %q: %v, want %v", selectors[i], message, got, want)
			}
		}
	})
}

// The validity tests of package json, at every offset from the eight-byte words of the scanner.
func TestValidAtEveryOffset(t *testing.T) {
	p := mustParse(t, `{ $.none NOT EXISTS }`)
	for _, part := range []string{`"`, `\"`, `\\`, `\n`, `\u12aF`, `\u12aG`, `\x`, "\x1f", "\x7f", "\x80", "é", `","b":"`, `\`} {
		for before := range 20 {
			for _, after := range []int{0, 1, 7, 8, 9} {
				message := `{"a":"` + strings.Repeat("x", before) + part + strings.Repeat("y", after) + `"}`
				if got, want := p.Match(message), json.Valid([]byte(message)); got != want {
					t.Errorf("%q: %v, want %v", message, got, want)
				}
			}
		}
	}
}

// Truncated, duplicated and exchanged bytes are refused exactly where encoding/json refuses them.
func TestValidWhenMutated(t *testing.T) {
	p := mustParse(t, `{ $.none NOT EXISTS }`)
	source := `{"a":[1,-2.5e+3,{"b":"x\u00e9\n"},[],{}],"c":true,"d":false , "e":null,"f":0}`
	check := func(message string) {
		if got, want := p.Match(message), json.Valid([]byte(message)) && strings.HasPrefix(strings.TrimSpace(message), "{"); got != want {
			t.Errorf("%q: %v, want %v", message, got, want)
		}
	}
	for i := range len(source) {
		check(source[:i])
		check(source[:i] + source[i+1:])
		for _, c := range `{}[],:"\0-+.eEtu x` {
			check(source[:i] + string(c) + source[i:])
			check(source[:i] + string(c) + source[i+1:])
		}
	}
}
