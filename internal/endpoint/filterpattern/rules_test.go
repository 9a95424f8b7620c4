package filterpattern_test

import (
	"strings"
	"testing"
)

// The decisions of the package where the documents leave room, in the order of its documentation.

func TestFormRules(t *testing.T) {
	checkRows(t, []row{
		{" \t\r\n", []string{"", "x"}, nil},
		{`""`, []string{"", "x"}, nil},
		{`"a\"b\\c"`, []string{`a"b\c`}, []string{`a"bc`, `a\"b\\c`}},
		{`{ $.a = "\"\\*" }`, []string{`{"a":"\"\\"}`, `{"a":"\"\\x"}`}, []string{`{"a":"\""}`}},
		{`[a="\"\\", b]`, []string{`"\ x`}, []string{`\ x`}},
		{`"größe"`, []string{"größer"}, nil},
		{"\"a\x00b\"", []string{"a\x00b"}, []string{"ab"}},
		{"\"a\nb\"", []string{"a\nb"}, []string{"a b"}},
	})
	checkRefused(t, ` {$.a=1}`, `{$.a=1} `, ` [a]`, "[a]\n", `"a\n"`, `größe`, `{$.a IS null}`)
}

func TestTermRules(t *testing.T) {
	checkRows(t, []row{
		{`RR`, []string{"ERROR"}, []string{"ER ROR"}},
		{`a  - b`, []string{"a"}, []string{"ab"}},
		{`? a ?b`, []string{"a", "b"}, []string{"c"}},
		{`-a`, []string{"", "b"}, []string{"a"}},
		{`-a -b`, []string{"c"}, []string{"a", "b"}},
		{`?a -b`, []string{"c"}, []string{"ab"}},
		{`?a "b"`, []string{"b"}, []string{"a"}},
		{`?"a b" ?c`, []string{"a b", "c"}, []string{"ab"}},
		{`-"a b"`, []string{"ab"}, []string{"a b"}},
		{`404 _x`, []string{"_x404"}, []string{"404"}},
		{`"a*b"`, []string{"a*b"}, []string{"axb"}}, // no wildcard in terms
		{`"%a%"`, []string{"%a%"}, []string{"a"}},
	})
}

