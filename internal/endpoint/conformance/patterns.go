package conformance

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// match is a filter pattern with messages that it matches and messages that it does not match.
type match struct {
	pattern string
	yes, no []string
}

// list returns a list of messages.
func list(messages ...string) []string { return messages }

// matches returns a rule about what patterns match.
func matches(source, text string, examples ...match) Rule {
	return Rule{Source: source, Text: text, examples: examples, probe: func(p *probe) {
		// A stream for each pattern, so that they are independent.
		group := p.group()
		for i, m := range examples {
			stream := fmt.Sprint(i)
			p.stream(group, stream)
			// Matching messages are between others.
			all := slices.Concat(m.no, m.yes, m.no)
			p.put(group, stream, events(all...)...)
			p.want(m.pattern, m.yes, func() []string {
				out, err := p.FilterLogEvents(p.ctx, &logs.FilterLogEventsInput{LogGroupName: &group, LogStreamNames: []string{stream}, FilterPattern: &m.pattern})
				if err != nil {
					p.fatalf("%s: %w", m.pattern, brief(err))
				}
				return filtered(out.Events)
			})
		}
	}}
}

// malformed returns a rule about patterns that are refused.
func malformed(source, text string, patterns ...string) Rule {
	return rule(source, text, func(p *probe) {
		group := p.group()
		for _, pattern := range patterns {
			_, err := p.FilterLogEvents(p.ctx, &logs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: aws.String(pattern)})
			switch {
			case err == nil:
				p.errorf("%s is accepted", pattern)
			case codeOf(err) != invalid:
				p.errorf("%s: got %w", pattern, brief(err))
			}
		}
	})
}

func termRules() []Rule {
	const (
		bad      = "[ERROR 400] BAD REQUEST"
		unauth   = "[ERROR 401] UNAUTHORIZED REQUEST"
		missing  = "[ERROR 419] MISSING ARGUMENTS"
		arg      = "[ERROR 420] INVALID ARGUMENTS"
		internal = "[ERROR 500] INTERNAL SERVER ERROR"
		info     = "[INFO] REQUEST DONE"
	)
	return area("Patterns: terms",
		matches(patternSyntax, "an empty pattern matches all events", match{"", list(bad, info, " "), nil}),
		matches(patternSyntax, "a term matches events that contain it", match{"ERROR", list(bad, unauth, missing, arg), list(info, "fine")}),
		matches(patternSyntax, "case matters", match{"error", list("an error"), list(bad, "Error")}),
		matches(patternSyntax, "several terms must occur, in any order", match{"ARGUMENTS ERROR", list(missing, arg), list(bad, unauth, "ARGUMENTS")}),
		matches(recorded, "a term may be part of a word", match{"ERROR", list("TERROR", "ERROR_ARGUMENTS", "ERROR-REQUEST", "ERRORCODE: -1"), list("ERR OR")}),
		matches(patternSyntax, "a quoted phrase matches literally",
			match{`"INTERNAL SERVER ERROR"`, list(internal), list(bad, "INTERNAL  SERVER ERROR", "ERROR SERVER INTERNAL")}),
		matches(patternSyntax, "a term with other characters must be quoted",
			match{`"[ERROR 400]"`, list(bad), list(unauth)},
			match{`"hello-world"`, list("say hello-world"), list("hello world")}),
		matches(patternSyntax, "terms and phrases must both occur", match{`"BAD REQUEST" 400`, list(bad), list("BAD REQUEST", "400")}),
		matches(patternSyntax, "of terms with a question mark, one must occur", match{"?ERROR ?ARGUMENTS", list(bad, missing, "ARGUMENTS"), list(info)}),
		matches(patternSyntax, "phrases may have a question mark", match{`?"BAD REQUEST" ?MISSING`, list(bad, missing), list(arg)}),
		matches(patternSyntax, "terms with a question mark are ignored beside other terms",
			match{"?ERROR ?ARGUMENTS REQUEST", list(bad, unauth, info), list(missing, arg)},
			match{"?ERROR ?ARGUMENTS -REQUEST", list(missing, arg, "fine"), list(bad, info)}),
		matches(patternSyntax, "a term with a minus must not occur", match{"ERROR -ARGUMENTS", list(bad, unauth), list(missing, arg, info)}),
		matches(patternSyntax, "a phrase may have a minus", match{`ERROR -"BAD REQUEST"`, list(unauth, missing, arg), list(bad, info)}),
		matches(patternSyntax, "several terms may have a minus", match{"ERROR -ARGUMENTS -UNAUTHORIZED", list(bad), list(missing, arg, unauth)}),
		matches(patternSyntax, "a term with a minus may be the only one", match{"-ERROR", list(info, "fine"), list(bad, "TERROR")}),
		matches(patternSyntax, "a quoted space matches all events", match{`" "`, list(bad, info), nil}),
		malformed(recorded, "an unclosed quotation mark is refused", `"ERROR`),
		malformed(patternSyntax, "an unquoted term may contain only letters, digits and underscores", "ERR*", "a=b", "time:12", "(x)"),
	)
}

