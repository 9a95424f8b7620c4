package filterpattern_test

import (
	"errors"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/filterpattern"
)

// row is a pattern and messages that match and do not.
type row struct {
	pattern string
	yes, no []string
}

func mustParse(t testing.TB, pattern string) *filterpattern.Pattern {
	t.Helper()
	p, err := filterpattern.Parse(pattern)
	if err != nil {
		t.Fatalf("Parse(%q): %v", pattern, err)
	}
	return p
}

func checkRows(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		p, err := filterpattern.Parse(r.pattern)
		if err != nil {
			t.Errorf("Parse(%q): %v", r.pattern, err)
			continue
		}
		for _, m := range r.yes {
			if !p.Match(m) {
				t.Errorf("%s does not match %q", r.pattern, m)
			}
		}
		for _, m := range r.no {
			if p.Match(m) {
				t.Errorf("%s matches %q", r.pattern, m)
			}
		}
	}
}

func checkRefused(t *testing.T, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		_, err := filterpattern.Parse(pattern)
		if !errors.As(err, new(*filterpattern.SyntaxError)) {
			t.Errorf("Parse(%q): %v", pattern, err)
		}
	}
}

// The examples of "Filter pattern syntax for metric filters, subscription
// filters, filter log events, and Live Tail", as of 2025.

var requests = []string{
	"[ERROR 400] BAD REQUEST",
	"[ERROR 401] UNAUTHORIZED REQUEST",
	"[ERROR 419] MISSING ARGUMENTS",
	"[ERROR 420] INVALID ARGUMENTS",
}

func TestDocumentedTerms(t *testing.T) {
	checkRows(t, []row{
		{`ERROR`, requests, []string{"[INFO 200] OK", "error"}},
		{`ERROR ARGUMENTS`, requests[2:], requests[:2]},
		{`?ERROR ?ARGUMENTS`, append(requests[:4:4], "ARGUMENTS"), []string{"[INFO] REQUEST"}},
		{`?ERROR ?ARGUMENTS REQUEST`, []string{"[INFO] REQUEST FAILED", "[WARN] UNAUTHORIZED REQUEST", "[ERROR] 400 BAD REQUEST"}, requests[2:]},
		{`"INTERNAL SERVER ERROR"`, []string{"[ERROR 500] INTERNAL SERVER ERROR"}, []string{"INTERNAL ERROR of a SERVER"}},
		{`ERROR -ARGUMENTS`, requests[:2], requests[2:]},
		{`" "`, append(requests, "a b"), nil},
	})
}

func TestDocumentedRegex(t *testing.T) {
	checkRows(t, []row{
		{`%AUTHORIZED%`, []string{"[ERROR 401] UNAUTHORIZED REQUEST", "[SUCCESS 200] AUTHORIZED REQUEST"}, []string{"authorized"}},
		{"  %AUTHORIZED%", []string{"AUTHORIZED"}, nil},
		{`%\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}%`, []string{"from 192.0.2.17 to"}, []string{"1.2.3"}},
		{`%[Ee]rror|[Ff]ail%`, []string{"an Error", "error", "Failed", "fail"}, []string{"ERROR", "FAIL"}},
		{`%^[hc]at%`, []string{"hat", "cat", "hats"}, []string{"bat", "a hat"}},
		{`%[hc]at$%`, []string{"hat", "that cat"}, []string{"hats"}},
		{`%colou?r%`, []string{"color", "colour"}, []string{"colouur"}},
		{`%[abc]%`, []string{"a", "b", "c"}, []string{"d"}},
		{`%[a-z]%`, []string{"q"}, []string{"Q", "1"}},
		{`%[abcx-z]%`, []string{"a", "b", "c", "x", "y", "z"}, []string{"d", "w"}},
		{`%a{3,5}%`, []string{"aaa", "aaaa", "aaaaa"}, []string{"aa"}},
		{`%gra|ey%`, []string{"gray", "grey"}, []string{"grxy"}},
		{`%^starting|^initializing|^shutting down%`, []string{"starting ...", "initializing ...", "shutting down"}, []string{"skipping initializing ..."}},
		{`%abcc|ab[^c]$%`, []string{"abcc ...", "aba"}, []string{"aac ...", "abc"}}, // the page lacks the last percent sign
		{`%\[.\]%`, []string{"[a]", "[b]", "[7]", "[@]", "[]]", "[ ]"}, []string{"[]", "[ab]"}},
		{`%10\.10\.0\.1%`, []string{"10.10.0.1"}, []string{"10010,051"}},
		{`%10.10.0.1%`, []string{"10.10.0.1", "10010,051"}, nil},
		{` %ab*c% `, []string{"ac", "abc", "abbbc"}, []string{"ab"}},
		{`%ab[0-9]*%`, []string{"ab", "ab0", "ab129"}, []string{"a0"}},
		{`%ab+c%`, []string{"abc", "abbc", "abbbc"}, []string{"ac"}},
		{`%.at%`, []string{"hat", "cat", "bat", "4at", "#at", " at"}, []string{"at"}},
		{`%\d%`, []string{"7"}, []string{"x"}},
		{`%[0-9]%`, []string{"7"}, []string{"x"}},
		{`%\D%`, []string{"x", " "}, []string{"7"}},
		{`%[^0-9]%`, []string{"x", " "}, []string{"7"}},
		{`%\s%`, []string{"\t", " ", "\n"}, []string{"x"}},
		{`%\S%`, []string{"x"}, []string{"\t \n"}},
		{`%\w%`, []string{"a", "Z", "_", "0"}, []string{"-"}},
		{`%[a-zA-Z_0-9]%`, []string{"a", "Z", "_", "0"}, []string{"-"}},
		{`%\W%`, []string{"-", " "}, []string{"aZ_0"}},
		{`%\x3A%`, []string{":"}, []string{";"}},
		{`%\x28%`, []string{"("}, []string{")"}},
	})
	checkRefused(t, `%something!%`, `%abcc|ab[^c]$`, `%(a|b)%`, `%é%`)
}