func TestRegexRules(t *testing.T) {
	checkRows(t, []row{
		{`%a b%`, []string{"a b"}, []string{"ab"}},
		{`%a.b%`, []string{"a\nb", "aéb"}, []string{"ab"}},
		{`%^b%`, []string{"b"}, []string{"a\nb"}},
		{`%a$%`, []string{"a"}, []string{"a\n"}},
		{`%a\}b}%`, []string{"a}b}"}, []string{"ab"}},
		{`%\{\[\]%`, []string{"{[]"}, []string{"{["}},
		{`%^\:\_\#\=\@\/\;\,\-$%`, []string{":_#=@/;,-"}, nil},
		{`%^:_#=@/;,-$%`, []string{":_#=@/;,-"}, nil},
		{`%\^\$\?\|\*\+\.\\%`, []string{`^$?|*+.\`}, nil},
		{`%[\]\[\\^$?{}|*+. -]{13}%`, []string{`]^$?{}|*+. -[\`}, []string{"a"}},
		{`%[^a-c\d]%`, []string{"d"}, []string{"a1"}},
		{`%^\w{2}$%`, []string{"a1"}, []string{"a", "a12"}},
		{`%^a{2,}$%`, []string{"aa", "aaa"}, []string{"a"}},
		{`%^a{,2}$%`, []string{"", "a", "aa"}, []string{"aaa"}},
		{`%^a*?b+?$%`, []string{"b", "aab"}, []string{"a"}},
		{`%^a{2}?$%`, []string{"aa"}, []string{"", "a"}},
		{`%\x25\x7e%`, []string{"%~"}, nil},
		{`%a|%`, []string{"", "b"}, nil},
		{`%ERROR%`, []string{"ERRORS"}, []string{"error"}},
		{`{ $.a = %^x%  && $.b != %y$% }`, []string{`{"a":"xy","b":"yx"}`}, []string{`{"a":"yx","b":"yx"}`, `{"a":"xy","b":"xy"}`}},
		{`{ $.a = %^1\d$% }`, []string{`{"a":12}`, `{"a":"12"}`}, []string{`{"a":12.0}`, `{"a":true}`, `{"a":[12]}`}},
		{`{ $.a = %a.b% }`, []string{`{"a":"a\nb"}`, `{"a":"a\u0062b"}`}, []string{`{"a":"ab"}`}},
		{`[a=%^x$%, b!=%^x%, c]`, []string{"x y z"}, []string{"xx y z", "x xy z"}},
	})
}

func TestJSONEventRules(t *testing.T) {
	deep := strings.Repeat("[", 9999) + strings.Repeat("]", 9999)
	checkRows(t, []row{
		{`{ $.x NOT EXISTS }`, []string{`{}`, " {\n} ", `{"a":1}`, `{"a":` + deep + `}`}, []string{
			``, ` `, `404`, `"x"`, `null`, `[]`, `[{}]`, `{`, `{}x`, `{}{}`, `{"a":1,}`, `{"a":01}`, `{'a':1}`, `{"a":1}` + "\x00", `x {"a":1}`,
			`{"a":[` + deep + `]}`}},
	})
}

func TestJSONValueRules(t *testing.T) {
	checkRows(t, []row{
		// Only strings and numbers have = and !=; a missing value satisfies nothing.
		{`{ $.a = * }`, []string{`{"a":""}`, `{"a":0}`}, []string{`{"a":true}`, `{"a":false}`, `{"a":null}`, `{"a":{}}`, `{"a":[]}`, `{}`}},
		{`{ $.a = true }`, []string{`{"a":"true"}`}, []string{`{"a":true}`}},
		{`{ $.a != true }`, []string{`{"a":"x"}`, `{"a":1}`}, []string{`{"a":true}`, `{"a":false}`, `{"a":null}`, `{"a":{}}`, `{"a":[]}`, `{}`}},
		{`{ $.a IS TRUE }`, []string{`{"a":true}`}, []string{`{"a":"true"}`, `{"a":1}`, `{}`}},
		{`{ $.a IS FALSE }`, []string{`{"a":false}`}, []string{`{"a":"false"}`, `{"a":0}`, `{"a":null}`, `{}`}},
		{`{ $.a IS NULL }`, []string{`{"a":null}`}, []string{`{"a":"null"}`, `{"a":{}}`, `{}`}},
		{`{ $.a NOT EXISTS }`, []string{`{}`, `{"b":{"a":1}}`}, []string{`{"a":null}`, `{"a":{}}`, `{"a":[]}`, `{"a":""}`}},
		{`{ $.a.b NOT EXISTS }`, []string{`{}`, `{"a":1}`, `{"a":{}}`, `{"a":[{"b":1}]}`}, []string{`{"a":{"b":1}}`}},
		{`{ $.a > 1 }`, []string{`{"a":1.0000000000000000000001}`}, []string{`{"a":"2"}`, `{"a":true}`, `{}`}},
		{`{ $.a <= 1 }`, []string{`{"a":1.0}`, `{"a":-2}`}, []string{`{"a":"0"}`, `{"a":null}`, `{}`}},

		// Numbers are compared by value, everything else as text.
		{`{ $.a = 9007199254740993 }`, []string{`{"a":9007199254740993}`, `{"a":9007199254740993.0}`, `{"a":"9007199254740993"}`}, []string{`{"a":9007199254740992}`}},
		{`{ $.a = 404 }`, []string{`{"a":404}`, `{"a":4.04e2}`, `{"a":"404"}`}, []string{`{"a":"404.0"}`, `{"a":4040}`}},
		{`{ $.a != 404 }`, []string{`{"a":405}`, `{"a":"404.0"}`}, []string{`{"a":404.0}`, `{"a":"404"}`}},
		{`{ $.a = "404" }`, []string{`{"a":404}`, `{"a":"404"}`}, []string{`{"a":404.0}`}},
		{`{ $.a = -0 }`, []string{`{"a":0}`, `{"a":-0.0}`, `{"a":0e9}`, `{"a":"-0"}`}, []string{`{"a":"0"}`}},
		{`{ $.a = +1 }`, []string{`{"a":1}`, `{"a":"+1"}`}, []string{`{"a":"1"}`}},

		// Wildcards.
		{`{ $.a = a*b*c }`, []string{`{"a":"abc"}`, `{"a":"a..b..c"}`, `{"a":"abcbc"}`}, []string{`{"a":"ac"}`, `{"a":"abcd"}`, `{"a":"xabc"}`}},
		{`{ $.a = ab*ba }`, []string{`{"a":"abba"}`, `{"a":"abxba"}`}, []string{`{"a":"aba"}`}},
		{`{ $.a = *111.111.111 }`, []string{`{"a":"111.111.111.111"}`}, nil},
		{`{ $.a = Ev*ent }`, []string{`{"a":"Event"}`, `{"a":"Ev*ent"}`}, []string{`{"a":"Events"}`}},
		{`{ $.a = *b*b* }`, []string{`{"a":"bb"}`, `{"a":"abab"}`}, []string{`{"a":"b"}`}},
		{`{ $.a = ** }`, []string{`{"a":""}`}, nil},
		{`{ $.a = 1* }`, []string{`{"a":1}`, `{"a":1e3}`, `{"a":"1x"}`}, []string{`{"a":-1}`}},
		{`{ $.a = "é*" }`, []string{`{"a":"\u00e9x"}`, `{"a":"éx"}`}, []string{`{"a":"e"}`}},

		// Wildcards in selectors.
		{`{ $.* = 1 }`, []string{`{"x":2,"y":1}`}, []string{`{"x":[1]}`, `{"x":{"y":1}}`, `{}`}},
		{`{ $.a.* = 1 }`, []string{`{"a":{"x":1}}`}, []string{`{"a":[1]}`, `{"a":1}`}},
		{`{ $.a[*] = 1 }`, []string{`{"a":[2,1]}`, `{"a":{"x":1}}`}, []string{`{"a":{"x":[1]}}`, `{"a":[[1]]}`, `{"a":[]}`}},
		{`{ $.a[*] != 1 }`, []string{`{"a":[1,2]}`}, []string{`{"a":[1,1]}`, `{"a":[]}`}},
		{`{ $.a[*] NOT EXISTS }`, []string{`{"a":[]}`, `{"a":{}}`, `{}`}, []string{`{"a":[null]}`, `{"a":{"x":1}}`}},
		{`{ $.a[*].id NOT EXISTS }`, []string{`{"a":[{},1,{"x":2}]}`}, []string{`{"a":[{},{"id":null}]}`}},
		{`{ $.*.id = 1 && $.*.id = 2 }`, []string{`{"a":{"id":1},"b":{"id":2}}`}, []string{`{"a":{"id":1},"b":{"id":3}}`}},
		{`{ $.a.x = 1 && $.*.x = 2 }`, []string{`{"a":{"x":1},"b":{"x":2}}`}, []string{`{"a":{"x":1}}`, `{"b":{"x":2}}`}},
		{`{ $.a[0] = 1 && $.a[*] = 2 }`, []string{`{"a":[1,2]}`}, []string{`{"a":[2,1]}`, `{"a":[1]}`}},

		// Selectors.
		{`{ $['a.b'].c = 1 }`, []string{`{"a.b":{"c":1}}`}, []string{`{"a":{"b":{"c":1}}}`}},
		{`{ $.a['b c'].['d']['']=1 }`, []string{`{"a":{"b c":{"d":{"":1}}}}`}, []string{`{"a":{"b c":{"d":1}}}`}},
		{`{ $.a-b_1 = 1 }`, []string{`{"a-b_1":1}`}, []string{`{"a":1}`}},
		{`{ $.['é'] = 1 }`, []string{`{"é":1}`, `{"\u00e9":1}`}, []string{`{"e":1}`}},
		{`{ $.a[1][0].b = 1 }`, []string{`{"a":[0,[{"b":1}]]}`}, []string{`{"a":[[{"b":1}],0]}`}},
		{`{ $.a[10] = 1 }`, []string{`{"a":[0,0,0,0,0,0,0,0,0,0,1]}`}, []string{`{"a":[0,1]}`}},

		// Members with the same name.
		{`{ $.a = 1 }`, []string{`{"a":2,"a":1}`, `{"a":{"a":2},"\u0061":1}`}, []string{`{"a":1,"a":2}`, `{"a":1,"a":{}}`, `{"a":1,"a":null}`}},
		{`{ $.a.b = 1 }`, []string{`{"a":{"b":2},"a":{"b":1}}`, `{"a":2,"a":{"b":1}}`}, []string{`{"a":{"b":1},"a":{"c":1}}`, `{"a":{"b":1},"a":2}`, `{"a":{"b":1,"b":2}}`}},
		{`{ $.a NOT EXISTS }`, nil, []string{`{"a":1,"a":2}`}},
		{`{ $.a.b NOT EXISTS }`, []string{`{"a":{"b":1},"a":{}}`}, []string{`{"a":{},"a":{"b":1}}`}},
		{`{ $.* = 1 }`, []string{`{"a":1,"a":2}`, `{"a":2,"a":1}`}, nil},
		{`{ $.*.b = 1 }`, []string{`{"a":{"b":1},"a":2}`, `{"x":{"b":1},"a":{"b":1,"b":2}}`}, []string{`{"x":{"b":1,"b":2}}`}},
		{`{ $.a.* = 1 }`, []string{`{"a":2,"a":{"x":1}}`}, []string{`{"a":{"x":1},"a":{"x":2}}`, `{"a":{"x":1},"a":3}`}},
		{`{ $.a[*].b = 1 }`, []string{`{"a":[{"b":1},{"b":2}]}`, `{"a":[{"b":2,"b":1}]}`}, []string{`{"a":[{"b":1,"b":2}]}`, `{"a":[{"b":1}],"a":[]}`}},

		// Precedence.
		{`{ $.a=1||$.b=1&&$.c=1 }`, []string{`{"a":1}`, `{"b":1,"c":1}`}, []string{`{"b":1}`, `{"c":1}`}},
		{`{ ($.a=1||$.b=1)&&$.c=1 }`, []string{`{"a":1,"c":1}`, `{"b":1,"c":1}`}, []string{`{"a":1}`, `{"c":1}`}},
		{`{((($.a=1)))}`, []string{`{"a":1}`}, []string{`{"a":2}`}},
		{"{\n\t$.a\n=\r1\n&&\t$.b IS\nTRUE }", []string{`{"a":1,"b":true}`}, []string{`{"a":1}`}},
	})
}

func TestJSONStringRules(t *testing.T) {
	checkRows(t, []row{
		{`{ $.a = "\"\\/é😀x" }`, []string{`{"a":"\"\\/é😀x"}`, `{"a":"\"\\\/\u00e9\ud83d\ude00x"}`, `{"a":"\u0022\u005C\u002f\u00E9\uD83D\uDE00\u0078"}`}, []string{`{"a":"\"\\/é\ud83dx"}`}},
		{"{ $.a = \"\b\f\n\r\t\" }", []string{`{"a":"\b\f\n\r\t"}`, `{"a":"\u0008\u000c\u000a\u000d\u0009"}`}, nil},
		{"{ $.a = \"\ufffdx\" }", []string{`{"a":"\ud83dx"}`, `{"a":"\ude00x"}`}, []string{`{"a":"x"}`}},
		{"{ $.a = \"\ufffd\ufffd\" }", []string{`{"a":"\ud83d\ud83d"}`, `{"a":"\ude00\ud83d"}`}, nil},
		{"{ $.a = \"\ufffd😀\" }", []string{`{"a":"\ud83d\ud83d\ude00"}`}, nil},
		{"{ $.a = \"\ufffdde00\" }", []string{`{"a":"\ud83dde00"}`}, nil},
		{"{ $.a = \"\ufffd\n\" }", []string{`{"a":"\ud83d\n"}`, `{"a":"\ud83d\u000a"}`}, nil},
		{`{ $.a NOT EXISTS }`, nil, []string{`{"b":"\x"}`, `{"b":"\u12"}`, `{"b":"\u12g4"}`, `{"b":"\`, `{"b":"` + "\n" + `"}`, `{"b":"` + "\x1f" + `"}`, `{"b":"`, `{"b":"\"}`}},
		{`{ $.a NOT EXISTS }`, []string{"{\"b\":\"\x7f\u2028\"}", `{"b":"0123456789"}`, `{"b":"01234567\n0123456"}`}, nil},
	})
}

func TestSpaceRules(t *testing.T) {
	checkRows(t, []row{
		// Word separators.
		{`[a=x, b=y, c=z]`, []string{"x y z", "  x\ty \r\n z\n"}, []string{"x,y,z"}},
		{`[a="x y", b]`, []string{`"x y" z`, `[x y] z`}, []string{`x y z`}},
		{`[a="", b]`, []string{`"" x`, `[] x`}, []string{`x y`}},
		{`[a="\"x\"y", b]`, []string{`"x"y z`}, nil},
		{`[a="[x y]:", b]`, []string{`[x y]: z`}, nil},
		{`[a="\"x", b]`, []string{`"x y`}, nil},
		{`[a="[x", b="[y", c]`, []string{`[x [y z`}, nil},
		{`[a="x\\", b]`, []string{`"x\" y`}, nil},
		{`[a="x] y", b]`, []string{`"x] y" z`}, nil},

		// Number of words.
		{`[a]`, []string{"x", "x y"}, []string{"", " "}},
		{`[a, b]`, []string{"x y", "x y z"}, []string{"x", "x "}},
		{`[a=x]`, []string{"x", " x ", `"x"`}, []string{"x y"}},
		{`[a="x y"]`, []string{"x y", `"x y"`}, []string{`"x y" z`, "x  y"}},
		{`[a=*ERROR*]`, []string{`10:00 [ERROR] "x"`}, []string{"10:00 INFO"}},
		{`[]`, []string{"", "x", "x y"}, nil},
		{`[ ... ]`, []string{"", "x", "x y"}, nil},
		{`[..., a=x]`, []string{"x", "y x"}, []string{"x y", ""}},
		{`[a=x, ...]`, []string{"x", "x y"}, []string{"y x", ""}},
		{`[a=x, ..., b=y]`, []string{"x y", "x 1 2 y"}, []string{"x", "x y 1"}},
		{`[..., a=x, b]`, []string{"x y", "1 2 x y"}, []string{"x", "x y z"}},

		// Conditions.
		{`[a=404, b]`, []string{"404 x", "404.0 x", "+404 x"}, []string{"4040 x", "x x"}},
		{`[a!=404, b]`, []string{"x x", "405 x"}, []string{"404 x", "404.0 x"}},
		{`[a="404", b]`, []string{"404 x"}, []string{"404.0 x"}},
		{`[a>1.5, b]`, []string{"1.6 x", "2e0 x"}, []string{"1.5 x", "x x", "2. x", ".6 x"}},
		{`[a<=-1, b]`, []string{"-1 x", "-1.5 x"}, []string{"0 x", "- x"}},
		{`[a>=1 && a<3, b<2]`, []string{"1 1", "2.9 1.9"}, []string{"3 1", "1 2", "1 1 1"}},
		{`[a=4* && a!=404, b]`, []string{"400 x"}, []string{"404 x", "500 x"}},
		{`[(a=1 || a=2) && a!=2, b]`, []string{"1 x"}, []string{"2 x"}},
		{`[a=1 || (a=2 && a=3), b]`, []string{"1 x"}, []string{"2 x"}},
		{`[a!="-", b!="-"]`, []string{"x y"}, []string{"- y", "x -"}},
		{`[log-level=INFO, 2nd_field]`, []string{"INFO x"}, []string{"WARN x"}},
	})
	checkRefused(t, `[..., a, ...]`, `[a, a]`, `[a.b]`, `[größe]`)
}

func TestNumberOrder(t *testing.T) {
	// In ascending order; those in one row are equal.
	order := [][]string{
		{"-1e400", "-10e399"}, {"-100", "-1e2", "-1E+2"}, {"-10.5"}, {"-10"}, {"-1.01"}, {"-1", "-1.0", "-10e-1"}, {"-0.1"}, {"-1e-400"},
		{"0", "-0", "0.0", "0e5", "-0.000"}, {"1e-400"}, {"0.00001", "1e-5", "0.1e-4"}, {"0.1", "0.10", "1e-1"}, {"0.123456789012345678901"},
		{"0.123456789012345678902"}, {"1", "1.000", "0.01e2", "100e-2"}, {"1.1"}, {"9.99"}, {"10", "1e1", "0.1E2"}, {"12345678901234567890"},
		{"12345678901234567891"}, {"1e400"}, {"1e401"},
	}
	for i, row := range order {
		for j, other := range order {
			for _, a := range row {
				for _, b := range other {
					for _, op := range []struct {
						text  string
						holds bool
					}{{"=", i == j}, {"!=", i != j}, {"<", i < j}, {"<=", i <= j}, {">", i > j}, {">=", i >= j}} {
						pattern := "{ $.n " + op.text + " " + b + " }"
						if mustParse(t, pattern).Match(`{"n":`+a+`}`) != op.holds {
							t.Errorf("%s %s %s is not %v", a, op.text, b, op.holds)
						}
					}
				}
			}
		}
	}
}
