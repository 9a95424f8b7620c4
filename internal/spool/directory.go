package spool

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
)

// Directory is a directory for segments: one of the operating system (see [OnDisk]), or one of
// a test that injects failures.
type Directory interface {
	Path() string
	Create(name string, size int64) (File, error)
	Open(name string) (File, error)
	List() ([]disk.Entry, error)
	Remove(name string) error
	Sync() error
	Space() (free, total int64, err error)
	// Renew recreates the directory if it was deleted or replaced. gone is the cause in that
	// case.
	Renew() (gone, err error)
	Close() error
}

// File is a file locked by this process.
type File interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
	Size() int64
	Grow(size int64) error      // reserves space; the new part reads as zeros
	Trim(size int64) error      // truncates the file and frees the space
	Punch(from, to int64) error // frees the space of a range, which then reads as zeros
	Rename(name string) error
	Intact() error
	Map(size int) (Mapping, error)
	Close() error
}

// Mapping is a memory-mapped file.
type Mapping interface {
	Write(off int, p []byte) error
	Close() error
}

// OnDisk returns a directory of the operating system, opened by open. Errors that may pass,
// such as a full disk, are deferred: every method fails until they have passed.
// [Directory.Renew] calls check, unless it is nil, to verify and restore what the directory
// must contain besides segments.
func OnDisk(path string, open func() (*disk.Dir, error), check func(*disk.Dir) (gone, err error)) (Directory, error) {
	d := &osDir{path: path, reopen: open, check: check}
	if _, err := d.opened(); err != nil && !isTemporary(err) {
		return nil, err
	}
	return d, nil
}

// isTemporary reports whether an error may pass without a change of settings.
func isTemporary(err error) bool {
	return errors.Is(err, errNoResponse) || disk.IsTransient(err)
}

type osDir struct {
	path   string
	reopen func() (*disk.Dir, error)
	check  func(*disk.Dir) (gone, err error)

	mu      sync.Mutex
	dir     *disk.Dir    // nil while it cannot be opened
	opening chan opening // result of the attempt in progress; nil if there is none
}

type opening struct {
	dir *disk.Dir
	err error
}

var errNoResponse = errors.New("the disk does not respond")

// opened returns the directory. It waits for at most startTime; a result that arrives later is
// for the next caller.
func (d *osDir) opened() (*disk.Dir, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dir != nil {
		return d.dir, nil
	}
	if d.opening == nil {
		d.opening = make(chan opening, 1)
		go func(answer chan<- opening) {
			dir, err := d.reopen()
			answer <- opening{dir, err}
		}(d.opening)
	}
	timeout := time.NewTimer(startTime)
	defer timeout.Stop()
	select {
	case o := <-d.opening:
		d.dir, d.opening = o.dir, nil
		return o.dir, o.err
	case <-timeout.C:
		return nil, errNoResponse
	}
}

func (d *osDir) Path() string { return d.path }

func (d *osDir) Renew() (gone, err error) {
	dir, err := d.opened()
	if err != nil {
		return nil, err
	}
	if gone = dir.Intact(); gone == nil {
		if d.check == nil {
			return nil, nil
		}
		return d.check(dir)
	}
	d.mu.Lock()
	if d.dir == dir {
		_ = dir.Close() // it was deleted or replaced
		d.dir = nil
	} else { // another goroutine reports it
		gone = nil
	}
	d.mu.Unlock()
	_, err = d.opened()
	return gone, err
}

func (d *osDir) Create(name string, size int64) (File, error) {
	dir, err := d.opened()
	if err != nil {
		return nil, err
	}
	f, err := dir.Create(name, size)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d *osDir) Open(name string) (File, error) {
	dir, err := d.opened()
	if err != nil {
		return nil, err
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d *osDir) List() ([]disk.Entry, error) {
	dir, err := d.opened()
	if err != nil {
		return nil, err
	}
	return dir.List()
}

func (d *osDir) Remove(name string) error {
	dir, err := d.opened()
	if err != nil {
		return err
	}
	return dir.Remove(name)
}

func (d *osDir) Sync() error {
	dir, err := d.opened()
	if err != nil {
		return err
	}
	return dir.Sync()
}

func (d *osDir) Space() (free, total int64, err error) {
	dir, err := d.opened()
	if err != nil {
		return 0, 0, err
	}
	return dir.Space()
}

func (d *osDir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dir == nil {
		return nil
	}
	return d.dir.Close()
}

type osFile struct{ *disk.File }

func (f osFile) Map(size int) (Mapping, error) {
	m, err := disk.Map(f.File, size)
	if err != nil {
		return nil, err
	}
	return m, nil
}
