package disk

import (
	"io/fs"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// Mapping is memory that is also a file, so that it outlives the process. It
// can only be written; nothing of it is handed out. Its owner guards it: no
// store may run beside another one or beside Close.
type Mapping struct {
	name   string
	memory []byte // nil when closed
}

// Map maps the first bytes of a file of at least that size. It is refused
// (errors.ErrUnsupported) unless the file is in RAM. The pages are present
// when it returns, and are left out of core dumps: they hold what was logged.
func Map(f *File, size int) (*Mapping, error) {
	v, err := volumeOf(f.file)
	if err == nil && v.kind != RAM {
		err = unix.ENOTSUP
	}
	if err == nil && (size <= 0 || int64(size) > f.size.Load()) {
		err = fs.ErrInvalid
	}
	var memory []byte
	if err == nil {
		err = control(f.file, func(fd uintptr) (err error) {
			memory, err = unix.Mmap(int(fd), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
			return err
		})
	}
	if err != nil {
		return nil, fail("map", f.name, err)
	}
	if err := unix.Madvise(memory, unix.MADV_DONTDUMP); err != nil {
		unix.Munmap(memory)
		return nil, fail("map", f.name, err)
	}
	return &Mapping{f.name, memory}, nil
}

// Write copies p to an offset. If the memory has gone, because someone has
// truncated the file, it returns ErrFault and part of p may be stored.
func (m *Mapping) Write(off int, p []byte) (err error) {
	if off < 0 || len(p) > len(m.memory)-off {
		return fail("write", m.name, fs.ErrInvalid)
	}
	defer m.survive(debug.SetPanicOnFault(true), &err)
	copy(m.memory[off:], p)
	return nil
}

// survive is deferred by a store: the fault, a panic by now, becomes an error.
// The bounds have been checked, so that nothing else can panic.
func (m *Mapping) survive(before bool, err *error) {
	debug.SetPanicOnFault(before)
	if recover() != nil {
		*err = fail("write", m.name, ErrFault)
	}
}

// Close ends the mapping, and the lock of its file if that is closed.
func (m *Mapping) Close() error {
	memory := m.memory
	m.memory = nil
	if memory == nil {
		return nil
	}
	if err := unix.Munmap(memory); err != nil {
		return fail("unmap", m.name, err)
	}
	return nil
}
