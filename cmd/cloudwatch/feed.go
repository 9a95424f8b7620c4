package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// chunkBytes is the size of a read. An input of any size takes that much memory, plus an incomplete
// line.
const chunkBytes = 64 << 10

// readGrace is how long stop waits for a read in progress. Without it, data that a busy pipe has just
// delivered would be discarded.
const readGrace = 100 * time.Millisecond

// feed reads inputs and writes them to an assembler in its own goroutine. A read from a terminal or
// pipe cannot be interrupted, so stop may abandon that goroutine.
type feed struct {
	to     *assembler
	inputs []input
	raw    bool          // send inputs without decoding
	binary bool          // decoded inputs need not be text
	tell   func(error)   // called with read errors
	done   chan struct{} // closed when all input has been read and written

	read     atomic.Int64 // bytes read
	failed   atomic.Bool  // an input could not be read
	complete atomic.Bool  // all inputs were read to their end or to an error
	stopped  atomic.Bool  // no further read may begin

	writing sync.Mutex // held during a Write
	closed  bool       // no further Write may begin; guarded by writing
}

// run reads all inputs. It returns when everything is written, or when the feed is stopped.
func (f *feed) run() {
	defer close(f.done)
	buffer := make([]byte, chunkBytes)
	for _, in := range f.inputs {
		switch err := f.copy(in, buffer); {
		case err == nil:
		case errors.Is(err, errStopped):
			return
		default:
			f.failed.Store(true)
			err = fmt.Errorf("read %s: %w", in.name, cause(err))
			if _, ok := errors.AsType[*binaryError](err); ok {
				err = fmt.Errorf("%w; --binary sends it as it is", err)
			}
			f.tell(err)
		}
	}
	f.complete.Store(true)
}

// errStopped reports that reading stopped before the end of the input.
var errStopped = errors.New("stopped")

func (f *feed) copy(in input, buffer []byte) error {
	if f.stopped.Load() {
		return errStopped
	}
	file, err := in.open()
	if err != nil {
		return err
	}
	defer file.Close()
	before := f.read.Load()
	var r io.Reader = counting{file, &f.read}
	if !f.raw {
		r, err = decode(r, f.binary)
	}
	for err == nil {
		var n int
		if n, err = r.Read(buffer); n > 0 && !f.write(buffer[:n]) {
			return errStopped
		}
		if err == nil && f.stopped.Load() { // data already read must be sent
			return errStopped
		}
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	if f.closed {
		return errStopped
	}
	f.to.end() // the next input begins a new line
	if err != io.EOF {
		return err
	}
	if read := f.read.Load() - before; in.whole && read < in.size {
		return fmt.Errorf("the file shrank from %s while it was read; %s were read", size(in.size), size(read))
	}
	return nil
}

// write writes a chunk. It returns false if the feed is closed.
func (f *feed) write(chunk []byte) bool {
	f.writing.Lock()
	defer f.writing.Unlock()
	if f.closed {
		return false
	}
	f.to.write(chunk)
	return true
}

// stop stops reading. When it returns, nothing more is written. It waits up to readGrace for a read in
// progress, whose data is still written, and for a write in progress, which may wait for space in the
// library's buffer.
func (f *feed) stop() {
	f.stopped.Store(true)
	soon := time.NewTimer(readGrace)
	defer soon.Stop()
	select {
	case <-f.done:
	case <-soon.C:
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	if !f.closed {
		f.closed = true
		f.to.end()
	}
}

// size returns the total number of bytes to read, if known.
func (f *feed) size() (total int64, known bool) {
	for _, in := range f.inputs {
		if in.size < 0 {
			return 0, false
		}
		total += in.size
	}
	return total, total > 0
}

// counting counts the bytes read.
type counting struct {
	r     io.Reader
	bytes *atomic.Int64
}

func (c counting) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.bytes.Add(int64(n))
	return n, err
}