func regexRules() []Rule {
	return area("Patterns: regular expressions",
		matches(patternSyntax, "a regular expression is enclosed in percent signs, and matches anywhere",
			match{"%AUTHORIZED%", list("[ERROR 401] UNAUTHORIZED REQUEST", "[SUCCESS 200] AUTHORIZED REQUEST"), list("denied")}),
		matches(regexSyntax, "^ matches the beginning of the event", match{`%^[hc]at%`, list("hat trick", "cat"), list("a hat", "chat")}),
		matches(regexSyntax, "$ matches the end of the event", match{`%[hc]at$%`, list("a hat", "cat"), list("cats", "hat trick")}),
		matches(regexSyntax, "? matches zero or one time", match{`%colou?r%`, list("color", "colour"), list("colouur")}),
		matches(regexSyntax, "[] matches one of the characters or ranges", match{`%[abc]x%`, list("ax", "bx"), list("dx", "x")}, match{`%^[a-f0-9]+$%`, list("c0ffee"), list("coffee")}),
		matches(regexSyntax, "[^] matches any other character", match{`%^[^a-z]+$%`, list("ABC 1"), list("ABc")}),
		matches(regexSyntax, "{m,n} matches m to n times", match{`%^a{3,5}$%`, list("aaa", "aaaaa"), list("aa", "aaaaaa")}),
		matches(regexSyntax, "either bound of {m,n} may be absent", match{`%^a{2,}$%`, list("aa", "aaaa"), list("a")}, match{`%^a{,2}b%`, list("b", "aab"), list("aaab")}),
		matches(regexSyntax, "{m} matches m times", match{`%^1{3}$%`, list("111"), list("11", "1111")}),
		matches(regexSyntax, "| matches either side", match{`%gray|grey%`, list("gray", "a grey cat"), list("green")}),
		matches(regexSyntax, `\ makes an operator literal`, match{`%10\.10\.0\.1%`, list("to 10.10.0.1"), list("10010,051")}, match{`%\[1\]\$%`, list("[1]$"), list("1")}),
		matches(regexSyntax, "* matches any number of times", match{`%^ab*c$%`, list("ac", "abbc"), list("axc")}),
		matches(regexSyntax, "+ matches at least once", match{`%^ab+c$%`, list("abc", "abbc"), list("ac")}),
		matches(regexSyntax, ". matches any character", match{`%^.at$%`, list("hat", "#at", "4at"), list("at", "goat")}),
		matches(regexSyntax, `\d matches a digit, \D any other character`, match{`%^\d\D$%`, list("1a", "0 "), list("11", "a1")}),
		matches(regexSyntax, `\s matches white space, \S any other character`, match{`%^a\s\S$%`, list("a b", "a\tb"), list("a  ", "ab")}),
		matches(regexSyntax, `\w matches a letter, digit or underscore, \W any other character`, match{`%^\w\W$%`, list("a-", "_ ", "9!"), list("ab", "--")}),
		matches(regexSyntax, `\xhh matches the character with that code`, match{`%hello\x21%`, list("hello!"), list("hello", "hello1")}, match{`%\x5f%`, list("a_b"), list("ab")}),
		matches(regexSyntax, "the symbols : _ # = @ / ; , - stand for themselves", match{`%^:_#=@/;,-$%`, list(":_#=@/;,-"), list(":_#=@/;,")}),
		matches(patternSyntax, "an expression may contain spaces", match{`%^starting|^initializing|^shutting down%`, list("starting up", "shutting down now"), list("now starting", "shutting")}),
		malformed(regexSyntax, "parentheses are refused", `%(ERROR|WARN)%`, `%ERROR(?= 500)%`),
		malformed(regexSyntax, "other symbols are refused", `%something!%`, `%a&b%`, `%"%`, `%<x>%`),
		malformed(regexSyntax, "multibyte characters are refused", `%café%`),
		malformed(regexSyntax, "an invalid expression is refused", `%[abc%`, `%*%`),
	)
}

