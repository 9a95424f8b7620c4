package filterpattern_test

import "testing"

// Published responses of the service, where the documents say less. They decide.
func TestPublished(t *testing.T) {
	// A test suite compared with TestMetricFilter, 2020.
	event := `{"someString": "111.111.111.111", "emptyString": "", "someInt": 123, "someFloat": 12.34, "someFloat2": 12.0,
		"someEscaped": "error \"message\"", "someObject": {}, "someArray": [], "someNull": null}`
	var rows []row
	for _, yes := range []string{
		`$.someString = "111.111.111.111"`, `$.someString = "*"`, `$.emptyString = "*"`, `$.someString = *.111.111.111`,
		`$.someString != 222*`, `$.someString != "*222"`, `$.someString != 222`, `$.someString != 111`, `$.someString = 111.111.111.111`,
		`$.someInt = "123"`, `$.someInt != "123.0"`, `$.someInt = 123.0`, `$.someInt = *`, `$.someInt = "12*"`, `$.someInt = *23`, `$.someInt != 321*`,
		`$.someFloat = "12.34"`, `$.someFloat = 12.3*`, `$.someFloat = "*.34"`, `$.someFloat != "4*1"`, `$.someFloat2 != "12"`, `$.someFloat2 = 12`,
		`$.someEscaped = "error \"message\""`,
	} {
		rows = append(rows, row{"{ " + yes + " }", []string{event}, nil})
	}
	for _, no := range []string{
		`$.someString > 123`, `$.someString <= 123`, `$.someString = 123`, `$.someInt = "123.00"`, `$.someInt != 123`, `$.someInt != 1*3`,
		`$.someObject = 123`, `$.someObject != 123`, `$.someObject >= 123`, `$.someObject != "123"`, `$.someArray != "someString"`,
	} {
		rows = append(rows, row{"{ " + no + " }", nil, []string{event}})
	}
	checkRows(t, rows)
	checkRefused(t, `{ $.someString > unquoted_string }`, `{ $.someString <= "quoted_string" }`, `{ $.someString < "123" }`, ` {$.ThisFlag IS TRUE} `)

	checkRows(t, []row{
		// DataBiosphere/azul#5884: != is false for a missing field. #8228 uses NOT EXISTS for it,
		// and a wildcard in the middle.
		{`{($.errorCode = "AccessDenied") && ($.userIdentity.invokedBy != "cloudfront.amazonaws.com")}`, nil, []string{`{"errorCode": "AccessDenied", "userIdentity": {"accountId": "anonymous"}}`}},
		{`{($.userIdentity.invokedBy NOT EXISTS) || ($.bucketName != "hca-dev-*.us-east-1")}`, []string{`{}`, `{"userIdentity":{"invokedBy":"x"},"bucketName":"hca-prod-1.us-east-1"}`}, []string{`{"userIdentity":{"invokedBy":"x"},"bucketName":"hca-dev-1.us-east-1"}`}},
		// Patterns that localstack validated against the service.
		{`%Success%`, []string{"Successful message", `{"Message": Success}`}, []string{"Error"}},
		{`%[mM]essage%`, []string{"Successful message", `{"Message": Success}`}, []string{"Error"}},
		{`%}$%`, []string{`{"Message": Success}`}, []string{"Error: {'Hello, World'} is not a valid object"}},
		{`{ $.somekey = "value1" }`, []string{`{"somekey":"value1","foo":"bar"}`}, []string{"mymessage"}},
		{`{ ($.first = "*") && ($.second = "*") }`, []string{`{"second": "variation", "first": "should be fine"}`}, []string{"first", `{"first": "hello"}`}},
		{" ", []string{"anything"}, nil},
		// Patterns that AWS proposes for Lambda logs, which are separated by tabs, and patterns in
		// use for whole lines.
		{`[timestamp=*Z, request_id="*-*", event]`, []string{"2016-10-20T13:54:08.438Z\tabcf198d-96cc-11e6-991c-d5944f403706\tReceived event: {\n  \"params\": {}\n}\n"}, []string{"START RequestId: abcf198d-96cc-11e6-991c-d5944f403706 Version: $LATEST\n"}},
		{`[(w1="*ERROR*" || w1="*Exception*") && w1!="*WARN*"]`, []string{"an ERROR of ours", "java.lang.Exception: \"x\" y"}, []string{"WARN: no ERROR", "all is well"}},
		{`[(w1="*error*") && w1!="*HTTP/1.1\" 404*"]`, []string{`"GET /error HTTP/1.1" 500`}, []string{`"GET /error HTTP/1.1" 404`}},
	})
	// Responses of TestMetricFilter and FilterLogEvents that radkawar/stackd recorded in 2026, in
	// testdata/aws/logs/filters.json, where there is no other source.
	checkRows(t, []row{
		{`{ $.v IS NULL }`, []string{`{"v":null}`, `{"v":[1,"Alpha",null]}`}, []string{`{}`, `{"v":"null"}`, `{"v":[]}`, `{"v":{}}`}},
		{`{ $.arr[*] = "hit" }`, []string{`{"arr":["miss","hit"]}`, `{"arr":{"0":"hit"}}`}, []string{`{"arr":"hit"}`, `{"arr":[["hit"]]}`, `{"arr":[null]}`}},
		{`{ $.v = 1 }`, []string{`{"v":1}`, `{"v":1.0}`, `{"v":1e0}`, `{"v":"1"}`, `{"v":2,"v":1}`}, []string{`{"v":"1.0"}`, `{"v":true}`, `{"v":1,"v":2}`, `[{"v":1}]`, `not JSON`}},
		{`{ $.v = "1" }`, []string{`{"v":1}`, `{"v":"1"}`}, []string{`{"v":1.0}`, `{"v":1e0}`}},
		{`{ $.v = 1e+0 }`, []string{`{"v":1}`, `{"v":1.0}`}, []string{`{"v":"1"}`}},
	})
	// Refused with "Invalid character(s) in term" or "Invalid filter pattern".
	checkRefused(t, `%\(a\)%`, `PlayerSpawnedInWorld (reason`, `level\":\"error`, `?Status: timeout`, `{ $."sc-status" = 5* }`, `{ $.a = 'Root' }`,
		`{ $.message = "error-response", $.path = "/authenticate" }`, `"event": "x"`, `email@example.com`)
}