const trail = `{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"],
	"objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "cluster.name": "c", "ThisFlag": true}`

const users = `{"user": {"id": 1, "email": "John.Stiles@example.com"},
	"users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
	"actions": ["GET", "PUT", "DELETE"], "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]]}`

func TestDocumentedJSON(t *testing.T) {
	trails, people := []string{trail}, []string{users}
	checkRows(t, []row{
		{`{ $.eventType = "UpdateTrail" }`, append(trails, `{"eventType": "UpdateTrail", "source": "cloudtrail"}`), []string{`{"eventType": "UserLogin", "userId": "123"}`, `{"eventType": "ConfigUpdate", "component": "database"}`}},
		{`{ $.sourceIPAddress != 123.123.* }`, trails, []string{`{"sourceIPAddress":"123.123.1.1"}`}},
		{`{ $.arrayKey[0] = "value" }`, trails, []string{`{"arrayKey":["x","value"]}`, `{"arrayKey":"value"}`}},
		{`{ $.eventType = %Trail% }`, trails, []string{`{"eventType":"trail"}`}},
		{`{ $.arrayKey[*] = %val.{2}% }`, append(trails, `{"arrayKey":["x","value"]}`), []string{`{"arrayKey":["val"]}`, `{"arrayKey":"value"}`}},
		{`{ $.* = %111\.111\.111\.1[0-9]{1,2}% }`, trails, []string{`{"a":{"b":"111.111.111.111"}}`}},
		{`{ $.['cluster.name'] = "c" }`, trails, []string{`{"cluster":{"name":"c"}}`}},
		{`{ $.SomeObject IS NULL }`, trails, []string{`{}`, `{"SomeObject":{}}`}},
		{`{ $.SomeOtherObject NOT EXISTS }`, trails, []string{`{"SomeOtherObject":null}`}},
		{`{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }`, people, trails},
		{`{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nonmatch" }`, people, nil},
		{`{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nonmatch" }`, nil, people},
		{`{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }`, nil, people},
		// The page of 2022 has one more, the page of 2016 others.
		{`{ $.objectList[1].id = 2 }`, trails, []string{`{"objectList":[{"id":2}]}`, `{"objectList":{"1":{"id":2}}}`, `{"objectList":[0,{"name":"b"}]}`, `{"objectList":[0,2]}`}},
		{`{ $.ThisFlag IS TRUE }`, trails, []string{`{"ThisFlag":false}`, `{"ThisFlag":"TRUE"}`}},
		{`{$.foo = bar}`, []string{`{"foo": "bar"}`}, []string{`{"foo": "baz"}`}},
		{`{$.foo = baz }`, []string{`{"foo": "baz"}`}, []string{`{"foo": "bar"}`}},
		{`{$.foo = bar || $.foo = baz }`, []string{`{"foo": "bar"}`, `{"foo": "baz"}`}, []string{`{"foo": "qux"}`}},
		{`{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }`, people, nil},
		{`{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }`, nil, people},
		{`{$.users = 1}`, nil, []string{`{"users": [1, 2, 3]}`}},
		{`{$.users != 1}`, nil, []string{`{"users": [1, 2, 3]}`}},
		{`{ $.name = *Event }`, []string{`{"name":"PutEvent"}`, `{"name":"GetEvent"}`}, []string{`{"name":"EventId"}`}},
		{`{ $.name = Event* }`, []string{`{"name":"EventId"}`, `{"name":"EventName"}`}, []string{`{"name":"PutEvent"}`}},
		{`{ $.eventType = "*" && $.sourceIPAddress != 123.123.* }`, trails, []string{`{"eventType":"x"}`}},
		{`{ $.latency = * }`, []string{`{"latency": 50, "requestType": "GET"}`}, []string{`{"requestType": "GET"}`}},
	})
	checkRefused(t, `{ $.SomeObject IS NOT NULL }`, `{ $.SomeObject EXISTS }`,
		`{ $.*.* = 1 }`, `{ $.a[*].* = 1 }`, `{ $.*=1 && $.a.*=1 && $.a[*]=1 && $.b[*]=1 }`)
}

