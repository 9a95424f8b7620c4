package pipeline

import "sync"

// maxScratch is the capacity of the largest buffer that is reused: one huge record must not pin
// its memory.
const maxScratch = 64 << 10

// scratch is a reusable buffer of one log call.
type scratch struct{ b []byte }

var scratches = sync.Pool{New: func() any { return &scratch{make([]byte, 0, 1<<10)} }}

func getScratch() *scratch {
	s := scratches.Get().(*scratch)
	s.b = s.b[:0]
	return s
}

func (s *scratch) put() {
	if cap(s.b) <= maxScratch {
		scratches.Put(s)
	}
}