// cloudTrail is the event in the documents' examples.
const (
	cloudTrail = `{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"ThisFlag":true,"user":{"id":1,"email":"John.Stiles@example.com"},"users":[{"id":2,"email":"John.Doe@example.com"},{"id":3,"email":"Jane.Doe@example.com"}],"actions":["GET","PUT","DELETE"],"coordinates":[[0,1,2],[4,5,6],[7,8,9]]}`
	otherTrail = `{"eventType":"StopTrail","sourceIPAddress":"123.123.9.9","ThisFlag":false}`
)

func jsonRules() []Rule {
	v := func(values ...string) []string {
		var messages []string
		for _, s := range values {
			messages = append(messages, `{"v":`+s+`}`)
		}
		return messages
	}
	return area("Patterns: JSON",
		matches(patternSyntax, "= compares a property with a string", match{`{ $.eventType = "UpdateTrail" }`, list(cloudTrail), list(otherTrail)}),
		matches(patternSyntax, "!= is true for another string", match{`{ $.eventType != "UpdateTrail" }`, list(otherTrail), list(cloudTrail)}),
		matches(patternSyntax, "strings are case-sensitive", match{`{ $.v = "Alpha" }`, v(`"Alpha"`), v(`"alpha"`, `"Alphabet"`)}),
		matches(patternSyntax, "a string of letters, digits and underscores may be unquoted", match{`{ $.v = Alpha_1 }`, v(`"Alpha_1"`), v(`"Alpha"`)}),
		matches(patternSyntax, "white space around the parts does not matter", match{`{$.v="x"}`, v(`"x"`), v(`"y"`)}, match{`{  $.v   =   "x"   }`, v(`"x"`), v(`"y"`)}),
		matches(patternSyntax, "an asterisk in a string matches any text", match{`{ $.sourceIPAddress != 123.123.* }`, list(cloudTrail), list(otherTrail)},
			match{`{ $.v = "Alpha*" }`, v(`"Alpha"`, `"Alphabet"`), v(`"xAlpha"`)}, match{`{ $.v = "*Event" }`, v(`"PutEvent"`, `"Event"`), v(`"Events"`)}, match{`{ $.v = "*html*" }`, v(`"a.html?x"`), v(`"htm"`)}),
		matches(patternSyntax, "a lone asterisk matches any value", match{`{ $.v = * }`, v(`"x"`, `1`, `""`), list(`{"w":1}`, "not JSON")}),
		matches(patternSyntax, "numbers are compared with = and !=", match{`{ $.v = 400 }`, v(`400`, `400.0`, `4e2`), v(`401`)}, match{`{ $.v != 500 }`, v(`400`), v(`500`, `5e2`)}),
		matches(patternSyntax, "numbers are compared with < > <= >=", match{`{ $.v > 75 }`, v(`76`, `75.5`), v(`75`, `-76`)}, match{`{ $.v < 50 }`, v(`49`, `-50`), v(`50`)},
			match{`{ $.v >= 60 }`, v(`60`, `61`), v(`59.9`)}, match{`{ $.v <= 5 }`, v(`5`, `0`), v(`5.1`)}),
		matches(patternSyntax, "numbers may have a sign and an exponent", match{`{ $.v = 1e-3 }`, v(`0.001`), v(`1000`)}, match{`{ $.v = 1e+3 }`, v(`1000`), v(`1`)}, match{`{ $.v != 1e+3 }`, v(`1`), v(`1000`)},
			match{`{ $.v > +1000 }`, v(`1001`), v(`1000`)}, match{`{ $.v = -1 }`, v(`-1`), v(`1`)}, match{`{ $.v < 55.5 }`, v(`55.4`), v(`55.5`)}),
		matches(patternSyntax, "an asterisk may be part of a number", match{`{ $.v = 4* }`, v(`404`, `"4xx"`), v(`500`)}),
		matches(patternSyntax, "a property of a property is selected", match{`{ $.user.id = 1 }`, list(cloudTrail), list(otherTrail)}),
		matches(patternSyntax, "an element of an array is selected by its index, from 0", match{`{ $.arrayKey[0] = "value" }`, list(cloudTrail), list(otherTrail, `{"arrayKey":["x","value"]}`, `{"arrayKey":"value"}`)}),
		matches(patternSyntax, "elements may be objects, and arrays", match{`{ $.objectList[1].id = 2 }`, list(cloudTrail), list(otherTrail)}, match{`{ $.coordinates[0][1] = 1 }`, list(cloudTrail), list(otherTrail)}),
		matches(patternSyntax, "[*] selects every element", match{`{ $.users[*].id = 3 }`, list(cloudTrail), list(otherTrail, `{"users":[{"id":4}]}`)}, match{`{ $.actions[*] = "PUT" }`, list(cloudTrail), list(otherTrail)}),
		matches(patternSyntax, ".* selects every property", match{`{ $.* = "hit" }`, list(`{"a":"miss","b":"hit"}`), list(`{"a":"miss"}`, `{"a":{"b":"hit"}}`)}, match{`{ $.a.*.c = 1 }`, list(`{"a":{"x":{"c":1}}}`), list(`{"a":{"c":1}}`)}),
		matches(patternSyntax, "a name with a dot is written in brackets and single quotation marks", match{`{ $.['cluster.name'] = "c" }`, list(`{"cluster.name":"c"}`), list(`{"cluster":{"name":"c"}}`)}),
		matches(patternSyntax, "names may contain hyphens and underscores", match{`{ $.x-y_z = 1 }`, list(`{"x-y_z":1}`), list(`{"x":1}`)}),
		matches(patternSyntax, "a selector that ends at an object or an array does not match", match{`{ $.users = 1 }`, nil, list(`{"users":[1,2,3]}`, `{"users":{"id":1}}`)}, match{`{ $.users != 1 }`, nil, list(`{"users":[1,2,3]}`, `{"users":{"id":1}}`)}),
		matches(patternSyntax, "IS NULL is true for null", match{`{ $.SomeObject IS NULL }`, list(cloudTrail), list(otherTrail, `{"SomeObject":"null"}`)}),
		matches(patternSyntax, "IS TRUE and IS FALSE are true for true and false", match{`{ $.ThisFlag IS TRUE }`, list(cloudTrail), list(otherTrail, `{"ThisFlag":"true"}`, `{"ThisFlag":1}`)}, match{`{ $.ThisFlag IS FALSE }`, list(otherTrail), list(cloudTrail)}),
		matches(patternSyntax, "NOT EXISTS is true for a missing value", match{`{ $.SomeOtherObject NOT EXISTS }`, list(cloudTrail, otherTrail), list(`{"SomeOtherObject":1}`, `{"SomeOtherObject":null}`)}),
		malformed(patternSyntax, "IS NOT and EXISTS are refused", `{ $.v IS NOT NULL }`, `{ $.v EXISTS }`),
		matches(patternSyntax, "&& requires both conditions", match{`{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }`, list(cloudTrail), list(otherTrail, `{"user":{"id":1}}`)}),
		matches(patternSyntax, "|| requires one condition", match{`{ $.eventType = "UpdateTrail" || $.eventType = "StopTrail" }`, list(cloudTrail, otherTrail), list(`{"eventType":"x"}`)}),
		matches(patternSyntax, "&& has precedence over ||", match{`{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nonmatch" }`, list(cloudTrail), list(otherTrail)}),
		matches(patternSyntax, "parentheses have precedence over &&", match{`{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nonmatch" }`, nil, list(cloudTrail, otherTrail)},
			match{`{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }`, nil, list(cloudTrail)}),
		matches(patternSyntax, "a value may be a regular expression", match{`{ $.eventType = %Trail% }`, list(cloudTrail, otherTrail), list(`{"eventType":"Stop"}`)}, match{`{ $.arrayKey[*] = %val.{2}$% }`, list(cloudTrail), list(otherTrail)},
			match{`{ $.* = %^111\.111\.111\.1[0-9]{1,2}$% }`, list(cloudTrail), list(otherTrail)}, match{`{ $.v != %^a% }`, v(`"b"`), v(`"a"`)}),
		matches(patternSyntax, "two regular expressions are allowed", match{`{ $.v = %^a% && $.v = %b$% }`, v(`"ab"`), v(`"a"`)}),
		malformed(patternSyntax, "three regular expressions are refused", `{ $.v = %a% || $.v = %b% || $.v = %c% }`),
		matches(patternSyntax, "three wildcard selectors are allowed", match{`{ $.a[*] = 1 || $.b[*] = 1 || $.* = 1 }`, list(`{"b":[2,1]}`), list(`{"b":[2]}`)}),
		malformed(patternSyntax, "four wildcard selectors are refused", `{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.* = 1 }`),
		malformed(patternSyntax, "two wildcards in one selector are refused", `{ $.items[*].* = 1 }`),
		matches(patternSyntax, "an event that is not JSON does not match", match{`{ $.v NOT EXISTS }`, list(`{}`), list("not JSON", `{"v":1`, `[{"w":1}]`)}, match{`{ $.v != 1 }`, v("2"), list("not JSON")}),
		malformed(patternSyntax, "an unclosed pattern is refused", `{ $.v = 1`, `{ ($.v = 1 }`, `{ $.v = "x }`),
		malformed(patternSyntax, "an incomplete condition is refused", `{ $.v = }`, `{ $.v }`, `{ = 1 }`, `{ }`, `{ $.v = 1 && }`),
		malformed(patternSyntax, "other operators are refused", `{ $.v == 1 }`, `{ $.v ~ 1 }`, `{ !($.v = 1) }`, `{ $.v > 0 AND $.v < 2 }`),
		malformed(patternSyntax, "strings are not ordered", `{ $.v > "Alpha" }`),
		malformed(patternSyntax, "a selector must begin with $", `{ v = 1 }`, `{ .v = 1 }`, `{ "v": [1] }`),
		malformed(patternSyntax, "other selectors are refused", `{ $..v = 1 }`, `{ $.a[-1] = 1 }`, `{ $.a[0:2] = 1 }`, `{ $.a[x] = 1 }`),
		matches(recorded, "!= is false for a missing value", match{`{ $.v != 1 }`, v(`2`, `"x"`, `"1.0"`), list(`{}`, `{"v":null}`, `{"v":true}`, `{"v":1}`, `{"v":"1"}`)}),
		matches(recorded, "a number matches a string with the same digits", match{`{ $.v = 1 }`, v(`1`, `1.0`, `1e0`, `"1"`), v(`"1.0"`, `true`)}, match{`{ $.v = "1" }`, v(`1`, `"1"`), v(`1.0`, `"1.0"`)}),
		matches(recorded, "strings are not compared with numbers by size", match{`{ $.v > 1 }`, v(`1.5`, `10`), v(`"10"`, `1`)}),
		matches(recorded, "of two members with the same name the last one counts", match{`{ $.v = 1 }`, list(`{"v":2,"v":1}`), list(`{"v":1,"v":2}`)}),
		matches(recorded, "each condition selects independently", match{`{ $.items[*].a = 1 && $.items[*].b = 2 }`, list(`{"items":[{"a":1},{"b":2}]}`), list(`{"items":[{"a":1}]}`)}),
		matches(recorded, "[*] also selects the properties of an object", match{`{ $.arr[*] = "hit" }`, list(`{"arr":["hit"]}`, `{"arr":{"0":"hit"}}`), list(`{"arr":"hit"}`)}),
		matches(recorded, "IS NULL is true for an array that contains null", match{`{ $.v IS NULL }`, v(`null`, `[1,null]`), v(`[1]`, `"null"`)}),
	)
}

