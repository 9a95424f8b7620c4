package batch

import (
	"bytes"
	"strconv"
	"sync/atomic"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// Event is one event ready for the wire.
type Event struct {
	Time  int64         // milliseconds since 1970 UTC
	Size  int           // bytes of the message as the service counts them, without EventOverhead
	Level account.Level // for those who decide what to keep, and the account of what was lost
	Wire  []byte        // {"timestamp":...,"message":"..."}; only read, and copied by Add
}

// slotBytes is the memory an event takes beside its wire form: the comma and
// the index entry.
const slotBytes = 1 + 24

// Held returns the memory the event takes in a batch, in bytes.
func (e Event) Held() int { return len(e.Wire) + slotBytes }

// Encoder writes the wire form of events. It remembers how the second of the last
// one begins, which most events share with the one before. The zero value is
// ready, and safe for concurrent use.
type Encoder struct {
	last atomic.Pointer[second]
}

// second is how events of a second begin. It is never changed.
type second struct {
	unix  int64
	start string // {"timestamp":1763812800
}

const (
	timestamp = `{"timestamp":`
	message   = `,"message":"`
	end       = `"}`
)

// AppendStart appends what stands before the message of an event, and AppendEnd
// what stands behind it. The message between them is in wire form, see package
// encode.
func (e *Encoder) AppendStart(dst []byte, time int64) []byte {
	unix, ms := time/1000, time%1000
	if unix == 0 { // a number does not begin with zeros
		dst = append(dst, timestamp...)
		dst = strconv.AppendInt(dst, time, 10)
		return append(dst, message...)
	}
	s := e.last.Load()
	if s == nil || s.unix != unix {
		s = &second{unix, timestamp + strconv.FormatInt(unix, 10)}
		e.last.Store(s)
	}
	dst = append(dst, s.start...)
	dst = append(dst, '0'+byte(ms/100), '0'+byte(ms/10%10), '0'+byte(ms%10))
	return append(dst, message...)
}

// Message returns the message of an event in wire form, as it stands there.
func Message(wire []byte) []byte {
	const usual = len(timestamp) + 13 // the digits of the times from 2001 to 2286
	if len(wire) >= usual+len(message)+len(end) && string(wire[usual:usual+len(message)]) == message {
		return wire[usual+len(message) : len(wire)-len(end)]
	}
	_, rest, _ := bytes.Cut(wire, []byte(message)) // digits come before it
	return bytes.TrimSuffix(rest, []byte(end))
}

// AppendEnd is explained at AppendStart.
func (e *Encoder) AppendEnd(dst []byte) []byte { return append(dst, end...) }

// AppendEvent appends the wire form of an event with such a message, and returns
// with it the size of the message as the service counts it.
func (e *Encoder) AppendEvent(dst []byte, time int64, message []byte) (wire []byte, size int) {
	wire, size = encode.AppendMessage(e.AppendStart(dst, time), message)
	return e.AppendEnd(wire), size
}
