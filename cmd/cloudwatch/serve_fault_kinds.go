package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
)

// gzipBomb is the decompressed size of the kind gzip-bomb; about 10 MB are sent.
const gzipBomb = 10 << 30

// faultKind is a kind of --fault.
type faultKind struct {
	name    string
	value   string // placeholder for the value after "=", for the help; "": no value
	note    string // for the help; "": none
	outcome bool   // it decides the outcome of the request; a fault can have only one
	// set adds the kind to a fault. The error describes the value that the kind needs.
	set func(f *endpoint.Fault, operation, value string) error
}

// faultKinds returns all kinds of --fault.
func faultKinds() []faultKind {
	type fault = endpoint.Fault
	refused := func(name string, e func(operation string) *endpoint.APIError) faultKind {
		return faultKind{name: name, outcome: true, set: func(f *fault, operation, _ string) error {
			f.Error = e(operation)
			return nil
		}}
	}
	always := func(e func() *endpoint.APIError) func(string) *endpoint.APIError {
		return func(string) *endpoint.APIError { return e() }
	}
	// simple returns a kind without a value.
	simple := func(name, note string, outcome bool, set func(*fault)) faultKind {
		return faultKind{name: name, note: note, outcome: outcome, set: func(f *fault, _, _ string) error {
			set(f)
			return nil
		}}
	}
	cut := func(name, note string, c endpoint.Cut) faultKind {
		return simple(name, note, true, func(f *fault) { f.Cut = c })
	}
	valued := func(name, value, note string, set func(f *fault, value string) error) faultKind {
		return faultKind{name: name, value: value, note: note, set: func(f *fault, _, value string) error { return set(f, value) }}
	}
	rejected := func(name, note string, index func(*endpoint.RejectedInfo) **int) faultKind {
		return valued(name, "N", note, func(f *fault, value string) error {
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return errors.New("a number of events, such as 10")
			}
			if f.Rejected == nil {
				f.Rejected = new(endpoint.RejectedInfo)
			}
			*index(f.Rejected) = &n
			return nil
		})
	}
	html := valued("html", "STATUS", "an HTML page of an intermediary, such as html=403", setStatus)
	html.outcome = true
	return []faultKind{
		refused("throttle", always(endpoint.Throttled)),
		refused("500", always(endpoint.InternalFailure)),
		refused("503", always(endpoint.ServiceUnavailable)),
		refused("access-denied", endpoint.AccessDenied),
		refused("expired-token", always(endpoint.ExpiredToken)),
		refused("unknown-key", always(endpoint.UnrecognizedClient)),
		html,
		simple("portal", "a login page with status 200", true, func(f *fault) {
			page := "<html><body>Please log in to this network.</body></html>"
			f.Body = &page
		}),
		cut("cut-before", "the connection is closed before the request is handled", endpoint.CutBefore),
		cut("cut-after", "the same after it is handled, before the response", endpoint.CutAfter),
		cut("cut-middle", "the same in the middle of the response", endpoint.CutMiddle),
		simple("silent", "the connection goes dead, also after cut-after or cut-middle", false, func(f *fault) { f.Silent = true }),
		simple("hang", "there is no response", true, func(f *fault) { f.Hang = true }),
		valued("slow", "TIME", "every response is delayed", func(f *fault, value string) (err error) {
			f.Delay, err = positive(value)
			return err
		}),
		valued("skew", "TIME", "the Date of the response is wrong, such as skew=-24h", func(f *fault, value string) (err error) {
			f.DateOffset, err = spanOf(value)
			return err
		}),
		simple("endless", "the body of the response never ends", false, func(f *fault) { f.Padding = endpoint.Endless }),
		valued("padding", "SIZE", "the body of the response, or the text of an error, is larger", func(f *fault, value string) (err error) {
			f.Padding, err = sizeOf(value)
			return err
		}),
		valued("drip", "TIME", "like padding or endless, one byte per TIME", func(f *fault, value string) (err error) {
			f.Drip, err = positive(value)
			return err
		}),
		simple("gzip-bomb", "compressed padding, 10 GiB by default", false, func(f *fault) { f.Gzip = true }),
		valued("header", "NAME=VALUE", "a header of the response; without VALUE it is removed", setHeader),
		simple("unread", "the response, or the cut, precedes reading the body of the request", false, func(f *fault) { f.Unread = true }),
		rejected("too-old", "PutLogEvents rejects the first N events", func(r *endpoint.RejectedInfo) **int { return &r.TooOldEnd }),
		rejected("expired", "the same, as older than the retention", func(r *endpoint.RejectedInfo) **int { return &r.ExpiredEnd }),
		rejected("too-new", "PutLogEvents rejects all but the first N events", func(r *endpoint.RejectedInfo) **int { return &r.TooNewStart }),
	}
}

func setStatus(f *endpoint.Fault, value string) error {
	status, err := strconv.Atoi(value)
	if err != nil || status < 200 || status > 599 {
		return errors.New("an HTTP status from 200 to 599, such as html=403")
	}
	f.Status = status
	return nil
}

func setHeader(f *endpoint.Fault, value string) error {
	name, value, ok := strings.Cut(value, "=")
	if !ok || name == "" || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return errors.New("a name and a value, such as header=Content-Type=application/json")
	}
	if f.Header == nil {
		f.Header = make(http.Header)
	}
	f.Header[name] = nil
	if value != "" {
		f.Header[name] = []string{value}
	}
	return nil
}

// text returns the notation of the kind, such as "slow=TIME".
func (k faultKind) text() string {
	if k.value == "" {
		return k.name
	}
	return k.name + "=" + k.value
}

// kindList returns the names of all kinds.
func kindList() string {
	var texts []string
	for _, k := range faultKinds() {
		texts = append(texts, k.text())
	}
	return strings.Join(texts, ", ")
}

// kindsHelp returns the list of kinds for the help: those without a note, then the others.
func kindsHelp() string {
	var plain []string
	var b strings.Builder
	for _, k := range faultKinds() {
		if k.note == "" {
			plain = append(plain, k.text())
		} else {
			fmt.Fprintf(&b, "\n  %-18s %s", k.text(), k.note)
		}
	}
	return "  " + strings.Join(plain, ", ") + b.String()
}
