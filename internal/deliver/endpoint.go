package deliver

import (
	"context"
	"net/http"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Endpoint is what all workers of a process learn about the endpoint from its answers: whether
// they come from the service, the service's clock, and the largest accepted body. The zero value
// is ready to use. It is safe for concurrent use.
type Endpoint struct {
	mu    sync.Mutex
	dates dates
	size  sizeLimit
}

// DoubtedDate is the header that holds the Date of a response if it is not trusted, for the texts
// of errors.
const DoubtedDate = "X-Doubted-Date"

// watch is an SDK client option for one request. It bounds the size of the response and turns
// responses of intermediaries into a [ForeignError]. Untrusted Date headers are hidden from the
// SDK, which would correct its clock for signing by them.
func (e *Endpoint) watch(o *cloudwatchlogs.Options) {
	o.APIOptions = append(o.APIOptions[:len(o.APIOptions):len(o.APIOptions)], func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("Answer", e.checkAnswer), middleware.After)
	})
}

func (e *Endpoint) checkAnswer(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	err = readAnswer(response.Response, awsmiddleware.GetOperationName(ctx))
	if h := response.Header; !e.trust(ctx, h, err == nil) {
		h[DoubtedDate] = h["Date"]
		delete(h, "Date")
	}
	response.Request = nil // errors keep the response, and with it the request's body and credentials
	return out, metadata, err
}

// trust reports whether the Date of a response is trusted as the service's time.
func (e *Endpoint) trust(ctx context.Context, h http.Header, genuine bool) bool {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || date.Unix() <= 0 || !genuine || !fromService(h) || h.Get("Age") != "" { // no event can have a time before 1970; Age means a cached response
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	believed, jumped := e.dates.observe(time.Until(date))
	if a := attemptOf(ctx); a != nil {
		a.jumped = jumped
	}
	return believed
}

// dates decides which Date headers are trusted: those that agree with the last trusted one or,
// after a jump, with the untrusted one before. The zero value takes the local clock to be right.
type dates struct {
	ahead     time.Duration // of the local clock, by the last trusted Date
	candidate time.Duration // likewise, by the last untrusted Date
	doubted   bool          // candidate is set
}

// Tolerated differences: answers take time, Date has whole seconds, and clocks drift.
const (
	maxDrift = 2 * time.Minute // from the last trusted Date
	agreeing = time.Minute     // between two Dates after a jump
)

// observe takes how far the service's clock is ahead according to a response. A jump is trusted
// when a second response confirms it.
func (d *dates) observe(ahead time.Duration) (believed, jumped bool) {
	jumped = (ahead - d.ahead).Abs() > maxDrift
	if jumped && (!d.doubted || (ahead-d.candidate).Abs() > agreeing) {
		d.candidate, d.doubted = ahead, true
		return false, true
	}
	d.ahead, d.doubted = ahead, false
	return true, jumped
}

// sizeLimit is the largest body that the endpoint is assumed to accept, learned from refusals for
// size. The zero value is no limit.
type sizeLimit struct {
	bytes int // 0: no limit known
	at    time.Time
}

// A limit expires, and the next request has the full size again. A small limit expires soon:
// where everything is refused, size is not the reason.
const (
	limitFor      = 10 * time.Minute
	smallLimit    = 64 << 10
	smallLimitFor = time.Minute
	minLimit      = 1 << 10
)

// lowerLimit records that a body of that many bytes, before compression, was refused for its size.
func (e *Endpoint) lowerLimit(bytes int, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.size.current(now); known == 0 || bytes/2 < known {
		e.size = sizeLimit{max(bytes/2, minLimit), now}
	}
}

// maxBody returns the largest body to send, before compression; 0: no limit known.
func (e *Endpoint) maxBody(now time.Time) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.size.current(now)
}

func (l sizeLimit) current(now time.Time) int {
	keep := limitFor
	if l.bytes < smallLimit {
		keep = smallLimitFor
	}
	if now.Sub(l.at) >= keep {
		return 0
	}
	return l.bytes
}
