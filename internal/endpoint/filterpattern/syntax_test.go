package filterpattern_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/filterpattern"
)

func TestSyntaxErrors(t *testing.T) {
	long := strings.Repeat("é", filterpattern.MaxLength)
	tests := []struct {
		pattern string
		offset  int
		problem string // part of the text
	}{
		// Any form.
		{`"` + long, 2*filterpattern.MaxLength - 1, "at most 1024 characters"},

		// Terms.
		{`a:b`, 1, "invalid character(s) in term ':'"},
		{`a-b`, 1, "invalid character(s) in term '-'"},
		{`a"b"`, 1, "separate terms by spaces"},
		{`"a""b"`, 3, "separate terms by spaces"},
		{`a (b)`, 2, "invalid character(s) in term '('"},
		{`größe`, 2, "invalid character(s) in term 'ö'"},
		{"a\x00b", 1, `invalid character(s) in term '\x00'`},
		{"\xffb", 0, "invalid character(s) in term"},
		{`a -`, 3, "expected a term, but the pattern ends"},
		{`? `, 2, "expected a term, but the pattern ends"},
		{`-?a`, 1, "invalid character(s) in term '?'"},
		{`a "b`, 2, "this quote is not closed"},
		{`"b\`, 0, "this quote is not closed"},
		{`"b\"`, 0, "this quote is not closed"},
		{`"a\d"`, 2, "after a backslash in quotes"},
		{` {$.a=1}`, 1, "invalid character(s) in term '{': nothing may come before the bracket"},
		{"\n[a]", 1, "invalid character(s) in term '[': nothing may come before the bracket"},
		{`a [b]`, 2, "invalid character(s) in term '[': expected a term"},
		{`*`, 0, "invalid character(s) in term '*'"},

		// Regular expressions.
		{`a %b%`, 2, "must be alone"},
		{`-%b%`, 1, "must be alone"},
		{`%b% a`, 4, "must be alone"},
		{`%b%%c%`, 3, "must be alone"},
		{`%b`, 0, "not closed with '%'"},
		{`%%`, 1, "empty"},
		{`%a(b)%`, 2, "invalid character(s) in term '('"},
		{`%something!%`, 10, "invalid character(s) in term '!'"},
		{`%aé%`, 2, "invalid character(s) in term 'é'"},
		{"%a\tb%", 2, "invalid character(s) in term"},
		{`%a"b%`, 2, "invalid character(s) in term"},
		{`%\(%`, 2, "invalid character(s) in term '('"},
		{`%\b%`, 2, "invalid character(s) in term 'b'"},
		{`%a\%`, 3, "invalid character(s) in term '%'"},
		{`%\x4%`, 1, "two hexadecimal digits"},
		{`%\xg0%`, 1, "two hexadecimal digits"},
		{`%\x80%`, 1, "00 to 7F"},
		{`%a[b%`, 2, "not closed with ']'"},
		{`%a[]%`, 3, "empty"},
		{`%[^]%`, 3, "empty"},
		{`%[[]%`, 2, `write \[`},
		{`%[b-a]%`, 0, "invalid character class range"},
		{`%a{2%`, 2, "expected {m}"},
		{`%a{,}%`, 2, "expected {m}"},
		{`%a{3, 5}%`, 2, "expected {m}"},
		{`%{%`, 1, "expected {m}"},
		{`%{2}%`, 0, "missing argument to repetition operator"},
		{`%a{3,2}%`, 0, "invalid repeat count"},
		{`%*%`, 0, "missing argument to repetition operator"},
		{`%a**%`, 0, "invalid nested repetition operator"},
		{`%a{1001}%`, 2, "add up to at most 1000"},
		{`%a{500}b{501}%`, 8, "add up to at most 1000"},
		{`%a{99999999999999999999}%`, 2, "add up to at most 1000"},

		// JSON.
		{`{`, 1, "must end with '}'"},
		{`{ $.a = 1`, 9, "must end with '}'"},
		{`{ $.a = 1 } `, 12, "must end with '}'"},
		{`{}`, 1, "expected a selector such as $.name, found '}'"},
		{`{ }`, 2, "expected a selector"},
		{`{ a = 1 }`, 2, "expected a selector"},
		{`{ $ = 1 }`, 3, "expected '.' and a name after '$'"},
		{`{ $a = 1 }`, 3, "expected '.' and a name after '$'"},
		{`{ $. = 1 }`, 4, "expected a name"},
		{`{ $.a. = 1 }`, 6, "expected a name"},
		{`{ $."a" = 1 }`, 4, "expected a name"},
		{`{ $.ä = 1 }`, 4, "expected a name"},
		{`{ $[0] = 1 }`, 3, "must follow a property"},
		{`{ $.a[] = 1 }`, 6, "expected a number, * or a name"},
		{`{ $.a[-1] = 1 }`, 6, "expected a number, * or a name"},
		{`{ $.a["b"] = 1 }`, 6, "expected a number, * or a name"},
		{`{ $.a[0 = 1 }`, 7, "expected ']'"},
		{`{ $.a[99999999999999999999] = 1 }`, 6, "too large"},
		{`{ $.['a] = 1 }`, 14, "expected '] after the name"},
		{`{ $.[0] = 1 }`, 4, "expected [' and a name"},
		{`{ $.*.* = 1 }`, 5, "at most one wildcard"},
		{`{ $.*=1||$.*=2||$.*=3||$.*=4 }`, 23, "at most 3 wildcards"},
		{`{ $.a }`, 6, "expected one of ="},
		{`{ $.a == 1 }`, 7, "expected a value"},
		{`{ $.a = }`, 8, "expected a value"},
		{`{ $.a = 'b' }`, 8, "expected a value"},
		{`{ $.a = b-c }`, 9, "invalid character(s) in term '-'"},
		{`{ $.a = 1e }`, 11, ""},
		{`{ $.a < b }`, 8, "expected an unquoted number"},
		{`{ $.a < "1" }`, 8, "expected an unquoted number"},
		{`{ $.a >= 1* }`, 9, "expected an unquoted number"},
		{`{ $.a > %1% }`, 8, "expected an unquoted number"},
		{`{ $.a = "b }`, 8, "this quote is not closed"},
		{`{ $.a = %b }`, 8, "not closed with '%'"},
		{`{ $.a=%a% || $.a=%b% || $.a=%c% }`, 28, "at most 2 regular expressions"},
		{`{ $.a IS }`, 9, "expected NULL, TRUE or FALSE"},
		{`{ $.a IS null }`, 9, "expected NULL, TRUE or FALSE"},
		{`{ $.a IS NOT NULL }`, 9, "IS NOT is not supported"},
		{`{ $.a NOT NULL }`, 10, "expected EXISTS"},
		{`{ $.a EXISTS }`, 6, "EXISTS is not supported"},
		{`{ $.a is NULL }`, 6, "expected an operator, IS or NOT EXISTS"},
		{`{ $.a=1 $.b=2 }`, 8, "expected &&, || or '}', found '$'"},
		{`{ $.a=1, $.b=2 }`, 7, "expected &&, || or '}', found ','"},
		{`{ $.a=1 & $.b=2 }`, 8, "expected &&, || or '}', found '&'"},
		{`{ $.a=1 && }`, 11, "expected a selector"},
		{`{ $.a=1 && || $.b=1 }`, 11, "expected a selector"},
		{`{ ($.a=1 }`, 9, "expected ')', && or ||"},
		{`{ $.a=1) }`, 7, "expected &&, || or '}'"},
		{`{ $.a=1 } }`, 9, "expected the end of the pattern after '}'"},

		// Words of a line.
		{`[`, 1, "must end with ']'"},
		{`[a`, 2, "must end with ']'"},
		{`[a] `, 4, "must end with ']'"},
		{`[a b]`, 3, "expected one of ="},
		{`[a, "b"]`, 4, "expected a field"},
		{`[..., a, ...]`, 9, "at most one ellipsis"},
		{`[....]`, 4, "expected ',' or ']'"},
		{`[a, a]`, 4, "the field name a is used twice"},
		{`[a, b=1 && a=2]`, 11, "refer to another field, a"},
		{`[=ERROR, w2]`, 1, "expected a field"},
		{`[a=]`, 3, "expected a value"},
		{`[a=1 &&]`, 7, "expected the name of the field"},
		{`[a==ERROR, b]`, 3, "expected a value"},
		{`[a=ERROR AND a=WARN, b]`, 9, "expected ',' or ']'"},
		{`[(a=1]`, 5, "expected ')', && or ||"},
		{`[(a), b]`, 3, "expected one of ="},
		{`[a>x]`, 3, "expected an unquoted number"},
		{`[a=%a%, b=%b%, c=%c%]`, 17, "at most 2 regular expressions"},
		{`[a]]`, 3, "expected the end of the pattern after ']'"},
		{`[…, a]`, 1, "expected a field"},
	}
	for _, tt := range tests {
		_, err := filterpattern.Parse(tt.pattern)
		if tt.problem == "" {
			if err != nil {
				t.Errorf("Parse(%q): %v", tt.pattern, err)
			}
			continue
		}
		var syntax *filterpattern.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("Parse(%q): %v, want an error about %q", tt.pattern, err, tt.problem)
			continue
		}
		if syntax.Offset != tt.offset || !strings.Contains(syntax.Problem, tt.problem) {
			t.Errorf("Parse(%q): at %d %q; want at %d %q", tt.pattern, syntax.Offset, syntax.Problem, tt.offset, tt.problem)
		}
	}
}

