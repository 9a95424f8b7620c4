package spool_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// memFS is a file system in memory with one directory. It tracks what has reached the medium: a
// killed process leaves everything it wrote, a power cut loses what was not synced. It can fail
// in every way that the spool must survive.
type memFS struct {
	ram      bool  // a power cut clears it
	capacity int64 // maximum bytes of all files
	extra    int64 // bytes allocated to a file beyond its size, once it has a record

	mu     sync.Mutex
	rng    *rand.Rand
	dir    *memDir // nil after removeDir, until it is recreated
	faults []*fault
	peak   int64          // maximum of used
	calls  map[string]int // by operation
	onCall func(op, name string, off int64, p []byte)
	errs   []string // violations
}

// memDir is a directory as seen by processes, and as on the medium.
type memDir struct {
	files   map[string]*inode
	synced  map[string]*inode
	log     []func(map[string]*inode) // unsynced changes, in order
	removed bool
}

type inode struct {
	data   []byte
	synced []byte
	extra  int64        // bytes allocated beyond its size
	dirty  map[int]bool // sectors written since the last sync
	failed bool         // a sync has failed
	lock   *memLock
}

// memLock is held while a handle is open and its process lives.
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
	at   time.Time // time when died was closed

	mu    sync.Mutex
	left  int // changing operations until it is killed; negative = never
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

// kill is kill -9: nothing that the process does afterwards has an effect.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dying {
		p.dying = true
		p.at = time.Now()
		close(p.died)
	}
}

// killAfter kills it during one of its next changing operations.
func (p *process) killAfter(operations int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = operations
}

// mortal counts a changing operation. It reports whether the process dies during it.
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

// fault is an injected failure.
type fault struct {
	op    string // operation; empty = every one
	name  string // part of the file name
	err   error  // error of the operation; nil = none
	short int    // bytes written before a write fails; negative = a random number
	loses bool   // a failing sync loses the pages it should have written
	once  bool
	until chan struct{} // the operation waits for that
}

// inject adds a fault until end is called.
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

// stall blocks operations until release is called. Then they succeed.
func (f *memFS) stall(op, name string) (release func()) {
	return f.inject(fault{op: op, name: name, until: make(chan struct{})})
}

// begin starts every operation. It leaves the file system locked unless the operation fails.
func (f *memFS) begin(p *process, op, name string) (short int, err error) {
	x, err := f.beginWith(p, op, name)
	return x.short, err
}

// beginWith is like begin, but returns the fault.
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

// used returns the bytes allocated to all files.
func (f *memFS) used() (sum int64) {
	if f.dir != nil {
		for _, n := range f.dir.files {
			sum += int64(len(n.data)) + n.extra
		}
	}
	return sum
}

func (f *memFS) grown() { f.peak = max(f.peak, f.used()) }

// change changes the directory, and records that for the next sync.
func (d *memDir) change(c func(map[string]*inode)) {
	c(d.files)
	d.log = append(d.log, c)
}

// External changes, which are not operations of a process.

// powerCut loses what was not synced: any sectors of a file written since, and all directory
// changes from a random one on.
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
	if rng.IntN(2) == 0 && len(n.synced) < len(n.data) { // the size may not have reached the medium either
		data = data[:len(n.synced)]
	}
	copy(data, n.synced)
	for s := 0; s*sector < len(data); s++ {
		if from, to := s*sector, min(s*sector+sector, len(data)); n.dirty[s] && rng.IntN(2) == 0 {
			copy(data[from:to], n.data[from:to])
		}
	}
	*n = inode{data: data, synced: slices.Clone(data)}
}

// names returns the file names with that ending.
func (f *memFS) names(ending string) (list []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(f.dir.files)) {
		if strings.HasSuffix(name, ending) && name != spool.LargeMark {
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

// replace replaces a file by another one.
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

// removeDir removes the directory with its contents.
func (f *memFS) removeDir() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.dir.files)
	f.dir.removed = true
	f.dir = nil
}

// limit leaves that many bytes free, as other programs may.
func (f *memFS) limit(free int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.capacity = f.used() + free
}

// most returns the maximum of used since forget was called.
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

// watch reports each read, write and sync from now on.
func (f *memFS) watch(call func(op, name string, off int64, p []byte)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onCall = call
}

func (f *memFS) callsOf(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// check fails the test for violations.
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
