package cloudwatchtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
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

	// The server sees the client go when the request's context ends, or when
	// the body of the answer is closed.
	serving, leave := context.WithCancel(ctx)
	in := req.Clone(serving)
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength = int64(len(body))
	in.GetBody = nil
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	// As http.Transport has it, a client that does not say what it can decompress
	// gets everything decompressed.
	unzips := req.Header.Get("Accept-Encoding") == "" && req.Header.Get("Range") == "" && req.Method != http.MethodHead

	w := &recorder{request: req, leave: leave, answered: make(chan *http.Response, 1), unzips: unzips, header: make(http.Header)}
	go func() {
		defer leave()
		defer func() {
			p := recover()
			if p != nil && p != http.ErrAbortHandler {
				panic(p)
			}
			w.finish(p != nil)
		}()
		t.server.ServeHTTP(w, in)
	}()

	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case res := <-w.answered:
		if res == nil {
			// The handler also gives up when the client went away.
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("cloudwatchtest: connection cut: %w", io.ErrUnexpectedEOF)
		}
		return res, nil
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
