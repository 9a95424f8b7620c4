package endpoint

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

const targetPrefix = "Logs_20140328."

// ServeHTTP handles one request of the AWS JSON 1.1 protocol. It does not check the Host header;
// see guard.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.inFlight.Done()
	if r.URL.Path == requestsPath {
		s.serveRequests(w, r)
		return
	}
	if err := checkMethodAndPath(w, r); err != nil {
		failure(err).send(w, s.now())
		return
	}

	res, f, answered := s.respond(w, r)
	if res.session != nil {
		defer res.session.leave()
	}
	if res.session != nil || f.changesBody() {
		waitForClient(r)
	}
	date := s.now().Add(f.DateOffset)
	res.header = f.Header
	switch {
	case !answered:
		s.drop(r, f)
	case f.Cut == CutMiddle:
		res.sendHalf(w, date)
		s.drop(r, f)
	case res.session != nil:
		res.send(w, date)
		res.session.stream(w, r.Context().Done(), s.done)
	case f.changesBody() && bodyAllowed(res.status):
		res.sendPadded(w, date, f, r.Context().Done(), s.done)
	default:
		res.send(w, date)
	}
}

// drop drops the connection of a request as the fault says. It does not return.
func (s *Server) drop(r *http.Request, f Fault) {
	if f.Silent {
		s.silence(r)
	}
	panic(http.ErrAbortHandler)
}

// waitForClient gives the client time to notice that it has sent the whole request. The Go SDK
// closes the request body as soon as the response begins (seen with smithy-go v1.28.8). If net/http
// has not yet looked for the end of the body, it takes that for a failed write and drops the
// connection, under a stream that has just begun. On a real network the round trip is longer than
// this delay. cloudwatchtest.LocalEndpoint avoids the problem entirely.
func waitForClient(r *http.Request) {
	if r.Context().Value(http.LocalAddrContextKey) != nil { // the request came through a socket
		time.Sleep(20 * time.Millisecond)
	}
}

// respond handles the request and records it in the request log. It returns the response and the
// fault that applies. If answered is false, the connection must be dropped.
func (s *Server) respond(w http.ResponseWriter, r *http.Request) (res response, f Fault, answered bool) {
	buf := s.buffer()
	defer s.release(buf)
	req := Request{
		Time:        time.Now(),
		Operation:   operationName(r),
		BodyBytes:   int(max(r.ContentLength, 0)), // as announced; replaced when the body is read
		UserAgent:   clip(r.UserAgent()),
		AccessKeyID: clip(signedBy(r).keyID),
	}
	f, early := s.faults.take(req, nil, func(f *Fault) bool { return f.beforeBody(r) })
	var op operation
	var body []byte
	var err error
	if early {
		skipBody(w, r, f)
	} else {
		op, body, err = s.receive(w, r, buf, &req)
	}
	entry := s.requestLog.add(req)
	if !early {
		f, _ = s.faults.take(req, op, func(f *Fault) bool { return !f.beforeBody(r) })
	}

	answered = s.delay(r, f) && f.Cut != CutBefore
	if answered {
		switch refused := toAPIError(err); {
		case f.Error != nil && f.Cut == CutNone:
			res = failure(f.Error)
		case f.foreign() && f.Cut == CutNone:
			res = foreign(f)
		case refused != nil:
			res = failure(refused)
		default:
			c := s.call(r.Context(), signedRegion(r))
			c.body, c.rejection = body, f.Rejected
			res = s.perform(op, c, &req)
		}
		// A response without a body has no middle.
		answered = f.Cut != CutAfter && (f.Cut != CutMiddle || len(res.body) > 0)
	}
	if answered {
		req.Status = res.status
		if res.err != nil {
			req.Code, req.Message = res.err.Code, res.err.Message
		}
	}

	// The request log is updated before the response is sent, so that a client that has the
	// response finds its request there.
	s.requestLog.finish(entry, req)
	return res, f, answered
}

