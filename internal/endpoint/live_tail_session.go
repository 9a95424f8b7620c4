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

// session is a Live Tail session. offer collects matching events; once a second, tick turns them
// into an update; stream sends the updates as fast as the client reads them. Neither offer nor tick
// waits for the client.
type session struct {
	start  sessionStart
	groups []string // names
	match  func(message string) bool
	leave  func() // ends the session; set when it starts

	mu         sync.Mutex // guards everything below
	matched    int        // number of events since the last update
	sample     []liveEvent
	bytes      int          // total size of the messages in sample
	updates    []liveUpdate // not sent yet, oldest first
	over       bool         // no further update will come
	finalFrame []byte       // last frame of the stream; nil = none
	changed    sync.Cond    // signaled when updates grows or over is set
}

// Source of these limits, except maxUpdateBytes: API reference, StartLiveTail.
const (
	updateInterval    = time.Second // between two updates
	maxUpdateEvents   = 500
	maxPendingUpdates = 10 // kept for a slow client, at most 5,000 events
	maxSessionTime    = 3 * time.Hour

	// maxUpdateBytes limits the messages of an update, so that its frame stays below the 24 MiB
	// that botocore accepts: a control character takes six bytes in JSON.
	maxUpdateBytes = 3 << 20

	// finalFrameTimeout is how long a client that does not read can delay the end of its session.
	finalFrameTimeout = time.Second
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

func newSession(start sessionStart, match func(string) bool) *session {
	s := &session{start: start, match: match}
	s.changed.L = &s.mu
	return s
}

// includes reports whether the session includes a stream.
func (s *session) includes(group, stream string) bool {
	if !slices.Contains(s.groups, group) {
		return false
	}
	if s.start.LogStreamNames != nil {
		return slices.Contains(s.start.LogStreamNames, stream)
	}
	prefixes := s.start.LogStreamNamePrefixes
	return prefixes == nil || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(stream, p) })
}

// offer adds the matching events of an arrival.
func (s *session) offer(a Arrival) {
	if !s.includes(a.Group, a.Stream) {
		return
	}
	for i := range a.Events {
		// No lock is held while the pattern is matched.
		if s.match(a.Events[i].Message) {
			s.take(&a, i)
		}
	}
}

// take adds an event to the sample. If the sample is full, every event has the same chance to be in
// it (reservoir sampling). The sample keeps the order of arrival.
func (s *session) take(a *Arrival, i int) {
	message := a.Events[i].Message
	s.mu.Lock()
	defer s.mu.Unlock()
	s.matched++
	if len(s.sample) == maxUpdateEvents || s.bytes+len(message) > maxUpdateBytes {
		out := rand.IntN(s.matched)
		if out >= len(s.sample) || s.bytes-len(s.sample[out].Message)+len(message) > maxUpdateBytes {
			return
		}
		s.bytes -= len(s.sample[out].Message)
		s.sample = slices.Delete(s.sample, out, out+1)
	}
	s.bytes += len(message)
	s.sample = append(s.sample, liveEvent{
		IngestionTime:      a.Ingestion,
		LogGroupIdentifier: account + ":" + a.Group,
		LogStreamName:      a.Stream,
		Message:            strings.Clone(message), // the original may share memory with a whole batch
		Timestamp:          a.Events[i].Timestamp,
	})
}

// tick turns the sample into an update. It drops the oldest update if the client is too far behind.
func (s *session) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := liveUpdate{Results: s.sample}
	u.Metadata.Sampled = s.matched > len(s.sample)
	if u.Results == nil {
		u.Results = []liveEvent{}
	}
	if len(s.updates) == maxPendingUpdates {
		s.updates = slices.Delete(s.updates, 0, 1)
	}
	s.updates = append(s.updates, u)
	s.matched, s.sample, s.bytes = 0, nil, 0
	s.changed.Signal()
}

// end makes the pending updates the last ones. It drops them if finalFrame is nil.
func (s *session) end(finalFrame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.finalFrame = true, finalFrame
	if finalFrame == nil {
		s.updates = nil
	}
	s.changed.Signal()
}

// next waits for the next frame to send. It returns false after the last frame.
func (s *session) next() (frame []byte, ok bool) {
	s.mu.Lock()
	for len(s.updates) == 0 && !s.over {
		s.changed.Wait()
	}
	if len(s.updates) == 0 {
		frame, s.finalFrame = s.finalFrame, nil
		s.mu.Unlock()
		return frame, frame != nil
	}
	u := s.updates[0]
	s.updates = slices.Delete(s.updates, 0, 1)
	s.mu.Unlock()
	payload, _ := json.Marshal(u) // strings and numbers always encode
	return appendEvent(nil, "sessionUpdate", payload), true
}

// stream sends updates until the client is gone, the server closes, or the session has lasted three
// hours.
func (s *session) stream(w http.ResponseWriter, gone, closing <-chan struct{}) {
	control := http.NewResponseController(w)
	// A writer without deadlines does not wait for a client.
	deadline := func(d time.Time) { _ = control.SetWriteDeadline(d) }
	deadline(time.Time{}) // the server's write timeout is not meant for streams

	sent := make(chan struct{})
	go func() {
		defer close(sent)
		s.send(w, control)
	}()
	finalFrame := s.collect(gone, closing, sent)
	s.end(finalFrame)
	if finalFrame != nil {
		deadline(time.Now().Add(finalFrameTimeout))
	} else {
		deadline(time.Now())
	}
	<-sent
	deadline(time.Time{}) // the connection may be reused
}

// collect makes updates until the session ends, and returns the final frame; nil if the client is
// gone.
func (s *session) collect(gone, closing, broken <-chan struct{}) (finalFrame []byte) {
	start := time.Now()
	second := time.NewTicker(updateInterval)
	defer second.Stop()
	for {
		select {
		case <-second.C:
			s.tick()
			if time.Since(start) >= maxSessionTime {
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

// send writes the frames.
func (s *session) send(w http.ResponseWriter, control *http.ResponseController) {
	for {
		frame, ok := s.next()
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

// eventStreamType is the content type of an event stream.
const eventStreamType = "application/vnd.amazon.eventstream"

// A frame of the event stream encoding. Integers are big-endian, checksums are CRC-32 (IEEE).
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
// Every header value that the service sends here is a string.
const (
	preludeLength  = 12
	checksumLength = 4
	stringHeader   = 7
)

// header is a header of a frame. The name has at most 255 bytes, the value at most 32,767.
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

// appendEvent appends an event frame. kind is the name of a member of the stream, or
// "initial-response".
func appendEvent(b []byte, kind string, payload []byte) []byte {
	return appendFrame(b, []header{{":message-type", "event"}, {":event-type", kind}, {":content-type", "application/json"}}, payload)
}

// appendException appends a frame that ends the stream with an error.
func appendException(b []byte, kind string, payload []byte) []byte {
	return appendFrame(b, []header{{":message-type", "exception"}, {":exception-type", kind}, {":content-type", "application/json"}}, payload)
}
