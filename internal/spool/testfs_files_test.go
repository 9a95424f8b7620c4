package spool_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"syscall"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// memHandle is a directory opened by a process.
type memHandle struct {
	fs  *memFS
	p   *process
	dir *memDir
}

func (h *memHandle) Path() string { return "spool" }

// dies reports whether the process is killed during an operation that changes something, and
// whether the change is still made.
func (h *memHandle) dies() (dies, done bool) {
	if !h.p.mortal() {
		return false, true
	}
	return true, h.fs.rng.IntN(2) == 0
}

// simple performs a directory operation that changes something.
func (h *memHandle) simple(op, name string, do func() error) error {
	if _, err := h.fs.begin(h.p, op, name); err != nil {
		return err
	}
	defer h.fs.mu.Unlock()
	dies, done := h.dies()
	var err error
	if done {
		if err = do(); err != nil {
			err = fmt.Errorf("disk: %s %s: %w", op, name, err)
		}
	}
	if dies {
		h.p.kill()
		return errDead
	}
	return err
}

func (h *memHandle) Create(name string, size int64) (spool.File, error) {
	var f *memFile
	err := h.simple("create", name, func() error {
		switch {
		case h.dir.removed:
			return syscall.ENOENT
		case h.dir.files[name] != nil:
			return fs.ErrExist
		case h.fs.used()+size > h.fs.capacity:
			return syscall.ENOSPC
		}
		n := &inode{data: make([]byte, size), synced: make([]byte, size), lock: &memLock{h.p, 1}}
		h.dir.change(func(files map[string]*inode) { files[name] = n })
		h.fs.grown()
		f = &memFile{h: h, name: name, node: n, size: size, lock: n.lock}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (h *memHandle) Open(name string) (spool.File, error) {
	if _, err := h.fs.begin(h.p, "open", name); err != nil {
		return nil, err
	}
	defer h.fs.mu.Unlock()
	n := h.dir.files[name]
	if n == nil {
		return nil, fmt.Errorf("disk: open %s: %w", name, fs.ErrNotExist)
	}
	if n.lock.held() {
		return nil, fmt.Errorf("disk: open %s: %w", name, disk.ErrLocked)
	}
	n.lock = &memLock{h.p, 1}
	return &memFile{h: h, name: name, node: n, size: int64(len(n.data)), lock: n.lock}, nil
}

func (h *memHandle) List() (list []disk.Entry, err error) {
	if _, err := h.fs.begin(h.p, "list", ""); err != nil {
		return nil, err
	}
	defer h.fs.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(h.dir.files)) {
		size := int64(len(h.dir.files[name].data))
		list = append(list, disk.Entry{Name: name, Bytes: size + h.dir.files[name].extra, Size: size})
	}
	return list, nil
}

func (h *memHandle) Remove(name string) error {
	return h.simple("remove", name, func() error {
		if h.dir.files[name] == nil {
			return fs.ErrNotExist
		}
		h.dir.change(func(files map[string]*inode) { delete(files, name) })
		return nil
	})
}

func (h *memHandle) Sync() error {
	return h.simple("syncdir", "", func() error {
		h.dir.synced = maps.Clone(h.dir.files)
		h.dir.log = nil
		return nil
	})
}

func (h *memHandle) Space() (free, total int64, err error) {
	if _, err := h.fs.begin(h.p, "space", ""); err != nil {
		return 0, 0, err
	}
	defer h.fs.mu.Unlock()
	return h.fs.capacity - h.fs.used(), h.fs.capacity, nil
}

func (h *memHandle) Renew() (gone, err error) {
	err = h.simple("renew", "", func() error {
		if h.dir.removed {
			if gone = disk.ErrGone; h.fs.dir == nil {
				h.fs.dir = newMemDir()
			}
			h.dir = h.fs.dir
		}
		return nil
	})
	return gone, err
}

func (h *memHandle) Close() error { return nil }

// memFile is a file opened by a process.
type memFile struct {
	h    *memHandle
	name string
	node *inode
	size int64 // when created or opened
	lock *memLock
	gone bool // it was closed
}

func (f *memFile) Size() int64 {
	f.h.fs.mu.Lock()
	defer f.h.fs.mu.Unlock()
	return f.size
}

func (f *memFile) Grow(size int64) error {
	return f.h.simple("grow", f.name, func() error {
		grown := size - int64(len(f.node.data))
		switch {
		case size <= f.size:
			return nil
		case int64(len(f.node.data)) < f.size:
			return disk.ErrTruncated
		case grown > 0 && f.h.fs.used()+grown > f.h.fs.capacity:
			return syscall.ENOSPC
		case grown > 0:
			f.node.data = append(f.node.data, make([]byte, grown)...)
			f.h.fs.grown()
		}
		f.size = size
		return nil
	})
}

func (f *memFile) Trim(size int64) error {
	return f.h.simple("trim", f.name, func() error {
		if n := f.node; size < int64(len(n.data)) {
			n.data = n.data[:size:size]
		}
		f.size = size
		return nil
	})
}

// Punch zeroes the bytes without freeing space, so that the limits are tested with more than
// the real use.
func (f *memFile) Punch(from, to int64) error {
	return f.h.simple("punch", f.name, func() error {
		if to > int64(len(f.node.data)) || from < 0 || from%disk.PageBytes != 0 || to%disk.PageBytes != 0 {
			return fs.ErrInvalid
		}
		clear(f.node.data[from:to])
		f.dirty(from, to)
		return nil
	})
}

func (f *memFile) Rename(to string) error {
	return f.h.simple("rename", f.name, func() error {
		if f.h.dir.files[f.name] != f.node {
			return fs.ErrNotExist
		}
		if f.h.dir.files[to] != nil {
			return fs.ErrExist
		}
		from := f.name
		f.h.dir.change(func(files map[string]*inode) {
			delete(files, from)
			files[to] = f.node
		})
		f.name = to
		return nil
	})
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	if _, err := f.h.fs.begin(f.h.p, "read", f.name); err != nil {
		return 0, err
	}
	defer f.h.fs.mu.Unlock()
	if f.gone {
		return 0, fmt.Errorf("disk: read %s: %w", f.name, fs.ErrClosed)
	}
	if f.h.fs.onCall != nil {
		f.h.fs.onCall("read", f.name, off, p)
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	m := f.h.fs
	short, err := m.begin(f.h.p, "write", f.name)
	if err != nil {
		m.mu.Lock()
	}
	defer m.mu.Unlock()
	if err != nil {
		if short < 0 {
			short = m.rng.IntN(len(p) + 1)
		}
		f.write(p[:min(short, len(p))], off)
		return min(short, len(p)), err
	}
	if m.onCall != nil {
		m.onCall("write", f.name, off, p)
	}
	if f.h.p.mortal() {
		f.write(p[:m.rng.IntN(len(p)+1)], off)
		f.h.p.kill()
		return 0, errDead
	}
	if grown := off + int64(len(p)) - int64(len(f.node.data)); grown > 0 && m.used()+grown > m.capacity {
		p = p[:max(0, int64(len(p))-(m.used()+grown-m.capacity))]
		f.write(p, off)
		return len(p), fmt.Errorf("disk: write %s: %w", f.name, syscall.ENOSPC)
	}
	f.write(p, off)
	return len(p), nil
}

func (f *memFile) write(p []byte, off int64) {
	n := f.node
	if grown := int(off) + len(p) - len(n.data); grown > 0 && len(p) > 0 {
		n.data = append(n.data, make([]byte, grown)...)
		f.h.fs.grown()
	}
	copy(n.data[min(int(off), len(n.data)):], p)
	if off >= segment.Start && n.extra != f.h.fs.extra {
		n.extra = f.h.fs.extra
		f.h.fs.grown()
	}
	f.dirty(off, off+int64(len(p)))
}

// dirty records bytes changed since the last sync.
func (f *memFile) dirty(from, to int64) {
	n := f.node
	if n.dirty == nil {
		n.dirty = make(map[int]bool)
	}
	for s := int(from) / sector; s*sector < int(to); s++ {
		n.dirty[s] = true
	}
}

func (f *memFile) Sync() error {
	m := f.h.fs
	m.mu.Lock()
	before := slices.Clone(f.node.data) // writes during the sync may come too late
	dirty := maps.Clone(f.node.dirty)
	if m.onCall != nil {
		m.onCall("sync", f.name, 0, nil)
	}
	if f.node.failed {
		m.errs = append(m.errs, f.name+" was synced again after a failed sync")
	}
	m.mu.Unlock()
	if x, err := m.beginWith(f.h.p, "sync", f.name); err != nil {
		if !errors.Is(err, errDead) {
			m.mu.Lock()
			defer m.mu.Unlock()
			f.node.failed = true
			for s := range f.node.dirty {
				if from, to := s*sector, min(s*sector+sector, len(f.node.synced), len(f.node.data)); x.loses && from < to {
					copy(f.node.data[from:to], f.node.synced[from:to])
				}
			}
			f.node.dirty = nil // the system drops what it could not write
		}
		return err
	}
	defer m.mu.Unlock()
	dies, done := f.h.dies()
	if done {
		if grown := len(before) - len(f.node.synced); grown > 0 {
			f.node.synced = append(f.node.synced, make([]byte, grown)...)
		}
		f.node.synced = f.node.synced[:min(len(f.node.synced), len(before))] // it was trimmed
		for s := range dirty {
			from, to := s*sector, min(s*sector+sector, len(before), len(f.node.data)) // it may have been truncated
			if from >= to {
				continue
			}
			if copy(f.node.synced[from:to], before[from:to]); slices.Equal(f.node.synced[from:to], f.node.data[from:to]) {
				delete(f.node.dirty, s)
			}
		}
	}
	if dies {
		f.h.p.kill()
		return errDead
	}
	return nil
}

func (f *memFile) Close() error {
	f.h.fs.mu.Lock()
	defer f.h.fs.mu.Unlock()
	f.lock.open--
	f.gone = true
	return nil
}

func (f *memFile) Intact() error {
	f.h.fs.mu.Lock()
	defer f.h.fs.mu.Unlock()
	var err error
	switch n := f.h.dir.files[f.name]; {
	case n == nil:
		err = disk.ErrGone
	case n != f.node:
		err = disk.ErrReplaced
	case int64(len(n.data)) < f.size:
		err = disk.ErrTruncated
	default:
		return nil
	}
	return fmt.Errorf("disk: look at %s: %w", f.name, err)
}

func (f *memFile) Map(size int) (spool.Mapping, error) {
	if _, err := f.h.fs.begin(f.h.p, "map", f.name); err != nil {
		return nil, err
	}
	defer f.h.fs.mu.Unlock()
	f.lock.open++
	return &memMapping{f, size}, nil
}

// memMapping is a file mapped by a process.
type memMapping struct {
	*memFile
	length int
}

func (m *memMapping) Write(off int, p []byte) error {
	if _, err := m.h.fs.begin(m.h.p, "store", m.name); err != nil {
		return err
	}
	defer m.h.fs.mu.Unlock()
	n := len(p)
	dies := m.h.p.mortal()
	if dies {
		n = m.h.fs.rng.IntN(n + 1)
	}
	if off+n > min(m.length, len(m.node.data)) {
		return fmt.Errorf("disk: store into %s: %w", m.name, disk.ErrFault)
	}
	copy(m.node.data[off:], p[:n])
	if dies {
		m.h.p.kill()
		return errDead
	}
	return nil
}

// snapshot returns a copy of the files without any process that uses them.
func (f *memFS) snapshot() *memFS {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := newFS(f.rng, f.ram)
	for name, n := range f.dir.files {
		s.dir.files[name] = &inode{data: slices.Clone(n.data), synced: slices.Clone(n.synced)}
	}
	return s
}
