package deliver

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// The range of timestamps the service accepts, from the API reference of PutLogEvents.
const (
	maxAge   = 14 * 24 * time.Hour
	maxAhead = 2 * time.Hour
)

// restamp returns sealed batches of events whose timestamps are out of range. They get the
// timestamp now, in ms, and a note of the original one, unless marked says that they have it
// already.
func restamp(head []byte, events []batch.Event, now int64, marked bool) (batches []*batch.Batch) {
	var encoder batch.Encoder
	var wire []byte
	for _, e := range events {
		wire = encoder.AppendStart(wire[:0], now)
		if marked {
			wire = append(wire, batch.Message(e.Wire)...)
		} else {
			var added int
			wire, added = appendMarked(wire, batch.Message(e.Wire), e.Time, batch.MaxEventBytes-e.Size)
			e.Size += added
		}
		e.Wire, e.Time = encoder.AppendEnd(wire), now
		last := len(batches) - 1
		if last < 0 || !batches[last].Fits(e) {
			batches = append(batches, batch.New(head, 0, 0))
			last++
		}
		batches[last].Add(e)
	}
	for _, b := range batches {
		b.Seal()
	}
	return batches
}

// appendMarked appends a message in wire form with the original timestamp of its event: a JSON
// object gets another member, any other text a suffix. If the mark is longer than room bytes it
// is left out. added is the length of the mark.
func appendMarked(dst, message []byte, at int64, room int) (wire []byte, added int) {
	t := time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z07:00")
	mark, tail := ` [restamped from `+t+`]`, ""
	if isObject(encode.Unescape(message)) {
		mark, tail = `,"restamped":"`+t+`"`, "}"
		message = message[:len(message)-1]
	}
	if len(mark) > room {
		mark = ""
	}
	dst = append(dst, message...)
	dst, _ = encode.AppendMessage(dst, []byte(mark+tail))
	return dst, len(mark)
}

// isObject reports whether text is a non-empty JSON object without surrounding space.
func isObject(text []byte) bool {
	return len(text) > 2 && text[0] == '{' && text[len(text)-1] == '}' &&
		len(bytes.TrimSpace(text[1:len(text)-1])) > 0 && json.Valid(text)
}

// serviceClock is the clock of the service, learned from its answers.
type serviceClock struct {
	ahead   time.Duration
	learned time.Time // time of the last answer
	doubted bool      // the last answer had another time, which is not trusted yet
}

const (
	// minSkew is the smallest difference that counts: Date has whole seconds, and answers take
	// time.
	minSkew = time.Minute
	// freshFor is how long an answer is relied on. A clock may be set, and an intermediary may
	// send a wrong date; the next answer corrects that.
	freshFor = 10 * time.Minute
)

// learn records the Date of an answer received at now.
func (c *serviceClock) learn(date, now time.Time) {
	c.learned = now
	c.ahead = date.Sub(now)
	if c.ahead.Abs() < minSkew {
		c.ahead = 0
	}
}

// fresh reports whether the clock is known well enough to judge timestamps by it.
func (c *serviceClock) fresh(now time.Time) bool { return !c.doubted && now.Sub(c.learned) < freshFor }

// window returns the range of timestamps, in ms, that the service accepts at the time now, and
// its own time.
func (c *serviceClock) window(now time.Time) (oldest, newest, at int64) {
	now = now.Add(c.ahead)
	return now.Add(-maxAge).UnixMilli(), now.Add(maxAhead).UnixMilli(), now.UnixMilli()
}
