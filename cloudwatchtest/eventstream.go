package cloudwatchtest

import (
	"encoding/binary"
	"hash/crc32"
)

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
