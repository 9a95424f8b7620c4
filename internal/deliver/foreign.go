package deliver

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"mime"
	"net/http"
	"strings"
)

// Limits of a response, whoever sends it. The service's longest response to our requests has less
// than a kilobyte.
const (
	maxAnswerBytes = 64 << 10 // of the body, decompressed
	maxTextBytes   = 4 << 10  // of a text that is kept
	maxCodeBytes   = 256      // of an error code
)

// ForeignError is a response that is not from CloudWatch Logs: an intermediary such as a proxy, a
// firewall or a captive portal sent it, or another server listens at the endpoint.
type ForeignError struct {
	Status      int
	Server      string // Server header; may be empty
	ContentType string // media type; empty if missing or malformed
	Title       string // of an HTML page, at most 200 bytes
	Text        string // start of any other body, at most 200 bytes; empty for PutLogEvents, as it may quote an event
	TooLong     bool   // the body was longer than 64 KiB
}

// Error returns the status with the title of a page or the start of any other text.
func (e *ForeignError) Error() string {
	s := fmt.Sprintf("HTTP %d response is not from the service", e.Status)
	if e.ContentType != "" {
		s += " (" + e.ContentType + ")"
	}
	if e.TooLong {
		s += ", longer than 64 KiB"
	}
	if text := cmp.Or(e.Title, e.Text); text != "" {
		s += fmt.Sprintf(": %q", text)
	}
	return s
}

// excerpt returns what identifies the sender of a body: the title of an HTML page, or the start
// of any other text.
func excerpt(body []byte) (title, text string) {
	start := string(body[:min(len(body), maxTextBytes)])
	lower := []byte(start)
	for i, c := range lower { // ASCII only: other lower-case letters may differ in length
		if 'A' <= c && c <= 'Z' {
			lower[i] += 'a' - 'A'
		}
	}
	if !bytes.Contains(lower, []byte("<html")) && !bytes.Contains(lower, []byte("<title")) {
		return "", oneLine(start)
	}
	_, behind, _ := bytes.Cut(lower, []byte("<title>"))
	end := bytes.Index(behind, []byte("</title>"))
	if end < 0 {
		return "", ""
	}
	from := len(lower) - len(behind)
	return oneLine(html.UnescapeString(start[from : from+end])), ""
}

// oneLine returns the start of a text, with white space collapsed.
func oneLine(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = text[:most-len("...")] + "..."
	}
	return strings.ToValidUTF8(text, "")
}

// readAnswer reads a whole response and decides whether it came from the service. It replaces the
// body by one of bounded size.
//
// A response of the service is a 200 with a JSON object, or an error with a code. Operations that
// create or set something return no object. A truncated response is an error like that of a
// broken connection; anything else is a [*ForeignError]. An error with a code counts even if
// nothing else marks it as the service's: simple emulators send no more.
func readAnswer(r *http.Response, operation string) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswerBytes+1))
	r.Body.Close()
	tooLong := len(body) > maxAnswerBytes
	if err != nil && (r.StatusCode < 300 || fromService(r.Header)) {
		return err // the service may have accepted the events, or sent a code
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	object := !tooLong && err == nil && isJSONObject(body)
	switch {
	case r.StatusCode < 300 && fromService(r.Header):
		if r.StatusCode == http.StatusOK && (object || len(body) == 0 && operation != string(putLogEvents)) {
			return nil
		}
		return fmt.Errorf("HTTP %d without a whole answer of CloudWatch Logs", r.StatusCode)
	case r.StatusCode >= 300 && !tooLong && err == nil && (object || len(body) == 0):
		code, text := typedError(r.Header, body)
		if code == "" {
			break
		}
		if len(body) > maxTextBytes {
			body, _ = json.Marshal(map[string]string{"__type": code, "message": cutText(text)}) // encoding strings does not fail
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		return nil
	}
	e := Foreign(r, body, tooLong)
	if operation == string(putLogEvents) {
		e.Text = ""
	}
	return e
}

// Foreign returns the error for a response that is not the service's. The body has been read
// already.
func Foreign(r *http.Response, body []byte, tooLong bool) *ForeignError {
	title, text := excerpt(body)
	return &ForeignError{
		Status:      r.StatusCode,
		Server:      cutText(r.Header.Get("Server")),
		ContentType: mediaType(r.Header),
		Title:       title,
		Text:        text,
		TooLong:     tooLong,
	}
}

// fromService reports whether a response has the headers of the service: a request ID, or its
// media type, since some proxies remove the request ID.
func fromService(h http.Header) bool {
	if h.Get("X-Amzn-Requestid") != "" || h.Get("X-Amz-Request-Id") != "" || h.Get("X-Amz-Requestid") != "" {
		return true
	}
	return strings.HasPrefix(mediaType(h), "application/x-amz-json-")
}

func mediaType(h http.Header) string {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// typedError returns code and message of an error response, wherever the code is. A response
// without a code, or with one longer than maxCodeBytes, is not from the service.
func typedError(h http.Header, body []byte) (code, text string) {
	var e struct {
		Type    any `json:"__type"`
		Code    any `json:"code"`
		Message any `json:"message"`
	}
	_ = json.Unmarshal(body, &e) // the body may be empty
	text, _ = e.Message.(string)
	for _, c := range []any{h.Get("X-Amzn-Errortype"), e.Type, e.Code} {
		if code, _ := c.(string); len(code) > maxCodeBytes {
			return "", text
		} else if code != "" {
			return code, text
		}
	}
	return "", text
}

func isJSONObject(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '{' && json.Valid(body)
}

// cutText returns the start of a text.
func cutText(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxTextBytes)], "")
}
