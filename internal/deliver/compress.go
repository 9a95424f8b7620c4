package deliver

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// compressors make gzip bodies. The memory of one is large, so it is used again;
// there is one for each request at a time.
//
// The service takes such bodies although its documents do not say so. Sizes,
// limits and the bill are by the uncompressed bytes.
type compressors chan *gzip.Writer

// Level 2 of compress/gzip is as fast as level 1 on lines of JSON, and smaller.
const gzipLevel = 2

// compress returns the compressed body, or nil if that would not be smaller.
func (free compressors) compress(body []byte) []byte {
	var gz *gzip.Writer
	select {
	case gz = <-free:
	default:
		gz, _ = gzip.NewWriterLevel(nil, gzipLevel) // fails for unknown levels only
	}
	out := bytes.NewBuffer(make([]byte, 0, len(body)/4))
	gz.Reset(out)
	// Writing to a buffer in memory does not fail.
	_, _ = gz.Write(body)
	_ = gz.Close()
	free <- gz
	if out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
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
