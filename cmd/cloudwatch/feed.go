package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// chunkBytes is how much is read at once. With the beginning of a line it is all
// the memory an input takes, however large it is.
const chunkBytes = 64 << 10

// readGrace is how long stop waits for a read to bring something. Without it,
// what a busy pipe has just handed over would be thrown away.
const readGrace = 100 * time.Millisecond

// feed reads inputs and writes them on, in a goroutine of its own: a read from a
// terminal or a pipe cannot be interrupted, so it must be possible to leave it
// behind.
type feed struct {
	to     *assembler
	inputs []input
	raw    bool          // inputs are sent as they are, nothing is decoded
	binary bool          // inputs need not be text once they are decoded
	tell   func(error)   // is told what cannot be read
	done   chan struct{} // closed when everything is read and written

	read     atomic.Int64 // bytes so far
	failed   atomic.Bool  // something could not be read
	complete atomic.Bool  // every input was read to its end, or to an error
	stopped  atomic.Bool  // no read may begin

	writing sync.Mutex // held during a Write
	closed  bool       // no Write may begin; guarded by writing
}

// run reads everything. It returns when that is written, or the feed was stopped.
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

// errStopped says that an input was left before its end.
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
		if err == nil && f.stopped.Load() { // what is read must be sent
			return errStopped
		}
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	if f.closed {
		return errStopped
	}
	f.to.end() // the next input starts a line of its own
	if err != io.EOF {
		return err
	}
	if read := f.read.Load() - before; in.whole && read < in.size {
		return fmt.Errorf("it had %s and became shorter, %s could be read", size(in.size), size(read))
	}
	return nil
}

// write returns false if the feed was closed.
func (f *feed) write(chunk []byte) bool {
	f.writing.Lock()
	defer f.writing.Unlock()
	if f.closed {
		return false
	}
	f.to.write(chunk)
	return true
}

// stop ends reading, and lets nothing more through when it returns. What a read
// brings that has begun is still written, if it comes soon. A write under way is
// waited for, and may wait for room in the library's buffer.
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

// size returns how many bytes there are to read, if that is known.
func (f *feed) size() (total int64, known bool) {
	for _, in := range f.inputs {
		if in.size < 0 {
			return 0, false
		}
		total += in.size
	}
	return total, total > 0
}

// counting counts what is read.
type counting struct {
	r     io.Reader
	bytes *atomic.Int64
}

func (c counting) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.bytes.Add(int64(n))
	return n, err
}
