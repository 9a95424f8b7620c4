package deliver

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/klauspost/compress/gzip"
)

// compressors compress bodies with gzip. A gzip.Writer is large, so they are reused; one exists
// for each concurrent request.
//
// The service accepts such bodies although its documentation does not say so. Sizes, limits and
// the bill are based on the uncompressed bytes.
type compressors chan *gzip.Writer

// Level 1 takes three quarters of the time of level 3, for bodies that are 5 % larger, see
// BenchmarkCompress.
const gzipLevel = gzip.BestSpeed

// compress returns the compressed body, or nil if it would not be smaller.
func (free compressors) compress(body []byte) []byte {
	var gz *gzip.Writer
	select {
	case gz = <-free:
	default:
		gz, _ = gzip.NewWriterLevel(nil, gzipLevel) // fails only for unknown levels
	}
	out := bytes.NewBuffer(make([]byte, 0, len(body)/4))
	gz.Reset(out)
	// Writes to a bytes.Buffer do not fail.
	_, _ = gz.Write(body)
	_ = gz.Close()
	free <- gz
	if out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
}

// gzipTrial tests whether compression is the reason for a refusal. A body that may have been
// refused for it is sent uncompressed before anything else is concluded. If that is accepted, the
// endpoint does not support gzip; if it is refused too, compression was not the reason.
type gzipTrial struct {
	plain bool // bodies of this job are no longer compressed
	open  bool // the trial is undecided
}

// learnGzip records what an answer says about compression. It reports whether the body must be
// sent again, uncompressed.
func (w *Worker) learnGzip(j *job, c class, err error) (again bool) {
	compressed := j.ready.encoding != ""
	switch {
	case compressed && c == delivered:
		w.gzipAccepted = true
	case compressed && refusesGzip(err, w.gzipAccepted):
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

// refusesGzip reports whether the answer to a compressed body may mean that the endpoint or an
// intermediary does not support compression: it cannot decode the body, took it for JSON, or
// rejects what it cannot inspect. Once the endpoint has accepted a compressed body, only an
// explicit answer counts.
func refusesGzip(err error, takenBefore bool) bool {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "MalformedHttpRequestException", "SerializationException":
			return true
		}
		return false // the service has decoded the body
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
