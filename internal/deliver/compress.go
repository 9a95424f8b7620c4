package deliver

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// compressor makes gzip bodies. Its memory is used again for each.
//
// The service takes them although its documents do not say so. Sizes, limits
// and the bill are by the uncompressed bytes.
type compressor struct {
	out bytes.Buffer
	gz  *gzip.Writer
}

// Level 2 of compress/gzip is as fast as level 1 on lines of JSON, and smaller.
const gzipLevel = 2

func newCompressor() *compressor {
	c := &compressor{}
	c.gz, _ = gzip.NewWriterLevel(&c.out, gzipLevel) // fails for unknown levels only
	return c
}

// compress returns the compressed body, which is valid until the next call, or
// nil if that would not be smaller.
func (c *compressor) compress(body []byte) []byte {
	c.out.Reset()
	c.gz.Reset(&c.out)
	// Writing to a buffer in memory does not fail.
	_, _ = c.gz.Write(body)
	_ = c.gz.Close()
	if c.out.Len() >= len(body) {
		return nil
	}
	return c.out.Bytes()
}

// refusesGzip reports whether an answer may mean that the endpoint does not
// take compressed bodies: it cannot decode them, or it took them for JSON.
func refusesGzip(err error) bool {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "MalformedHttpRequestException", "SerializationException":
			return true
		}
	}
	var response *smithyhttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() == http.StatusUnsupportedMediaType
}
