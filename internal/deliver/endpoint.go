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

// Endpoint is what the answers to all workers of a process say about what they talk to:
// who answers, what time it is there, and how large a body may be. The zero value is
// ready. It is safe for concurrent use.
type Endpoint struct {
	mu    sync.Mutex
	dates dates
	size  sizeLimit
}

// DoubtedDate is the header that the Date of an answer is moved to if it is not believed: for
// the text of an error.
const DoubtedDate = "X-Doubted-Date"

// watch is an option of the SDK's client for one request: each answer is read within its
// bounds, and only what is an answer of the service gets further. The Date of others, and
// one that is not believed, must not reach the SDK, which would sign by it.
func (e *Endpoint) watch(o *cloudwatchlogs.Options) {
	o.APIOptions = append(o.APIOptions[:len(o.APIOptions):len(o.APIOptions)], func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("Answer", e.answered), middleware.After)
	})
}

func (e *Endpoint) answered(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	err = readAnswer(response.Response, awsmiddleware.GetOperationName(ctx))
	if h := response.Header; !e.believe(ctx, h, err == nil) {
		h[DoubtedDate] = h["Date"]
		delete(h, "Date")
	}
	response.Request = nil // an error keeps the answer: with it the body that was sent, and its keys
	return out, metadata, err
}

// believe reports whether the Date of an answer is taken as the time of the service.
func (e *Endpoint) believe(ctx context.Context, h http.Header, genuine bool) bool {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || date.Unix() <= 0 || !genuine || !fromService(h) || h.Get("Age") != "" { // no event can have such a time; Age is of a cache
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	believed, jumped := e.dates.judge(time.Until(date))
	if a := attemptOf(ctx); a != nil {
		a.jumped = jumped
	}
	return believed
}

// dates decides which dates of answers are believed: those that agree with the last one,
// or, after a jump, with the one before them that did not. The zero value takes our own
// clock to be right.
type dates struct {
	ahead     time.Duration // of our clock, the last one believed
	candidate time.Duration // ahead as well, of the last one that was not
	doubted   bool          // there is a candidate
}

// Differences that are none: answers take their time, Date has whole seconds, and clocks
// drift.
const (
	maxDrift = 2 * time.Minute // from the last one believed
	agreeing = time.Minute     // between two that jump
)

// judge takes in how far an answer says that the clock of the service is ahead. A jump is
// believed when a second answer agrees.
func (d *dates) judge(ahead time.Duration) (believed, jumped bool) {
	jumped = (ahead - d.ahead).Abs() > maxDrift
	if jumped && (!d.doubted || (ahead-d.candidate).Abs() > agreeing) {
		d.candidate, d.doubted = ahead, true
		return false, true
	}
	d.ahead, d.doubted = ahead, false
	return true, jumped
}

// sizeLimit is the largest body that the endpoint may take, as refusals for the size have
// taught. The zero value knows none.
type sizeLimit struct {
	bytes int // 0: none is known
	at    time.Time
}

// A limit is kept to for a while. Then a request of full size finds out. A small one is
// soon found out about: where everything is refused, none tells anything.
const (
	limitFor      = 10 * time.Minute
	smallLimit    = 64 << 10
	smallLimitFor = time.Minute
	minLimit      = 1 << 10
)

// tooLarge notes that a body of so many bytes, before compression, was refused for its
// size.
func (e *Endpoint) tooLarge(bytes int, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.size.current(now); known == 0 || bytes/2 < known {
		e.size = sizeLimit{max(bytes/2, minLimit), now}
	}
}

// maxBody returns how large a body may be before compression, 0 if that is not known.
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
