package filterpattern_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/filterpattern"
)

type values map[string]string

func checkValues(t *testing.T, pattern, message string, want values) {
	t.Helper()
	got, ok := mustParse(t, pattern).Extract(message)
	if ok != (want != nil) || !maps.Equal(values(got), want) {
		t.Errorf("%s of %q: %v, %v; want %v", pattern, message, got, ok, want)
	}
}

// The examples of the page "TestMetricFilter" and of older pages about filter patterns. Some
// responses there have a superfluous comma ("1534,").
func TestExtractDocumented(t *testing.T) {
	log := func(request, status, size string) string {
		return `127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "` + request + `" ` + status + " " + size
	}
	gif := log("GET /apache_pb.gif HTTP/1.0", "200", "1534")
	html := log("GET /index.html HTTP/1.0", "404", "1534")

	checkValues(t, `[ip, identity, user_id, timestamp, request, status_code, size]`, gif, values{"$ip": "127.0.0.1", "$identity": "-",
		"$user_id": "frank", "$timestamp": "10/Oct/2000:13:25:15 -0700", "$request": "GET /apache_pb.gif HTTP/1.0", "$status_code": "200", "$size": "1534"})
	checkValues(t, `[..., size]`, gif, values{"$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700",
		"$5": "GET /apache_pb.gif HTTP/1.0", "$6": "200", "$size": "1534"})
	checkValues(t, `[]`, gif, values{"$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700",
		"$5": "GET /apache_pb.gif HTTP/1.0", "$6": "200", "$7": "1534"})
	checkValues(t, `[..., status_code=200, size]`, gif, values{"$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700",
		"$5": "GET /apache_pb.gif HTTP/1.0", "$status_code": "200", "$size": "1534"})
	checkValues(t, `[..., status_code=200, size]`, html, nil)
	checkValues(t, `[..., request=*.html*, status_code=4*,]`, html, values{"$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700",
		"$request": "GET /index.html HTTP/1.0", "$status_code": "404", "$7": "1534"})
	checkValues(t, `[..., request=*.html*, status_code=4*,]`, gif, nil)

	errorLine := "02 May 2014 00:34:16,142 [ERROR] Unhanded exception: InvalidQueryException"
	checkValues(t, `"[ERROR]"`, errorLine, values{})
	checkValues(t, `"[ERROR]"`, "02 May 2014 00:34:12,525 [INFO] Starting the application", nil)
	checkValues(t, `"[ERROR]" Exception`, errorLine, values{})
	checkValues(t, `"[ERROR]" Exception`, "02 May 2014 00:34:16,224 [ERROR] Terminating the application", nil)

	checkValues(t, `[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]`, apache, values{"$bytes": "1534", "$status_code": "404",
		"$request": "GET /index.html HTTP/1.0", "$timestamp": "10/Oct/2000:13:25:15 -0700", "$username": "frank", "$user": "Prod", "$ip": "127.0.0.1"})
	checkValues(t, `{ $.eventType = "*" && $.sourceIPAddress != 123.123.* }`, trail, values{"$.eventType": "UpdateTrail", "$.sourceIPAddress": "111.111.111.111"})
	checkValues(t, `{ $.latency = * }`, `{"latency": 50, "requestType": "GET"}`, values{"$.latency": "50"})
}

func TestExtractJSON(t *testing.T) {
	tests := []struct {
		rule, pattern, message string
		want                   values
	}{
		{"strings are unescaped, numbers as written", `{ $.s = * && $.n = * }`, `{"s":"a\"\u00e9\n","n":1.50e1}`, values{"$.s": "a\"é\n", "$.n": "1.50e1"}},
		{"true, false and null are text", `{ $.t IS TRUE && $.f IS FALSE && $.n IS NULL }`, `{"t":true,"f":false,"n":null}`, values{"$.t": "true", "$.f": "false", "$.n": "null"}},
		{"objects and arrays have none, nor has what is missing", `{ $.o NOT EXISTS || $.a NOT EXISTS || $.x NOT EXISTS || $.n = 1 }`, `{"o":{},"a":[1],"n":2}`, values{"$.n": "2"}},
		{"also values whose condition does not hold", `{ $.a = 1 || $.b = 2 }`, `{"a":3,"b":2}`, values{"$.a": "3", "$.b": "2"}},
		{"a selector has one value for several conditions", `{ $.a > 1 && $.a < 9 }`, `{"a":3}`, values{"$.a": "3"}},
		{"selectors are named as the pattern has them first", `{ $.['a'].b[0] = * && $.a.b[0] = * }`, `{"a":{"b":["x"]}}`, values{"$.['a'].b[0]": "x"}},
		{"of a wildcard the first that fulfils a condition", `{ $.a[*] > 1 }`, `{"a":[1,2,3]}`, values{"$.a[*]": "2"}},
		{"the first of several conditions counts", `{ $.a[*] > 2 || $.a[*] = "x" }`, `{"a":["x",1,3]}`, values{"$.a[*]": "3"}},
		{"nothing for NOT EXISTS of a wildcard", `{ $.a[*] NOT EXISTS || $.b = 1 }`, `{"a":[{},1],"b":1}`, values{"$.b": "1"}},
		{"below a wildcard", `{ $.*.id = 2 }`, `{"a":{"id":1},"b":{"id":2},"c":{"id":2.0}}`, values{"$.*.id": "2"}},
		{"the last member of a name", `{ $.a = * }`, `{"a":1,"a":2}`, values{"$.a": "2"}},
		{"the last member of a name, also if that has no value", `{ $.a = 1 || $.b = 1 }`, `{"a":1,"a":{},"b":1}`, values{"$.b": "1"}},
		{"the last member of a name, below a wildcard too", `{ $.*.a = * || $.x NOT EXISTS }`, `{"m":{"a":1,"a":{}},"n":{"a":3,"a":4}}`, values{"$.*.a": "4"}},
		{"the last member of a name, before a wildcard too", `{ $.m.* = * || $.x NOT EXISTS }`, `{"m":{"a":1},"m":{"b":2}}`, values{"$.m.*": "2"}},
		{"a message that does not match", `{ $.a = 1 }`, `{"a":2}`, nil},
		{"a message that is not JSON", `{ $.a = 1 }`, `{"a":1`, nil},
	}
	for _, tt := range tests {
		t.Log(tt.rule)
		checkValues(t, tt.pattern, tt.message, tt.want)
	}
}

