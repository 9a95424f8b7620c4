package deliver

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/neterr"
)

// maxResets is the number of consecutive resets after which a body counts as too large.
const maxResets = 3

// shrink makes a job use smaller requests after a refusal for size. It returns false if the
// request has only one event or is too small for size to be the reason.
func (w *Worker) shrink(j *job, now time.Time) bool {
	from, to := j.parts[0].next()
	size := j.size()
	if to-from == 1 || size <= minLimit {
		return false
	}
	w.cfg.Endpoint.lowerLimit(size, now)
	j.ready = nil
	return true
}

// countReset counts connection resets. Some proxies close a connection that carries too much before
// their response can be read.
func (w *Worker) countReset(j *job, err error, now time.Time) {
	if !neterr.Is(err, neterr.Reset) {
		j.resets = 0
		return
	}
	if j.resets++; j.resets >= maxResets && j.item != nil && w.shrink(j, now) {
		j.resets = 0
	}
}
