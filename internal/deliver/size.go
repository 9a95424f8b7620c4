package deliver

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/neterr"
)

// maxCutOffs is after how many of them in a row a body counts as too large.
const maxCutOffs = 3

// smaller has the events of a job go in smaller requests, since one of this size was
// refused. It reports false if there is no smaller one, or size is not what it is about.
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

// cutOff notes a connection that was reset. Some proxies end one that carries too much
// before their answer can be read.
func (w *Worker) cutOff(j *job, err error, now time.Time) {
	if !neterr.Is(err, neterr.Reset) {
		j.cutOffs = 0
		return
	}
	if j.cutOffs++; j.cutOffs >= maxCutOffs && j.item != nil && w.smaller(j, now) {
		j.cutOffs = 0
	}
}