func TestSyntaxErrorText(t *testing.T) {
	_, err := filterpattern.Parse(`"größe" a:b`)
	want := "invalid filter pattern: character 10: invalid character(s) in term ':'"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s...", err, want)
	}
	if e := err.(*filterpattern.SyntaxError); e.Offset != 11 || e.Char != 10 {
		t.Errorf("byte %d, character %d; want 11, 10", e.Offset, e.Char)
	}
}

func TestLongestPattern(t *testing.T) {
	n := filterpattern.MaxLength
	long := strings.Repeat("é", n-2)
	checkRows(t, []row{
		{`"` + long + `"`, []string{long}, []string{long[2:]}},
		// As many conditions and parentheses as fit.
		{"{" + strings.Repeat("$.a=b||", (n-9)/7) + "$.a=c }", []string{`{"a":"c"}`, `{"a":"b"}`}, []string{`{"a":"d"}`}},
		{"[" + strings.Repeat("a=b||", (n-8)/5) + "a=c ]", []string{"c", "b"}, []string{"d"}},
		{"{" + strings.Repeat("(", (n-8)/2) + "$.a=1" + strings.Repeat(")", (n-8)/2) + "}", []string{`{"a":1}`}, []string{`{"a":2}`}},
		{"{$" + strings.Repeat(".a", (n-6)/2) + "=1}", []string{strings.Repeat(`{"a":`, (n-6)/2) + "1" + strings.Repeat("}", (n-6)/2)}, []string{`{"a":1}`}},
		{"[" + strings.Repeat(",", n-2) + "]", []string{strings.Repeat("x ", n)}, []string{strings.Repeat("x ", n-2)}},
	})
}