func TestDocumentedNumbers(t *testing.T) {
	checkRows(t, []row{
		{`{ $.bandwidth > 75 }`, []string{`{"bandwidth":75.5}`}, []string{`{"bandwidth":75}`}},
		{`{ $.latency < 50 }`, []string{`{"latency":49}`}, []string{`{"latency":50}`}},
		{`{ $.refreshRate >= 60 }`, []string{`{"refreshRate":60}`}, []string{`{"refreshRate":59}`}},
		{`{ $.responseTime <= 5 }`, []string{`{"responseTime":5.0}`}, []string{`{"responseTime":5.01}`}},
		{`{ $.errorCode = 400}`, []string{`{"errorCode":400}`}, []string{`{"errorCode":401}`}},
		{`{ $.errorCode != 500 }`, []string{`{"errorCode":400}`}, []string{`{"errorCode":500}`}},
		{`{ $.number[0] = 1e+3 }`, []string{`{"number":[1000]}`}, []string{`{"number":[1e2]}`}},
		{`{ $.number[0] != 1e-3 }`, []string{`{"number":[1]}`}, []string{`{"number":[0.001]}`}},
		{`{ $.number[0] = 1e-3 }`, []string{`{"number":[0.001]}`}, []string{`{"number":[0.01]}`}},
		{`{ $.number[0] != 1e+3 }`, []string{`{"number":[1001]}`}, []string{`{"number":[1E3]}`}},
		{`{ $.latency >= 500 }`, []string{`{"latency":500}`}, []string{`{"latency":499}`}},
		{`{ $.numbers[0] < 10e3 }`, []string{`{"numbers":[9999]}`}, []string{`{"numbers":[10000]}`}},
		{`{ $.numbers[0] < 10e-3 }`, []string{`{"numbers":[0.009]}`}, []string{`{"numbers":[0.01]}`}},
		{`{ $.processes[4].averageRuntime <= 55.5 }`, []string{`{"processes":[1,2,3,4,{"averageRuntime":55.5}]}`}, []string{`{"processes":[{"averageRuntime":55.5}]}`}},
		{`{ $.latency > +1000 }`, []string{`{"latency":1001}`}, []string{`{"latency":1000}`}},
	})
}

const apache = `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`

var resources = []string{
	"INFO 09/25/2014 12:00:00 GET /service/resource/67 1200",
	"INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310",
	"WARNING 09/25/2014 12:00:02 Invalid user request",
	"ERROR 09/25/2014 12:00:02 Failed to process request",
}

