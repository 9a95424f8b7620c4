package deliver

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/neterr"
)

// maxCutOffs is the number of consecutive resets after which a body counts as too large.
const maxCutOffs = 3

// smaller makes a job use smaller requests after a refusal for size. It returns false if the
// request has only one event or is too small for size to be the reason.
func (w *Worker) smaller(j *job, now time.Time) bool {
	from, to := j.parts[0].next()
	size := j.size()
	if to-from == 1 || size <= minLimit {
		return false
	}
	w.cfg.Endpoint.tooLarge(size, now)
	j.ready = nil
	return true
}

// cutOff counts connection resets. Some proxies close a connection that carries too much before
// their response can be read.
func (w *Worker) cutOff(j *job, err error, now time.Time) {
	if !neterr.Is(err, neterr.Reset) {
		j.cutOffs = 0
		return
	}
	if j.cutOffs++; j.cutOffs >= maxCutOffs && j.item != nil && w.smaller(j, now) {
		j.cutOffs = 0
	}
}