func TestExtractSpace(t *testing.T) {
	tests := []struct {
		rule, pattern, message string
		want                   values
	}{
		{"the last field takes the rest", `[w1=ERROR, w2]`, "ERROR  a  b \n", values{"$w1": "ERROR", "$w2": "a  b"}},
		{"a rest of one word is a word", `[w1, w2]`, `a "b c"`, values{"$w1": "a", "$w2": "b c"}},
		{"a longer rest keeps its quotes", `[w1, w2]`, `a "b c" d`, values{"$w1": "a", "$w2": `"b c" d`}},
		{"fields without a name have numbers", `[,a,]`, `x y z`, values{"$1": "x", "$a": "y", "$3": "z"}},
		{"words of the ellipsis have numbers", `[a, ..., b]`, `x 2 3 y`, values{"$a": "x", "$2": "2", "$3": "3", "$b": "y"}},
		{"the ellipsis may stand for none", `[a, ..., b]`, `x y`, values{"$a": "x", "$b": "y"}},
		{"the ellipsis at the end", `[a, ...]`, `x [y z] "w"`, values{"$a": "x", "$2": "y z", "$3": "w"}},
		{"no words", `[]`, ` `, values{}},
		{"not enough words", `[a, b]`, `x`, nil},
	}
	for _, tt := range tests {
		t.Log(tt.rule)
		checkValues(t, tt.pattern, tt.message, tt.want)
	}
}

func TestField(t *testing.T) {
	tests := []struct{ pattern, name, message, want string }{
		{`{ $.a = 1 }`, `$.size`, `{"size":17}`, "17"},
		{`{ $.a = 1 }`, `$.a.b[1]`, `{"a":{"b":["x","y\\"]}}`, `y\`},
		{`{ $.a = 1 }`, `$.a[*]`, `{"a":[{},"x","y"]}`, "x"},
		{`{ $.a = 1 }`, `$.size`, `{"size":{}}`, "none"},
		{`{ $.a = 1 }`, `$.size`, `no JSON`, "none"},
		{`[..., size]`, `$size`, apache, "1534"},
		{`[..., size]`, `$1`, apache, "127.0.0.1"},
		{`[..., size]`, `$7`, apache, "none"},
		{`[a, , c]`, `$2`, "x y z", "y"},
		{`[a, , c]`, `$c`, "x y", "none"},
	}
	for _, tt := range tests {
		f, err := mustParse(t, tt.pattern).Field(tt.name)
		if err != nil {
			t.Errorf("%s of %s: %v", tt.name, tt.pattern, err)
			continue
		}
		got, ok := f.Read(tt.message)
		if !ok {
			got = "none"
		}
		if got != tt.want {
			t.Errorf("%s of %q is %q, want %q", tt.name, tt.message, got, tt.want)
		}
	}

	refused := []struct {
		pattern, name string
		offset        int
	}{
		{`{ $.a = 1 }`, `size`, 0},
		{`{ $.a = 1 }`, `$size`, 1},
		{`{ $.a = 1 }`, `$.a = 1`, 3},
		{`{ $.a = 1 }`, ``, 0},
		{`[a, , c]`, `$1`, 1},
		{`[a, , c]`, `$4`, 1},
		{`[a, , c]`, `$b`, 1},
		{`[a, ...]`, `$1`, 1},
		{`[a, ...]`, `$02`, 1},
		{`[a, ...]`, `a`, 0},
		{`[a, ...]`, `$.a`, 1},
		{`ERROR`, `$a`, 0},
		{`%ERROR%`, `$.a`, 0},
	}
	for _, tt := range refused {
		_, err := mustParse(t, tt.pattern).Field(tt.name)
		var syntax *filterpattern.SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != tt.offset {
			t.Errorf("%q of %s: %v, want an error at %d", tt.name, tt.pattern, err, tt.offset)
		}
	}
}

func TestRegexes(t *testing.T) {
	for pattern, want := range map[string]int{"": 0, "ERROR": 0, "%a%": 1, `"%a%"`: 0, "{ $.a = %x% && $.b = %y% }": 2, "{ $.a = 1 }": 0, "[a=%x%, b]": 1} {
		if got := mustParse(t, pattern).Regexes(); got != want {
			t.Errorf("%s: %d regular expressions, want %d", pattern, got, want)
		}
	}
}
