package spool_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// memFS is a file system in memory, with one directory. It knows what of it is on
// the medium: a process that is killed leaves everything it wrote, a power cut takes
// what was not synced. It can fail in every way the spool has to survive.
type memFS struct {
	ram      bool  // a power cut leaves nothing
	capacity int64 // bytes of all files
	extra    int64 // what a file takes beside its size, once a record was written to it

	mu     sync.Mutex
	rng    *rand.Rand
	dir    *memDir // nil after removeDir, until somebody makes it again
	faults []*fault
	peak   int64          // the most that all files ever took
	calls  map[string]int // of each operation
	onCall func(op, name string, off int64, p []byte)
	errs   []string // what nobody may do
}

// memDir is a directory as its users see it, and what of it is on the medium.
type memDir struct {
	files   map[string]*inode
	synced  map[string]*inode
	log     []func(map[string]*inode) // changes that are not synced, in order
	removed bool
}

type inode struct {
	data   []byte
	synced []byte
	extra  int64        // bytes it takes beside its size
	dirty  map[int]bool // sectors written since the last sync
	failed bool         // a sync has failed
	lock   *memLock
}

// memLock is held as long as something of it is open and its process lives.
type memLock struct {
	p    *process
	open int
}

func (l *memLock) held() bool { return l != nil && l.open > 0 && !l.p.isDead() }

const sector = 512

func newFS(rng *rand.Rand, ram bool) *memFS {
	f := &memFS{ram: ram, capacity: 1 << 40, rng: rng, calls: make(map[string]int)}
	f.dir = newMemDir()
	return f
}

func newMemDir() *memDir {
	return &memDir{files: make(map[string]*inode), synced: make(map[string]*inode)}
}

// process uses file systems until it is killed.
type process struct {
	died chan struct{}
	at   time.Time // when that was closed

	mu    sync.Mutex
	left  int // operations that change something until it is killed by itself; negative = never
	dying bool
}

func newProcess() *process { return &process{died: make(chan struct{}), left: -1} }

func (p *process) isDead() bool {
	select {
	case <-p.died:
		return true
	default:
		return false
	}
}

// kill is kill -9: nothing the process does from now on has any effect.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dying {
		p.dying = true
		p.at = time.Now()
		close(p.died)
	}
}

// killAfter has it killed during one of its next operations that change something.
func (p *process) killAfter(operations int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = operations
}

// mortal counts an operation that changes something. It reports whether the process
// dies during it.
func (p *process) mortal() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left < 0 || p.dying {
		return false
	}
	p.left--
	return p.left < 0
}

var errDead = errors.New("the process is dead")

// fault is something that goes wrong.
type fault struct {
	op    string // name of the operation; empty = every one
	name  string // part of the name of the file
	err   error  // what it fails with; nil = it does not
	short int    // so many bytes of a write are written before it fails; negative = any number
	loses bool   // a sync that fails loses the pages it should have written
	once  bool
	until chan struct{} // it waits for that
}

// inject has operations fail, or wait, from now on until end is called.
func (f *memFS) inject(x fault) (end func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	y := &x
	f.faults = append(f.faults, y)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.faults = slices.DeleteFunc(f.faults, func(other *fault) bool { return other == y })
		if y.until != nil {
			close(y.until)
			y.until = nil
		}
	}
}

// stall has operations wait until release is called. They are done then.
func (f *memFS) stall(op, name string) (release func()) {
	return f.inject(fault{op: op, name: name, until: make(chan struct{})})
}

// begin is the start of every operation. It leaves the file system locked, unless the
// operation fails.
func (f *memFS) begin(p *process, op, name string) (short int, err error) {
	x, err := f.beginWith(p, op, name)
	return x.short, err
}

// beginWith is begin that returns what is wrong.
func (f *memFS) beginWith(p *process, op, name string) (wrong fault, err error) {
	f.mu.Lock()
	for {
		if p.isDead() {
			f.mu.Unlock()
			return fault{}, errDead
		}
		i := slices.IndexFunc(f.faults, func(x *fault) bool {
			return (x.op == "" || x.op == op) && strings.Contains(name, x.name)
		})
		if i < 0 {
			f.calls[op]++
			return fault{}, nil
		}
		x := f.faults[i]
		if x.until != nil {
			until := x.until
			f.mu.Unlock()
			select {
			case <-until:
			case <-p.died:
			}
			f.mu.Lock()
			continue
		}
		if x.once {
			f.faults = slices.Delete(f.faults, i, i+1)
		}
		f.mu.Unlock()
		return *x, fmt.Errorf("disk: %s %s: %w", op, name, x.err)
	}
}

// used returns what all files take.
func (f *memFS) used() (sum int64) {
	if f.dir != nil {
		for _, n := range f.dir.files {
			sum += int64(len(n.data)) + n.extra
		}
	}
	return sum
}

func (f *memFS) grown() { f.peak = max(f.peak, f.used()) }

// change changes the directory, and remembers that for the next sync.
func (d *memDir) change(c func(map[string]*inode)) {
	c(d.files)
	d.log = append(d.log, c)
}

// What people and accidents do. None of that is an operation of a process.

