//go:build unix

package killtest

import (
	"errors"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MaxGoroutines is how many goroutines of a child can log.
const MaxGoroutines = 16

// Witness is a page of memory that a child shares with its parent. It outlives the
// child, whatever becomes of that. Only atomic values are in it.
type Witness struct {
	Started    atomic.Int64 // not 0: the first log call begins now
	Done       atomic.Int64 // goroutines that have logged everything
	WereAtRisk atomic.Int64 // the largest Stats.WereAtRisk seen
	Leaked     atomic.Int64 // PID of the process that holds a descriptor, see Params.Leak
	_          [4096 - 4*8]byte

	Tracks [MaxGoroutines]Track
}

// SawAtRisk enters what Stats.WereAtRisk was.
func (w *Witness) SawAtRisk(n int64) {
	for old := w.WereAtRisk.Load(); old < n && !w.WereAtRisk.CompareAndSwap(old, n); old = w.WereAtRisk.Load() {
	}
}

// Track is how far one goroutine has got. Only that goroutine writes it.
type Track struct {
	Tried    atomic.Uint64 // Seq of the event whose log call has begun
	Returned atomic.Uint64 // Seq of the event whose log call has returned nil
	_        [48]byte      // a cache line each
}

const witnessBytes = int(unsafe.Sizeof(Witness{}))

// OpenWitness maps the page of a file, which is made if it is missing.
func OpenWitness(path string) (*Witness, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(int64(witnessBytes)); err != nil {
		return nil, err
	}
	b, err := unix.Mmap(int(f.Fd()), 0, witnessBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(errors.New("map "+path), err)
	}
	return (*Witness)(unsafe.Pointer(&b[0])), nil
}

// Close gives the memory back.
func (w *Witness) Close() error {
	return unix.MunmapPtr(unsafe.Pointer(w), uintptr(witnessBytes))
}
