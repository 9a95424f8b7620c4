package endpoint

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBody is the largest request body, in bytes, before and after decompression. AWS documents
// no limit; a full batch is about 1.3 MB of JSON, at worst (every character escaped) about 7 MB.
const maxBody = 16 << 20

var errClientGone = errors.New("the client went away")

// bodyTimeout is the time within which the body of a request must arrive.
const bodyTimeout = time.Minute

// readBody reads the request body through wire into buf and decompresses it if necessary. The bytes
// are valid until buf is reused.
func readBody(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer, wire *wireReader) (body []byte, err error) {
	// An in-memory request has no deadlines, and its body is complete.
	deadlines := http.NewResponseController(w)
	_ = deadlines.SetReadDeadline(time.Now().Add(bodyTimeout))
	defer deadlines.SetReadDeadline(time.Time{})

	wire.r = http.MaxBytesReader(w, r.Body, maxBody)
	var tooLarge *http.MaxBytesError
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		if _, err := buf.ReadFrom(wire); errors.As(err, &tooLarge) {
			return nil, bodyTooLarge()
		} else if err != nil {
			return nil, errClientGone
		}
	case "gzip":
		z, err := gzip.NewReader(wire)
		if err == nil {
			_, err = buf.ReadFrom(io.LimitReader(z, maxBody+1))
		}
		if buf.Len() > maxBody || errors.As(err, &tooLarge) {
			return nil, bodyTooLarge()
		}
		if r.Context().Err() != nil {
			return nil, errClientGone
		}
		if err != nil {
			return nil, malformed("the body is not valid gzip")
		}
	default:
		return nil, malformed("content encoding %q is not supported", encoding)
	}
	return buf.Bytes(), nil
}

// wireReader counts the bytes of a body as they are read, and hashes them for the signature check.
type wireReader struct {
	r    io.Reader
	n    int
	hash hash.Hash // nil = not needed
}

func (c *wireReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	if c.hash != nil {
		c.hash.Write(p[:n])
	}
	return n, err
}

// sum returns the hash of the bytes read, in hexadecimal.
func (c *wireReader) sum() string { return hex.EncodeToString(c.hash.Sum(nil)) }

func bodyTooLarge() *APIError {
	return newError(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
		fmt.Sprintf("the request body exceeds %d bytes", maxBody))
}

func malformed(format string, args ...any) *APIError {
	return newError(400, "MalformedHttpRequestException", fmt.Sprintf(format, args...))
}

func serialization(text string) *APIError {
	return newError(400, "SerializationException", text)
}

// buffer returns an empty buffer for a body. release returns it to the pool.
func (s *Server) buffer() *bytes.Buffer {
	if b, ok := s.buffers.Get().(*bytes.Buffer); ok {
		return b
	}
	return new(bytes.Buffer)
}

func (s *Server) release(b *bytes.Buffer) {
	if b.Cap() <= 4<<20 { // do not keep the rare giant
		b.Reset()
		s.buffers.Put(b)
	}
}