// skipBody keeps net/http from reading up to 256 KiB of the body before it sends the response or
// cuts the connection. It has an effect for HTTP/1 only.
func skipBody(w http.ResponseWriter, r *http.Request, f Fault) {
	if r.ProtoMajor != 1 {
		return
	}
	w.Header().Set("Connection", "close")
	if f.Cut != CutNone {
		// In memory there is nothing left to read.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	}
}

// receive reads the body of a request, records its properties in req, and decodes it. The body is
// valid until buf is reused.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer, req *Request) (op operation, body []byte, err error) {
	wire := &wireReader{}
	if s.keys != nil {
		wire.hash = sha256.New()
	}
	body, err = readBody(w, r, buf, wire)
	if errors.Is(err, errClientGone) {
		panic(http.ErrAbortHandler)
	}
	req.Time, req.BodyBytes = time.Now(), wire.n
	if err == nil && s.keys != nil {
		err = asError(checkSignature(r, s.keys, wire.sum(), s.now()))
	}
	if err == nil {
		op, err = decode(req.Operation, body)
	}
	if err == nil {
		op.describe(req)
	}
	return op, body, err
}

// call returns the context of one operation.
func (s *Server) call(ctx context.Context, region string) *call {
	return &call{ctx: ctx, store: s.store, arrivals: &s.arrivals, sessions: &s.sessions, now: s.now().UnixMilli(), region: region}
}

// perform carries out the operation if its quota allows, and records the outcome in req.
func (s *Server) perform(op operation, c *call, req *Request) response {
	if !s.quotas.allow(req.Operation, time.Now()) {
		return failure(Throttled())
	}
	out, err := op.handle(c)
	req.Rejected, req.TooOld, req.Expired, req.TooNew = c.rejected, c.tooOld, c.expired, c.tooNew
	if err != nil {
		return failure(err)
	}
	req.Committed = true
	if live, ok := out.(*session); ok {
		return live.response()
	}
	return success(out)
}

// delay makes the request wait as the fault says. It returns false if the request must end: it
// hangs, the client is gone, or the server is closing.
func (s *Server) delay(r *http.Request, f Fault) bool {
	if f.Delay <= 0 && !f.Hang {
		return true
	}
	var elapsed <-chan time.Time
	if !f.Hang {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		elapsed = timer.C
	}
	select {
	case <-elapsed:
		return true
	case <-r.Context().Done():
	case <-s.done:
	}
	return false
}

// checkMethodAndPath allows only POST on /, which is all the protocol uses.
func checkMethodAndPath(w http.ResponseWriter, r *http.Request) *APIError {
	if r.URL.Path != "/" && r.URL.Path != "" {
		return newError(http.StatusNotFound, "UnknownOperationException", "only the path / is served")
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return newError(http.StatusMethodNotAllowed, "UnknownOperationException", "only POST is served")
	}
	return nil
}

func operationName(r *http.Request) string {
	target := r.Header.Get("X-Amz-Target")
	if name, ok := strings.CutPrefix(target, targetPrefix); ok {
		return name
	}
	return target
}

// decode decodes a body into its operation.
func decode(name string, body []byte) (operation, error) {
	op := newOperation(name)
	switch {
	case name == "":
		return nil, newError(400, "UnknownOperationException", "the header X-Amz-Target is missing")
	case op == nil && inModel(name):
		return nil, newError(400, "UnknownOperationException", fmt.Sprintf("The operation %s is not supported by this endpoint.", name))
	case op == nil:
		return nil, newError(400, "UnknownOperationException", fmt.Sprintf("CloudWatch Logs has no operation %s.", clip(name)))
	case !utf8.Valid(body):
		// encoding/json would silently replace the invalid bytes.
		return nil, serialization("the body is not valid UTF-8")
	case !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")):
		return nil, serialization("the body is not a JSON object")
	}
	if name == "PutLogEvents" {
		if put, ok := decodePut(body); ok {
			return put, nil
		}
	}
	if err := json.Unmarshal(body, op); err != nil {
		return nil, serialization(err.Error())
	}
	return op, nil
}

func toAPIError(err error) *APIError {
	var e *APIError
	errors.As(err, &e)
	return e
}
