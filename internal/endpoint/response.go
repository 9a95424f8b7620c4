package endpoint

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const contentType = "application/x-amz-json-1.1"

// response is the response to a request.
type response struct {
	status      int
	contentType string
	requestID   string    // "" = no such header
	err         *APIError // error in the body, if any
	body        []byte
	session     *session    // a stream that begins with body; nil = body is complete
	unsized     bool        // no Content-Length
	header      http.Header // set last, see [Fault.Header]
}

// success returns the response with the output of an operation. A nil output is an empty body with
// status 200, as AWS responds to most changes.
func success(out any) response {
	res := response{status: http.StatusOK, contentType: contentType, requestID: newRequestID()}
	if out != nil {
		res.body, _ = json.Marshal(out) // outputs contain strings, numbers, bools and maps of strings
	}
	return res
}

// failure returns the response with an error.
func failure(e *APIError) response {
	body, _ := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{e.Code, e.Message}) // strings always encode
	return response{status: e.Status, contentType: contentType, requestID: newRequestID(), err: e, body: body}
}

// foreign returns the response of a fault that does not come from the service.
func foreign(f Fault) response {
	res := response{status: f.Status, contentType: "text/html"}
	if res.status == 0 {
		res.status = http.StatusOK
	}
	switch {
	case !bodyAllowed(res.status):
	case f.Body != nil:
		res.body = []byte(*f.Body)
	default:
		what := fmt.Sprintf("%d %s", res.status, http.StatusText(res.status))
		res.body = fmt.Appendf(nil, "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%[1]s</h1></center>\r\n</body>\r\n</html>\r\n", what)
	}
	return res
}

// bodyAllowed reports whether a response with a status has a body.
func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// send sends the response, or the beginning of a stream.
func (res response) send(w http.ResponseWriter, date time.Time) {
	res.sendHeader(w, date)
	w.Write(res.body) // an error means that the client is gone
	if res.session != nil {
		_ = http.NewResponseController(w).Flush() // likewise
	}
}

// sendHalf sends the first half of a response with a body.
func (res response) sendHalf(w http.ResponseWriter, date time.Time) {
	res.sendHeader(w, date)
	w.Write(res.body[:len(res.body)/2])
	// Data that is not flushed when the handler panics is never sent. An error means that the
	// client is gone.
	_ = http.NewResponseController(w).Flush()
}

func (res response) sendHeader(w http.ResponseWriter, date time.Time) {
	h := w.Header()
	if res.status != http.StatusNotModified { // as net/http does
		h.Set("Content-Type", res.contentType)
	}
	if res.session == nil && !res.unsized && bodyAllowed(res.status) {
		h.Set("Content-Length", strconv.Itoa(len(res.body)))
	}
	h.Set("Date", date.UTC().Format(http.TimeFormat))
	if res.requestID != "" {
		h.Set("X-Amzn-Requestid", res.requestID)
	}
	if res.err != nil {
		h.Set("X-Amzn-ErrorType", res.err.Code)
		if d := res.err.RetryAfter; d > 0 {
			seconds := int64(d / time.Second)
			if d%time.Second > 0 {
				seconds++
			}
			h.Set("Retry-After", strconv.FormatInt(seconds, 10))
		}
	}
	for name, values := range res.header {
		h[http.CanonicalHeaderKey(name)] = values // no values suppress a header that net/http would add
	}
	w.WriteHeader(res.status)
}

// newRequestID returns a random UUID (version 4).
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