func TestDocumentedSpace(t *testing.T) {
	ok := `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 200 999`
	gone := `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 410 1534`
	checkRows(t, []row{
		{`[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]`, []string{apache, gone}, []string{ok}},
		{`[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]`, []string{apache, gone}, []string{ok}},
		{`[..., request =*.html*, status_code = 4*, bytes]`, []string{apache, gone}, []string{ok}},
		{`[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]`, []string{apache, gone}, []string{ok}},
		{`[ip, server, username, timestamp, request, status_code, bytes > 1000]`, []string{apache, gone}, []string{ok}},
		{`[w1=ERROR, w2]`, resources[3:], resources[:3]},
		{`[w1=ERROR || w1=WARNING, w2]`, resources[2:], resources[:2]},
		{`[w1=ERROR || w1=%WARN%, w2]`, resources[2:], resources[:2]},
		{`[w1!=ERROR && w1!=WARNING, w2]`, resources[:2], resources[2:]},
		{`[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]`, resources[:1], resources[1:]},
		{`[logLevel, date, time, method, url=%/service/resource/[0-9]+/part/[0-9]+$%, response_time]`, resources[1:2], []string{resources[0], resources[2], resources[3]}},
		// Older pages.
		{`[..., status_code, bytes]`, []string{apache}, []string{"one"}},
		{`[ip, user, ..., status_code, bytes]`, []string{apache, "1 2 3 4"}, []string{"1 2 3"}},
		{`[ip, user, ...]`, []string{apache, "1 2"}, []string{"1"}},
		{`[ip, user, username, timestamp, request, status_code = 200, bytes]`, []string{ok}, []string{apache}},
		{`[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]`, []string{apache}, []string{ok}},
		{`[ip, user, username, timestamp, request, status_code = 4* && status_code = 5*, bytes]`, nil, []string{apache, ok}},
		{`[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]`, []string{apache}, []string{ok}},
		{`[ip, user, username, timestamp, request, status_code = 403 || status_code = 404, bytes]`, []string{apache}, []string{ok}},
		{`[IP, UserInfo, User, Timestamp, RequestInfo, StatusCode=404, Bytes]`, []string{apache}, []string{ok}},
		{`[ip, id, user, timestamp, request, status_code=4*, size]`, []string{`127.0.0.1 - - [24/Sep/2013:11:49:52 -0700] "GET /index.html HTTP/1.1" 404 287`}, []string{`127.0.0.1 - - [24/Sep/2013:11:50:51 -0700] "GET /~test/ HTTP/1.1" 200 3`}},
		{`[w1=ERROR || w1=WARN, w2]`, []string{"ERROR message", "WARN message"}, []string{"INFO message"}},
	})
	// Misprints in older pages. The service refuses the first one, see
	// awsdocs/amazon-cloudwatch-logs-user-guide#21.
	checkRefused(t, `[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]`,
		`[w1=ERROR || W1=WARNING, w2]`, `[w1=!ERROR&&w1=!WARN, w2]`)
}

// Examples that only the page of 2016 has.
func TestDocumentedOld(t *testing.T) {
	exiting := "Exiting with ERRORCODE: -1"
	fatal := "[ERROR] A fatal exception has occurred"
	checkRows(t, []row{
		{`ERROR`, []string{fatal, exiting}, nil},
		{`"ERROR" - "Exiting"`, []string{fatal}, []string{exiting}},
		{`ERROR -Exiting`, []string{fatal}, []string{exiting}},
		{`ERROR Exception`, []string{"[ERROR] Caught IllegalArgumentException", "[ERROR] Unhandled Exception"}, []string{fatal}},
		{`"ERROR" "Exception"`, []string{"[ERROR] Caught IllegalArgumentException", "[ERROR] Unhandled Exception"}, []string{fatal}},
		{`Failed to process the request`, []string{"[WARN] Failed to process the request", "[ERROR] Unable to continue: Failed to process the request"}, nil},
		{`"Failed to process the request"`, []string{"[WARN] Failed to process the request", "[ERROR] Unable to continue: Failed to process the request"}, nil},
		{`?Error ?fatal`, []string{"[Error] Unhandled Exception", fatal}, []string{"[ERROR] Caught IllegalArgumentException", exiting}},
		{`?ERROR ?WARN`, []string{"ERROR WARN message", "ERROR message", "WARN message"}, nil},
		{`ERROR WARN`, []string{"ERROR WARN message"}, []string{"ERROR message", "WARN message"}},
		{`ERROR -WARN`, []string{"ERROR message"}, []string{"ERROR WARN message", "WARN message"}},
		{`""`, []string{"anything", ""}, nil},
		{``, []string{"anything", ""}, nil},
	})
}