// apache is the event in the documents' examples.
const (
	apache   = `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`
	apache2  = `127.0.0.2 Prod jane [10/Oct/2000:13:25:16 -0700] "GET /index.html HTTP/1.0" 410 0`
	apache3  = `127.0.0.3 Prod frank [10/Oct/2000:13:25:17 -0700] "POST /api HTTP/1.0" 500 2048`
	sevenTab = "127.0.0.6\tProd\tfrank\t[10/Oct/2000:13:25:20 -0700]\t\"GET /index.html HTTP/1.0\"\t404\t1534"
)

func spaceRules() []Rule {
	return area("Patterns: space-delimited",
		matches(patternSyntax, "each name is a field", match{`[ip, user, username, timestamp, request, status_code, bytes]`, list(apache, apache2, apache3), list("a b c")}),
		matches(patternSyntax, "text in brackets or quotes is one field", match{`[a, b, c]`, list(`x [1 2 3] "4 5"`), list("x y")},
			match{`[ip, user, username, timestamp = 10*, request = "GET /index.html HTTP/1.0", status_code, bytes]`, list(apache), list(apache3)}),
		matches(patternSyntax, "a field may be compared for equality, with asterisks", match{`[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]`, list(apache, apache2), list(apache3)}),
		matches(patternSyntax, "a field may be compared for inequality", match{`[ip, user, username, timestamp, request, status_code != 4*, bytes]`, list(apache3), list(apache, apache2)}),
		matches(patternSyntax, "numbers are compared by value", match{`[ip, user, username, timestamp, request, status_code, bytes > 1000]`, list(apache, apache3), list(apache2)},
			match{`[ip, user, username, timestamp, request, status_code >= 410, bytes]`, list(apache2, apache3), list(apache)}, match{`[a < 5, b <= 2]`, list("4 2", "-1 1.5"), list("5 2", "4 3", "x 1")}),
		matches(patternSyntax, "... matches any number of fields", match{`[..., request =*.html*, status_code = 4*, bytes]`, list(apache, apache2), list(apache3)},
			match{`[ip, user, ...]`, list(apache, "a b"), list("a")}, match{`[ip, ..., status_code, bytes = 0]`, list(apache2), list(apache)}),
		matches(patternSyntax, "|| and && combine conditions of a field", match{`[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]`, list(apache, apache2), list(apache3)},
			match{`[ip, user, username, timestamp, request, status_code = 4* && status_code != 404, bytes]`, list(apache2), list(apache, apache3)}),
		matches(patternSyntax, "a value may be a regular expression", match{`[ip=%127\.0\.0\.[1-2]%, user, username, timestamp, request, status_code, bytes]`, list(apache, apache2), list(apache3)}),
		matches(patternSyntax, "the first word is matched, and the last name takes the rest", match{`[w1=ERROR, w2]`, list("ERROR request failed", "ERROR x"), list("INFO ERROR", "WARNING request")}),
		matches(patternSyntax, "the first word may be one of two", match{`[w1=ERROR || w1=%WARN%, w2]`, list("ERROR x", "WARNING x y"), list("INFO WARN x")}),
		matches(patternSyntax, "the first word may be neither of two", match{`[w1!=ERROR && w1!=WARNING, w2]`, list("INFO x", "DEBUG x y"), list("ERROR x", "WARNING x")}),
		matches(recorded, "a line must have at least as many fields as names", match{`[w1, w2]`, list("a b", "a b c"), list("a")}),
		matches(recorded, "tabs and several spaces also separate fields", match{`[ip, user, username, timestamp, request, status_code = 404, bytes > 1000]`, list(sevenTab), list(apache3)}, match{`[a, b = x]`, list("1   x"), list("1 y")}),
		matches(recorded, "an unclosed quotation mark is text", match{`[..., c = words]`, list(`ERROR "unterminated words`), list("ERROR other")}),
		matches(patternSyntax, "two regular expressions are allowed", match{`[a = %^x%, b = %y$%]`, list("x1 2y"), list("x1 2")}),
		malformed(patternSyntax, "three regular expressions are refused", `[a = %x%, b = %y%, c = %z%]`),
		malformed(patternSyntax, "an unclosed pattern is refused", `[a, b`, `[a = "x, b]`),
		malformed(patternSyntax, "a condition without a value is refused", `[a =, b]`, `[a >, b]`),
		malformed(recorded, "two ellipses are refused", `[..., a, ...]`),
		malformed(recorded, "two fields with the same name are refused", `[word, word]`),
	)
}

// allExamples returns the examples of all rules about patterns.
func allExamples() (all []match) {
	for _, r := range slices.Concat(termRules(), regexRules(), jsonRules(), spaceRules()) {
		all = append(all, r.examples...)
	}
	return all
}

// tested returns the messages that match according to TestMetricFilter.
func (p *probe) tested(pattern string, messages []string) []string {
	out, err := p.TestMetricFilter(p.ctx, &logs.TestMetricFilterInput{FilterPattern: &pattern, LogEventMessages: messages})
	if err != nil {
		p.fatalf("%s: %w", pattern, brief(err))
	}
	found := []string{}
	for _, m := range out.Matches {
		found = append(found, *m.EventMessage)
	}
	return found
}
