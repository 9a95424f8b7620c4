package cloudwatchtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
)

// transport carries requests to a server in memory. Its waits are on channels
// alone, so they are durable inside a synctest bubble.
type transport struct {
	server *Server
}

// RoundTrip hands the request to the server's handler on a goroutine of its
// own, as a network would.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	body, err := takeBody(ctx, req)
	if err != nil {
		return nil, err
	}
	select {
	case <-t.server.done:
		return nil, fmt.Errorf("cloudwatchtest: endpoint is closed: %w", syscall.ECONNREFUSED)
	default:
	}

	in := req.Clone(ctx)
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength = int64(len(body))
	in.GetBody = nil
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"

	answered := make(chan *recorder, 1) // nil = the connection was cut before an answer
	go func() {
		w := &recorder{header: make(http.Header)}
		defer func() {
			if p := recover(); p != nil {
				if p != http.ErrAbortHandler {
					panic(p)
				}
				if w.flushed {
					w.cut = true
				} else {
					w = nil
				}
			}
			answered <- w
		}()
		t.server.ServeHTTP(w, in)
	}()

	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case w := <-answered:
		if w == nil {
			// The handler also gives up when the client went away.
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("cloudwatchtest: connection cut: %w", io.ErrUnexpectedEOF)
		}
		return w.response(req), nil
	}
}

// takeBody reads the request's body to its end and closes it. The caller may
// use the buffer behind the body again when RoundTrip returns, so nothing
// touches it later.
func takeBody(ctx context.Context, req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, ctx.Err()
	}
	// Closing the body is what ends a Read that blocks.
	stop := context.AfterFunc(ctx, func() { req.Body.Close() })
	var buf bytes.Buffer
	if req.ContentLength > 0 {
		buf.Grow(int(min(req.ContentLength, maxBody)) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(req.Body)
	if stop() {
		req.Body.Close()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("cloudwatchtest: read request body: %w", err)
	}
	return buf.Bytes(), nil
}

// recorder keeps what a handler answers.
type recorder struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	flushed bool // the handler has sent what it wrote so far
	cut     bool // the connection was dropped after the body that is there
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *recorder) Flush() { w.flushed = true }

func (w *recorder) response(req *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	res := &http.Response{
		Status:        fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.header,
		Body:          io.NopCloser(&w.body),
		ContentLength: int64(w.body.Len()),
		Request:       req,
	}
	if w.cut {
		res.Body = io.NopCloser(io.MultiReader(&w.body, cutReader{}))
		res.ContentLength, _ = strconv.ParseInt(w.header.Get("Content-Length"), 10, 64) // our handler's own
	}
	return res
}

// cutReader is the end of a body that was cut.
type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
