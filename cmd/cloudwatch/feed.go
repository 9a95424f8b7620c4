package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// chunkBytes is how much is read at once. It is all the memory an input takes,
// however large it is.
const chunkBytes = 64 << 10

// readGrace is how long stop waits for a read to bring something. Without it,
// what a busy pipe has just handed over would be thrown away.
const readGrace = 100 * time.Millisecond

// feed reads inputs and writes them on, in a goroutine of its own: a read from a
// terminal or a pipe cannot be interrupted, so it must be possible to leave it
// behind.
type feed struct {
	to     io.Writer // its errors are counted by the library
	inputs []input
	tell   func(error)   // is told what cannot be read
	done   chan struct{} // closed when everything is read and written

	read    atomic.Int64 // bytes so far
	failed  atomic.Bool  // something could not be read
	stopped atomic.Bool  // no read may begin

	writing sync.Mutex // held during a Write
	closed  bool       // no Write may begin; guarded by writing
}

func newFeed(to io.Writer, inputs []input, tell func(error)) *feed {
	f := &feed{to: to, inputs: inputs, tell: tell, done: make(chan struct{})}
	go f.run()
	return f
}

func (f *feed) run() {
	defer close(f.done)
	buffer := make([]byte, chunkBytes)
	for _, in := range f.inputs {
		if err := f.copy(in, buffer); err != nil && !f.stopped.Load() {
			f.failed.Store(true)
			f.tell(fmt.Errorf("read %s: %w", in.name, cause(err)))
		}
	}
}

func (f *feed) copy(in input, buffer []byte) error {
	r, err := in.open()
	if err != nil {
		return err
	}
	defer r.Close()
	last := byte('\n')
	for !f.stopped.Load() { // what is read must be sent
		n, err := r.Read(buffer)
		if n > 0 {
			if !f.write(buffer[:n]) {
				return nil
			}
			f.read.Add(int64(n))
			last = buffer[n-1]
		}
		if err == nil {
			continue
		}
		if last != '\n' { // the next input starts a line of its own
			f.write([]byte("\n"))
		}
		if err == io.EOF {
			return nil
		}
		return err
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
	_, _ = f.to.Write(chunk)
	return true
}

// stop ends reading, and lets nothing more through when it returns. What a read
// brings that has begun is still written, if it comes soon. A Write under way is
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
	f.closed = true
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
