package endpoint

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// transport carries requests to a server in memory. It blocks only on channels, so its waits are
// durable inside a synctest bubble.
type transport struct {
	server *Server
}

// RoundTrip calls the server's handler on a separate goroutine, as a network would.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	body, err := readRequestBody(ctx, req)
	if err != nil {
		return nil, err
	}
	select {
	case <-t.server.done:
		return nil, fmt.Errorf("cloudwatch endpoint: closed: %w", errRefused)
	default:
	}

	// For the server, the client is gone when the context of the request is done or the body of the
	// response is closed.
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
	// As with http.Transport, a client that does not say what it can decompress gets every body
	// decompressed.
	decompress := req.Header.Get("Accept-Encoding") == "" && req.Header.Get("Range") == "" && req.Method != http.MethodHead

	w := &recorder{request: req, leave: leave, answered: make(chan *http.Response, 1), decompress: decompress, header: make(http.Header)}
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
			// The handler also aborts if the client is gone.
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("cloudwatch endpoint: connection cut: %w", io.ErrUnexpectedEOF)
		}
		return res, nil
	}
}

// readRequestBody reads the request body to its end and closes it. The caller may reuse the memory
// of the body when RoundTrip returns, so nothing reads it later.
func readRequestBody(ctx context.Context, req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, ctx.Err()
	}
	// Closing the body ends a blocked Read.
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
		return nil, fmt.Errorf("cloudwatch endpoint: read request body: %w", err)
	}
	return buf.Bytes(), nil
}

// recorder is the http.ResponseWriter of an in-memory request. It buffers the response until the
// handler returns or flushes; after a flush, each Write waits until the client has read the data.
type recorder struct {
	request    *http.Request       // as the client made it
	leave      context.CancelFunc  // tells the handler that the client is gone
	answered   chan *http.Response // capacity 1; nil = the connection was cut before the response
	decompress bool                // the client gets gzip bodies decompressed

	header http.Header
	status int
	kept   bytes.Buffer // data written before the first Flush

	pipe *io.PipeWriter // to the client; nil before the first Flush
	stop func() bool    // stops watching the client's context

	mu       sync.Mutex  // guards deadline
	deadline *time.Timer // cuts the connection; nil = not set
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if !bodyAllowed(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if w.pipe != nil {
		return w.pipe.Write(p)
	}
	return w.kept.Write(p)
}

// Flush sends the response as far as it is written.
func (w *recorder) Flush() {
	if w.pipe != nil {
		return // nothing is buffered any more
	}
	w.WriteHeader(http.StatusOK)
	var r *io.PipeReader
	r, w.pipe = io.Pipe()
	ctx, pipe := w.request.Context(), w.pipe
	w.stop = context.AfterFunc(ctx, func() { pipe.CloseWithError(ctx.Err()) })
	length, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	w.answered <- w.response(&streamedBody{io.MultiReader(&w.kept, r), r, w.leave}, length)
}

// SetWriteDeadline cuts the connection at a time; zero = never. It may be called during a Write.
func (w *recorder) SetWriteDeadline(t time.Time) error {
	if w.pipe == nil {
		return fmt.Errorf("cloudwatch endpoint: write deadline before the first flush: %w", errors.ErrUnsupported)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deadline != nil {
		w.deadline.Stop()
	}
	if !t.IsZero() {
		w.deadline = time.AfterFunc(time.Until(t), w.cut)
	}
	return nil
}

func (w *recorder) cut() {
	err := w.request.Context().Err() // ended by the client
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	w.pipe.CloseWithError(err)
}

// finish is called when the handler has returned. aborted means that the connection must be cut.
func (w *recorder) finish(aborted bool) {
	switch {
	case w.pipe == nil && aborted:
		w.answered <- nil
	case w.pipe == nil:
		w.WriteHeader(http.StatusOK)
		w.answered <- w.response(io.NopCloser(&w.kept), int64(w.kept.Len()))
	default:
		_ = w.SetWriteDeadline(time.Time{})
		if aborted || w.request.Context().Err() != nil {
			w.cut()
		}
		w.pipe.Close()
		w.stop()
	}
}

func (w *recorder) response(body io.ReadCloser, length int64) *http.Response {
	maps.DeleteFunc(w.header, func(_ string, values []string) bool { return len(values) == 0 })
	res := &http.Response{
		Status:        fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.header,
		Body:          body,
		ContentLength: length,
		Request:       w.request,
	}
	if w.decompress && strings.EqualFold(w.header.Get("Content-Encoding"), "gzip") {
		w.header.Del("Content-Encoding")
		w.header.Del("Content-Length")
		res.ContentLength, res.Uncompressed, res.Body = -1, true, &decompressedBody{body: body}
	}
	return res
}

// decompressedBody decompresses a gzip body as it is read.
type decompressedBody struct {
	body io.ReadCloser
	z    *gzip.Reader // nil = nothing was read yet
}

// Read implements [io.Reader].
func (b *decompressedBody) Read(p []byte) (n int, err error) {
	if b.z == nil {
		if b.z, err = gzip.NewReader(b.body); err != nil {
			return 0, err
		}
	}
	return b.z.Read(p)
}

// Close implements [io.Closer].
func (b *decompressedBody) Close() error { return b.body.Close() }

// streamedBody is a response body that is read while it is written.
type streamedBody struct {
	io.Reader
	pipe  *io.PipeReader
	leave context.CancelFunc
}

// Close also tells the handler that the client is gone.
func (b *streamedBody) Close() error {
	err := b.pipe.Close()
	b.leave()
	return err
}