// powerCut takes what was not synced: of a file any sectors that were written since,
// and of the directory all changes from any of them on.
func (f *memFS) powerCut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ram || f.dir == nil {
		f.dir = newMemDir()
		return
	}
	d := newMemDir()
	d.files = maps.Clone(f.dir.synced)
	if n := len(f.dir.log); n > 0 && f.rng.IntN(2) == 0 {
		for _, change := range f.dir.log[:f.rng.IntN(n+1)] {
			change(d.files)
		}
	}
	d.synced = maps.Clone(d.files)
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		d.files[name].powerCut(f.rng)
	}
	f.dir = d
}

func (n *inode) powerCut(rng *rand.Rand) {
	data := make([]byte, len(n.data))
	copy(data, n.synced)
	for s := 0; s*sector < len(data); s++ {
		if from, to := s*sector, min(s*sector+sector, len(data)); n.dirty[s] && rng.IntN(2) == 0 {
			copy(data[from:to], n.data[from:to])
		}
	}
	*n = inode{data: data, synced: slices.Clone(data)}
}

// names returns those of all files that end like that.
func (f *memFS) names(ending string) (list []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(f.dir.files)) {
		if strings.HasSuffix(name, ending) {
			list = append(list, name)
		}
	}
	return list
}

// tamper changes the bytes of a file.
func (f *memFS) tamper(name string, change func(data []byte) []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.dir.files[name]
	n.data = change(n.data)
	n.synced, n.dirty = slices.Clone(n.data), nil
}

func (f *memFS) truncate(name string, size int) {
	f.tamper(name, func(data []byte) []byte { return data[:size:size] })
}

func (f *memFS) unlink(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.dir.files, name)
	delete(f.dir.synced, name)
}

// replace puts another file in the place of one.
func (f *memFS) replace(name string, data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := &inode{data: data, synced: slices.Clone(data)}
	f.dir.files[name], f.dir.synced[name] = n, n
}

// read returns the bytes of a file.
func (f *memFS) read(name string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.dir.files[name].data)
}

// removeDir removes the directory with everything in it.
func (f *memFS) removeDir() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.dir.files)
	f.dir.removed = true
	f.dir = nil
}

// limit has other programs leave so many bytes free.
func (f *memFS) limit(free int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.capacity = f.used() + free
}

// most returns the most that all files ever took, since forget was called.
func (f *memFS) most() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.peak
}

func (f *memFS) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.peak = f.used()
}

// watch has each read, write and sync told from now on.
func (f *memFS) watch(told func(op, name string, off int64, p []byte)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onCall = told
}

func (f *memFS) callsOf(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// check fails the test if the file system was used as it must not be.
func (f *memFS) check(t testing.TB) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, err := range f.errs {
		t.Error(err)
	}
	f.errs = nil
}

// open returns the directory for a process.
func (f *memFS) open(p *process) spool.Directory {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir == nil {
		f.dir = newMemDir()
	}
	return &memHandle{fs: f, p: p, dir: f.dir}
}

// memHandle is a directory that a process has open.
type memHandle struct {
	fs  *memFS
	p   *process
	dir *memDir
}

func (h *memHandle) Path() string { return "spool" }

// dies reports whether the process is killed during an operation that changes
// something, and whether that is still done.
func (h *memHandle) dies() (dies, done bool) {
	if !h.p.mortal() {
		return false, true
	}
	return true, h.fs.rng.IntN(2) == 0
}

// simple does an operation of the directory that changes something.
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

// memFile is a file that a process has open.
type memFile struct {
	h    *memHandle
	name string
	node *inode
	size int64 // when it was made or opened
	lock *memLock
}

func (f *memFile) Size() int64 { return f.size }

func (f *memFile) Rename(to string) error {
	return f.h.simple("rename", f.name, func() error {
		if f.h.dir.files[f.name] != f.node {
			return fs.ErrNotExist
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
	if n.dirty == nil {
		n.dirty = make(map[int]bool)
	}
	for s := int(off) / sector; s*sector < int(off)+len(p); s++ {
		n.dirty[s] = true
	}
}

func (f *memFile) Sync() error {
	m := f.h.fs
	m.mu.Lock()
	before := slices.Clone(f.node.data) // what is written during the sync may come too late
	dirty := maps.Clone(f.node.dirty)
	if m.onCall != nil {
		m.onCall("sync", f.name, 0, nil)
	}
	if f.node.failed {
		m.errs = append(m.errs, f.name+" was synced again after that had failed")
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
			f.node.dirty = nil // the system forgets what it could not write
		}
		return err
	}
	defer m.mu.Unlock()
	dies, done := f.h.dies()
	if done {
		if grown := len(before) - len(f.node.synced); grown > 0 {
			f.node.synced = append(f.node.synced, make([]byte, grown)...)
		}
		for s := range dirty {
			from, to := s*sector, min(s*sector+sector, len(before), len(f.node.data)) // somebody may have cut it
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

// memMapping is a file in the memory of a process.
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

// snapshot returns the files as they are, with no process that uses them.
func (f *memFS) snapshot() *memFS {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := newFS(f.rng, f.ram)
	for name, n := range f.dir.files {
		s.dir.files[name] = &inode{data: slices.Clone(n.data), synced: slices.Clone(n.synced)}
	}
	return s
}
