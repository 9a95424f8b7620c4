package endpoint

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// tail is a session of Live Tail. It is offered what arrives; each second what
// matched becomes an update; its stream sends the updates as fast as the client
// takes them. Neither arrivals nor seconds wait for the client.
type tail struct {
	start  sessionStart
	groups []string // names
	match  func(message string) bool
	leave  func() // ends the session; set when it begins

	mu       sync.Mutex // guards everything below
	matched  int        // events since the last update
	sample   []liveEvent
	bytes    int          // size of the messages in sample
	updates  []liveUpdate // not sent yet, oldest first
	over     bool         // no further update will come
	farewell []byte       // frame to send at the end; nil = none
	changed  sync.Cond    // signalled when updates grows or over is set
}

// Source of these limits, but maxUpdateBytes: API reference, StartLiveTail.
const (
	tailInterval    = time.Second // between two updates
	maxUpdateEvents = 500
	maxTailUpdates  = 10 // that wait for a slow client; with it at most 5,000 events do
	maxTailTime     = 3 * time.Hour

	// maxUpdateBytes bounds the messages of an update, so that its frame stays
	// below the 24 MiB that botocore accepts: a control character takes six bytes
	// in JSON.
	maxUpdateBytes = 3 << 20

	// farewellPatience is how long a client that does not read may hold up the
	// end of its session.
	farewellPatience = time.Second
)

type liveUpdate struct {
	Metadata struct {
		Sampled bool `json:"sampled"`
	} `json:"sessionMetadata"`
	Results []liveEvent `json:"sessionResults"`
}

type liveEvent struct {
	IngestionTime      int64  `json:"ingestionTime"`
	LogGroupIdentifier string `json:"logGroupIdentifier"`
	LogStreamName      string `json:"logStreamName"`
	Message            string `json:"message"`
	Timestamp          int64  `json:"timestamp"`
}

func newTail(start sessionStart, match func(string) bool) *tail {
	t := &tail{start: start, match: match}
	t.changed.L = &t.mu
	return t
}

// wants tells whether the session is about a stream.
func (t *tail) wants(group, stream string) bool {
	if !slices.Contains(t.groups, group) {
		return false
	}
	if t.start.LogStreamNames != nil {
		return slices.Contains(t.start.LogStreamNames, stream)
	}
	prefixes := t.start.LogStreamNamePrefixes
	return prefixes == nil || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(stream, p) })
}

// offer takes those of the events that match.
func (t *tail) offer(a Arrival) {
	if !t.wants(a.Group, a.Stream) {
		return
	}
	for i := range a.Events {
		// No lock is held while a pattern is matched.
		if t.match(a.Events[i].Message) {
			t.take(&a, i)
		}
	}
}

// take adds an event to the sample. Of more than fit, each has the same chance
// to be in it (reservoir sampling); the sample stays in the order of arrival.
func (t *tail) take(a *Arrival, i int) {
	message := a.Events[i].Message
	t.mu.Lock()
	defer t.mu.Unlock()
	t.matched++
	if len(t.sample) == maxUpdateEvents || t.bytes+len(message) > maxUpdateBytes {
		out := rand.IntN(t.matched)
		if out >= len(t.sample) || t.bytes-len(t.sample[out].Message)+len(message) > maxUpdateBytes {
			return
		}
		t.bytes -= len(t.sample[out].Message)
		t.sample = slices.Delete(t.sample, out, out+1)
	}
	t.bytes += len(message)
	t.sample = append(t.sample, liveEvent{
		IngestionTime:      a.Ingestion,
		LogGroupIdentifier: account + ":" + a.Group,
		LogStreamName:      a.Stream,
		Message:            strings.Clone(message), // it may share its memory with a whole batch
		Timestamp:          a.Events[i].Timestamp,
	})
}

// tick makes an update of what matched in the last second. The oldest one is
// dropped if the client is too far behind.
func (t *tail) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := liveUpdate{Results: t.sample}
	u.Metadata.Sampled = t.matched > len(t.sample)
	if u.Results == nil {
		u.Results = []liveEvent{}
	}
	if len(t.updates) == maxTailUpdates {
		t.updates = slices.Delete(t.updates, 0, 1)
	}
	t.updates = append(t.updates, u)
	t.matched, t.sample, t.bytes = 0, nil, 0
	t.changed.Signal()
}

// end makes the updates that wait the last ones, and forgets them if there is
// nobody to send them to.
func (t *tail) end(farewell []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over, t.farewell = true, farewell
	if farewell == nil {
		t.updates = nil
	}
	t.changed.Signal()
}

