package endpoint

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"time"
)

// Endless is a [Fault.Padding] without end.
const Endless = -1

// paddingPiece is the size of one write of padding, in bytes: large enough to compress by a factor
// of 1,000, small enough to allocate for each request.
const paddingPiece = 1 << 20

// gap returns the position of the padding in the body, and the byte it consists of. A response of
// the service stays valid JSON.
func (res response) gap() (at int, filler byte) {
	switch {
	case res.err != nil:
		return len(res.body) - len(`"}`), 'x' // the end of the message
	case res.requestID != "":
		return len(res.body), ' '
	default:
		return len(res.body), 'x'
	}
}

// sendPadded sends a response whose body a fault pads or compresses. It drops the connection if the
// client goes away or the server closes before the end.
func (res response) sendPadded(w http.ResponseWriter, date time.Time, f Fault, gone, closing <-chan struct{}) {
	res.unsized = true
	if f.Gzip {
		w.Header().Set("Content-Encoding", "gzip")
	}
	res.sendHeader(w, date)
	control := http.NewResponseController(w)
	// The client gets the beginning before the padding. An error means that the client is gone; the
	// first Write returns it as well.
	_ = control.Flush()

	// A client that does not read must not hold up Close.
	ended, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-gone:
		case <-closing:
		case <-ended:
			return
		}
		_ = control.SetWriteDeadline(time.Now())
	}()
	p := padder{w: w, control: control, fault: f, closing: closing, gone: gone}
	err := p.write(res)
	close(ended)
	<-watched
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// padder writes a padded body.
type padder struct {
	w             io.Writer
	control       *http.ResponseController
	fault         Fault
	gone, closing <-chan struct{}
}

func (p *padder) write(res response) error {
	at, filler := res.gap()
	if err := p.put(p.encode(res.body[:at])); err != nil {
		return err
	}
	piece := min(uint64(p.fault.Padding), paddingPiece) // Endless is a huge number here
	if p.fault.Drip > 0 {
		piece = min(piece, 1)
	}
	plain := bytes.Repeat([]byte{filler}, int(piece))
	encoded := p.encode(plain)
	for left := uint64(p.fault.Padding); left > 0; {
		if left < piece {
			piece, encoded = left, p.encode(plain[:left])
		}
		if err := p.drip(); err != nil {
			return err
		}
		if err := p.put(encoded); err != nil {
			return err
		}
		if p.fault.Padding > 0 {
			left -= piece
		}
	}
	return p.put(p.encode(res.body[at:]))
}

// encode compresses a part of the body if the fault says so. Several gzip members in sequence are
// one gzip file (RFC 1952, section 2.2), so a piece of padding is compressed only once.
func (p *padder) encode(part []byte) []byte {
	if !p.fault.Gzip {
		return part
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	z.Write(part)                                         // writes to memory
	z.Close()
	return b.Bytes()
}

func (p *padder) put(part []byte) error {
	_, err := p.w.Write(part)
	return err
}

// drip waits between two pieces of padding.
func (p *padder) drip() error {
	if p.fault.Drip <= 0 {
		return nil
	}
	if err := p.control.Flush(); err != nil {
		return err
	}
	timer := time.NewTimer(p.fault.Drip)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.gone:
	case <-p.closing:
	}
	return errClientGone
}
