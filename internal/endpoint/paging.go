package endpoint

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// pager describes a page of events: those in a range, in the direction of the range, up to limit
// and the maximum size of a page.
type pager struct {
	logstore.Range
	limit int
	match func(message string) bool // nil = every event
}

const (
	// The maximum size of a page is 1 MB, counted like a batch, so that any event fits.
	maxPageBytes = maxBatchBytes

	// maxScanBytes limits what is read for one page. A page that ends here may have few or no
	// events, but a token. So the first page of a search with few matches comes soon, and no
	// request takes long.
	maxScanBytes = 8 << 20
)

// page is the result of a pager, in the direction of its range.
type page struct {
	events []logstore.Event
	more   bool              // the range may contain more events
	next   logstore.Position // position of the first of them
}

// collect reads the page.
func (p pager) collect(c *call) (page, *APIError) {
	var out page
	bytes, scanned := 0, 0
	var last logstore.Position // position of the last event read
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

// storeError converts an error of the store into the error of the service.
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
	if e := toAPIError(err); e != nil { // returned by the change itself
		return e
	}
	e := ServiceUnavailable()
	if !errors.Is(err, context.Canceled) {
		e.Message += " " + err.Error()
	}
	return e
}

// A paging token contains the position in the list, the time of issue and a checksum, so that the
// server keeps no state. The checksum includes the scope of the list: a token is valid for that
// list only.

const tokenLife = day // source: API reference, "The token expires after 24 hours"

func fresh(issued, now int64) bool { return issued <= now && now-issued <= tokenLife }

// listToken returns the opaque token of FilterLogEvents and of the Describe and List operations.
// list is the scope, place the position after which to continue.
func listToken(list, place string, now int64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(now))
	b = append(b, place...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(list+"\x00"+string(b))))
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseListToken returns the position in a token of listToken.
func parseListToken(token, list string, now int64) (place string, err *APIError) {
	b, bad := base64.RawURLEncoding.DecodeString(token)
	if bad != nil || len(b) < 12 {
		return "", invalidToken()
	}
	b, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE([]byte(list+"\x00"+string(b))) != sum || !fresh(int64(binary.BigEndian.Uint64(b)), now) {
		return "", invalidToken()
	}
	return string(b[8:]), nil
}

// streamToken returns a token of GetLogEvents, in the service's form: "f/" or "b/", 56 digits,
// "/s". The digits are the position (19 + 19), the time of issue (13) and the checksum (5).
func streamToken(direction byte, stream string, p logstore.Position, now int64) string {
	digits := fmt.Sprintf("%019d%019d%013d", p.Time, p.Number, now)
	return fmt.Sprintf("%c/%s%05d/s", direction, digits, streamChecksum(direction, stream, digits))
}

// parseStreamToken returns the direction and position in a token of streamToken.
func parseStreamToken(token, stream string, now int64) (direction byte, p logstore.Position, err *APIError) {
	if len(token) != 60 || token[1] != '/' || token[58:] != "/s" {
		return 0, p, invalidToken()
	}
	direction = token[0]
	digits, sum := token[2:53], token[53:58]
	var parts [4]int64
	for i, text := range []string{digits[:19], digits[19:38], digits[38:], sum} {
		n, bad := strconv.ParseUint(text, 10, 63)
		if bad != nil {
			return 0, p, invalidToken()
		}
		parts[i] = int64(n)
	}
	if (direction != 'f' && direction != 'b') || uint32(parts[3]) != streamChecksum(direction, stream, digits) || !fresh(parts[2], now) {
		return 0, p, invalidToken()
	}
	return direction, logstore.Position{Time: parts[0], Number: parts[1]}, nil
}

func streamChecksum(direction byte, stream, digits string) uint32 {
	return crc32.ChecksumIEEE([]byte(string(direction)+stream+"\x00"+digits)) % 100000
}
