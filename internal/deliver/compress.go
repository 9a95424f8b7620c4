package deliver

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/klauspost/compress/gzip"
)

// compressors make gzip bodies. The memory of one is large, so it is used again;
// there is one for each request at a time.
//
// The service takes such bodies although its documents do not say so. Sizes,
// limits and the bill are by the uncompressed bytes.
type compressors chan *gzip.Writer

// Level 1 takes three quarters of the time of level 3, for bodies that are a twentieth
// larger, see BenchmarkCompress.
const gzipLevel = gzip.BestSpeed

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

// gzipTrial is what a job knows of whether compression is the reason of a refusal. A
// body that may have been refused because of it is sent plain before anything else is
// concluded. If that is taken, the endpoint does not take gzip; if it is refused as well,
// compression was not the reason.
type gzipTrial struct {
	plain bool // bodies of this job are not compressed any more
	open  bool // and nothing is concluded yet
}

// learnGzip takes in what an answer says about compression. It reports whether the
// body is to be sent again, plain.
func (w *Worker) learnGzip(j *job, c class, err error) (again bool) {
	compressed := j.ready.encoding != ""
	switch {
	case compressed && c == delivered:
		w.gzipTaken = true
	case compressed && refusesGzip(err, w.gzipTaken):
		j.gzip = gzipTrial{plain: true, open: true}
		return true
	case j.gzip.open && c == delivered:
		j.gzip.open = false
		w.plain = true
	case j.gzip.open && (c == refused || c == foreign || c == environment):
		j.gzip.open = false
	}
	return false
}

// refusesGzip reports whether an answer to a compressed body may mean that the endpoint,
// or something on the way, does not take those: it cannot decode them, took them for
// JSON, or does not let through what it cannot read. An endpoint that has taken one
// before has to say so plainly.
func refusesGzip(err error, takenBefore bool) bool {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "MalformedHttpRequestException", "SerializationException":
			return true
		}
		return false // the service has understood the body
	}
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) {
		return false
	}
	switch response.HTTPStatusCode() {
	case http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		return true
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotAcceptable, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		return !takenBefore
	}
	return false
}