// next waits for the next frame to send. It reports false when there is none
// any more.
func (t *tail) next() (frame []byte, ok bool) {
	t.mu.Lock()
	for len(t.updates) == 0 && !t.over {
		t.changed.Wait()
	}
	if len(t.updates) == 0 {
		frame, t.farewell = t.farewell, nil
		t.mu.Unlock()
		return frame, frame != nil
	}
	u := t.updates[0]
	t.updates = slices.Delete(t.updates, 0, 1)
	t.mu.Unlock()
	payload, _ := json.Marshal(u) // strings and numbers always encode
	return appendEvent(nil, "sessionUpdate", payload), true
}

// stream sends the updates until the client is gone, the server closes, or the
// session has lasted three hours.
func (t *tail) stream(w http.ResponseWriter, gone, closing <-chan struct{}) {
	control := http.NewResponseController(w)
	// A writer without deadlines is one that does not wait for a client.
	deadline := func(d time.Time) { _ = control.SetWriteDeadline(d) }
	deadline(time.Time{}) // what a server allows an answer is not meant for streams

	sent := make(chan struct{})
	go func() {
		defer close(sent)
		t.send(w, control)
	}()
	farewell := t.collect(gone, closing, sent)
	t.end(farewell)
	if farewell != nil {
		deadline(time.Now().Add(farewellPatience))
	} else {
		deadline(time.Now())
	}
	<-sent
	deadline(time.Time{}) // the connection may serve other requests
}

// collect makes the updates, and returns the frame to end the session with; nil
// if there is nobody to send it to.
func (t *tail) collect(gone, closing, broken <-chan struct{}) (farewell []byte) {
	start := time.Now()
	second := time.NewTicker(tailInterval)
	defer second.Stop()
	for {
		select {
		case <-second.C:
			t.tick()
			if time.Since(start) >= maxTailTime {
				return exceptionFrame("SessionTimeoutException", "The session timed out after three hours.")
			}
		case <-closing:
			return exceptionFrame("SessionStreamingException", "The endpoint is closing.")
		case <-gone:
			return nil
		case <-broken:
			return nil
		}
	}
}

// send writes frames as they come.
func (t *tail) send(w http.ResponseWriter, control *http.ResponseController) {
	for {
		frame, ok := t.next()
		if !ok {
			return
		}
		if _, err := w.Write(frame); err != nil || control.Flush() != nil {
			return
		}
	}
}

func exceptionFrame(kind, message string) []byte {
	payload, _ := json.Marshal(struct {
		Message string `json:"message"`
	}{message}) // a string always encodes
	return appendException(nil, kind, payload)
}

// eventStreamType is the content type of a sequence of frames.
const eventStreamType = "application/vnd.amazon.eventstream"

// A frame of the event stream encoding. Numbers are big endian, checksums are
// CRC-32 (IEEE).
//
//	byte 0           total length of the frame, N
//	     4           length of the headers, H
//	     8           checksum of bytes 0 to 7
//	    12           headers
//	    12 + H       payload
//	     N - 4       checksum of all bytes before it
//
// A header:
//
//	byte 0           length of the name, L
//	     1           name
//	     1 + L       type of the value: 7 is a string
//	     2 + L       length of the value
//	     4 + L       value
//
// The service uses no other type than string in what it sends here.
const (
	preludeLength  = 12
	checksumLength = 4
	stringHeader   = 7
)

// header is a header of a frame. Its name has at most 255 bytes, its value at
// most 32,767.
type header struct{ name, value string }

// appendFrame appends a frame.
func appendFrame(b []byte, headers []header, payload []byte) []byte {
	start := len(b)
	b = append(b, make([]byte, preludeLength)...)
	for _, h := range headers {
		b = append(b, byte(len(h.name)))
		b = append(b, h.name...)
		b = append(b, stringHeader)
		b = binary.BigEndian.AppendUint16(b, uint16(len(h.value)))
		b = append(b, h.value...)
	}
	headersLength := len(b) - start - preludeLength
	b = append(b, payload...)

	prelude := b[start : start+preludeLength]
	binary.BigEndian.PutUint32(prelude, uint32(len(b)-start+checksumLength))
	binary.BigEndian.PutUint32(prelude[4:], uint32(headersLength))
	binary.BigEndian.PutUint32(prelude[8:], crc32.ChecksumIEEE(prelude[:8]))
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

// appendEvent appends a frame that is an event of the stream. kind is the name
// of a member of the stream, or "initial-response".
func appendEvent(b []byte, kind string, payload []byte) []byte {
	return appendFrame(b, []header{{":message-type", "event"}, {":event-type", kind}, {":content-type", "application/json"}}, payload)
}

// appendException appends a frame that ends the stream with an error.
func appendException(b []byte, kind string, payload []byte) []byte {
	return appendFrame(b, []header{{":message-type", "exception"}, {":exception-type", kind}, {":content-type", "application/json"}}, payload)
}
