package conformance

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func protocolRules() []Rule {
	return area("Protocol",
		rule(wireProtocol, "an error is a JSON object with its type and a message", func(p *probe) {
			a := p.send("CreateLogGroup", []byte(`{}`))
			name, text := a.error()
			if name != invalid || text == "" || a.status != 400 {
				p.errorf("got %d %s", a.status, shown(a.body))
			}
		}),
		rule(wireProtocol, "the content type of a response is application/x-amz-json-1.1", func(p *probe) {
			for _, body := range []string{`{}`, `{"limit":0}`} {
				a := p.send("DescribeLogGroups", []byte(body))
				if got := a.header.Get("Content-Type"); got != "application/x-amz-json-1.1" {
					p.errorf("after status %d it is %q", a.status, got)
				}
			}
		}),
		rule(wireProtocol, "every response has a unique request ID", func(p *probe) {
			seen := make(map[string]bool)
			for _, body := range []string{`{}`, `{}`, `{"limit":0}`} {
				id := p.send("DescribeLogGroups", []byte(body)).header.Get("X-Amzn-Requestid")
				if id == "" || seen[id] {
					p.errorf("the id is %q", id)
				}
				seen[id] = true
			}
		}),
		rule(wireProtocol, "the Date header is the current time, by which clients correct their clock", func(p *probe) {
			date := p.send("DescribeLogGroups", []byte(`{}`)).header.Get("Date")
			at, err := http.ParseTime(date)
			if err != nil || time.Since(at).Abs() > 5*time.Minute {
				p.errorf("it is %q", date)
			}
		}),
		rule("CreateLogGroup", "an operation without output returns 200 and an empty body", func(p *probe) {
			a := p.send("CreateLogGroup", fmt.Appendf(nil, `{"logGroupName":%q}`, p.newName("")))
			if body := strings.TrimSpace(string(a.body)); a.status != 200 || body != "" && body != "{}" {
				p.errorf("got %d %s", a.status, shown(a.body))
			}
		}),
		rule(commonErrors, "an operation that does not exist is UnknownOperationException", func(p *probe) {
			a := p.send("MakeCoffee", []byte(`{}`))
			if name, _ := a.error(); name != "UnknownOperationException" || a.status != 400 && a.status != 404 {
				p.errorf("got %d %s", a.status, shown(a.body))
			}
		}),
		rule(commonErrors, "a body that is not JSON is SerializationException", func(p *probe) { p.unreadable(`{"logGroupName":`) }),
		rule(commonErrors, "a body that is not an object is SerializationException", func(p *probe) { p.unreadable(`["logGroupName"]`) }),
		rule(commonErrors, "a member of the wrong type is SerializationException", func(p *probe) { p.unreadable(`{"logGroupName":{}}`) }),
		rule("PutLogEvents", "a body that is not UTF-8 is refused", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			a := p.send("PutLogEvents", p.putBody(group, stream, "bad \xff byte"))
			if a.status != 400 {
				p.errorf("got %d %s", a.status, shown(a.body))
			}
			p.wantStored(group, stream)
		}),
		rule(awsAgent, "a body may be compressed with gzip", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write(p.putBody(group, stream, "compressed")) // writes to memory
			_ = z.Close()
			if a := p.send("PutLogEvents", b.Bytes(), "Content-Encoding", "gzip"); a.status != 200 {
				p.fatalf("got %d %s", a.status, shown(a.body))
			}
			p.wantStored(group, stream, "compressed")
		}),
		rule(commonErrors, "a body that cannot be decompressed is MalformedHttpRequestException", func(p *probe) {
			a := p.send("DescribeLogGroups", []byte(`{}`), "Content-Encoding", "gzip")
			if name, _ := a.error(); name != "MalformedHttpRequestException" || a.status != 400 {
				p.errorf("got %d %s", a.status, shown(a.body))
			}
		}),
		rule(wireProtocol, "text is returned unchanged, whatever its characters", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			texts := []string{"é 漢 🙂", "<&> \u2028 \\ \" /", "tab\tnewline\nreturn\r", "\x01\x7f", " ", strings.Repeat("x", 300_000)}
			p.put(group, stream, events(texts...)...)
			p.wantStored(group, stream, texts...)
		}),
		rule(wireProtocol, "members with the value null count as absent", func(p *probe) {
			group, stream := p.stored("one")
			a := p.send("GetLogEvents", fmt.Appendf(nil, `{"logGroupName":%q,"logStreamName":%q,"limit":null,"nextToken":null,"startTime":null}`, group, stream))
			if a.status != 200 {
				p.errorf("got %d %s", a.status, shown(a.body))
			}
		}),
	)
}

// error returns the code and text of an error.
func (a rawResponse) error() (name, text string) {
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // in any case
	}
	_ = json.Unmarshal(a.body, &e) // a response that is not an error has no code
	if i := strings.LastIndexByte(e.Type, '#'); i >= 0 {
		e.Type = e.Type[i+1:] // clients remove a namespace
	}
	return e.Type, e.Message
}

// unreadable checks that a body is refused as not decodable.
func (p *probe) unreadable(body string) {
	a := p.send("CreateLogGroup", []byte(body))
	if name, _ := a.error(); name != serialization || a.status != 400 {
		p.errorf("got %d %s", a.status, shown(a.body))
	}
}

// putBody returns the body of a PutLogEvents request with a literal message.
func (p *probe) putBody(group, stream, message string) []byte {
	return fmt.Appendf(nil, `{"logGroupName":"%s","logStreamName":"%s","logEvents":[{"timestamp":%d,"message":"%s"}]}`,
		group, stream, time.Now().UnixMilli(), message)
}
