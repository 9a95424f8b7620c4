package cloudwatchtest

import (
	"context"
	"errors"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// pager describes a page of events: those of a range, in the direction of
// travel, as many as limit and the size of a page allow.
type pager struct {
	logstore.Range
	limit int
	match func(message string) bool // nil = every event
}

const (
	// A page is at most 1 MB; counted like a batch, so any event fits.
	maxPageBytes = maxBatchBytes

	// maxScanBytes bounds what is read for one page. A page that ends here may
	// have few events, or none, and a token. So the first page of a search that
	// finds little comes soon, and no request takes long.
	maxScanBytes = 8 << 20
)

// page is what a pager found, in the direction of travel.
type page struct {
	events []logstore.Event
	more   bool              // there may be more events in this direction, inside the range
	next   logstore.Position // where they begin, if there are
}

// collect reads the page.
func (p pager) collect(c *call) (page, *APIError) {
	var out page
	bytes, scanned := 0, 0
	var last logstore.Position // of the last event looked at
	err := c.store.Scan(c.ctx, p.Range, func(e *logstore.Event) bool {
		if scanned >= maxScanBytes {
			out.more = true
			return false
		}
		if p.match == nil || p.match(e.Message) {
			if len(out.events) == p.limit || bytes+e.Size() > maxPageBytes {
				out.more = true
				return false
			}
			bytes += e.Size()
			kept := *e
			kept.Message = strings.Clone(e.Message)
			out.events = append(out.events, kept)
		}
		scanned += e.Size()
		last = e.Position
		return true
	})
	if err != nil {
		return page{}, storeError(err)
	}
	out.next = last
	if !p.Backward {
		out.next.Number++
	}
	return out, nil
}

// storeError is what the service answers for an error of the store.
func storeError(err error) *APIError {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, logstore.ErrNoGroup):
		return groupNotFound()
	case errors.Is(err, logstore.ErrNoStream):
		return streamNotFound()
	case errors.Is(err, logstore.ErrGroupExists):
		return groupExists()
	case errors.Is(err, logstore.ErrStreamExists):
		return streamExists()
	}
	if e := asAPIError(err); e != nil { // of a change that was asked for
		return e
	}
	e := ServiceUnavailable()
	if !errors.Is(err, context.Canceled) {
		e.Message += " " + err.Error()
	}
	return e
}
