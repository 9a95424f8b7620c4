package batch

import (
	"bytes"
	"strconv"
	"sync/atomic"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// Event is an event in wire form.
type Event struct {
	Time  int64         // milliseconds since 1970 UTC
	Size  int           // bytes of the message as the service counts them, without EventOverhead
	Level account.Level // decides what is dropped first and is counted in losses
	Wire  []byte        // {"timestamp":...,"message":"..."}; Add copies it
}

// slotBytes is the memory of an event besides its wire form: the comma and the index entry.
const slotBytes = 1 + 24

// Held returns the memory of the event in a batch, in bytes.
func (e Event) Held() int { return len(e.Wire) + slotBytes }

// Encoder writes the wire form of events. It caches the start of the last event, down to the
// second, which most events share with the one before. The zero value is ready to use and safe
// for concurrent use.
type Encoder struct {
	last atomic.Pointer[second]
}

// second is the common start of the events of one second. It is immutable.
type second struct {
	unix  int64
	start string // {"timestamp":1763812800
}

const (
	timestamp = `{"timestamp":`
	message   = `,"message":"`
	end       = `"}`
)

// AppendStart appends the wire form up to the message, and [Encoder.AppendEnd] what follows the
// message. The message between them must be in wire form, see package encode.
func (e *Encoder) AppendStart(dst []byte, time int64) []byte {
	unix, ms := time/1000, time%1000
	if unix == 0 { // JSON numbers have no leading zeros
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

// Message returns the message of an event, still in wire form.
func Message(wire []byte) []byte {
	const usual = len(timestamp) + 13 // times from 2001 to 2286 have 13 digits
	if len(wire) >= usual+len(message)+len(end) && string(wire[usual:usual+len(message)]) == message {
		return wire[usual+len(message) : len(wire)-len(end)]
	}
	_, rest, _ := bytes.Cut(wire, []byte(message)) // only digits precede it
	return bytes.TrimSuffix(rest, []byte(end))
}

// AppendEnd completes an event begun by [Encoder.AppendStart].
func (e *Encoder) AppendEnd(dst []byte) []byte { return append(dst, end...) }

// AppendEvent appends the wire form of an event. size is the size of the message as the service
// counts it.
func (e *Encoder) AppendEvent(dst []byte, time int64, message []byte) (wire []byte, size int) {
	wire, size = encode.AppendMessage(e.AppendStart(dst, time), message)
	return e.AppendEnd(wire), size
}
