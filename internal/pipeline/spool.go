package pipeline

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/recovery"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// SpoolOptions are cloudwatch.SpoolOptions with every default filled in, except MinFree.
type SpoolOptions struct {
	MaxBytes    int64
	MinFree     int64 // -1: none
	MaxStall    time.Duration
	SyncEvery   time.Duration
	SpillAfter  time.Duration
	Direct      bool
	RAM         string
	AllowRemote bool
}

const (
	fileOverhead = 64 << 10 // ext4 needs 60 KiB of metadata for 2048 blocks in as many places
	segmentBytes = 8<<20 - fileOverhead
	hotBytes     = 8 << 20
	minFree      = 512 << 20
	minFreeShare = 20 // the divisor of the size of the file system
)

// SpoolFailure is a notice that the spool failed.
type SpoolFailure struct {
	Op   string
	Path string
	Err  error
}

// openSpool opens the spool. It returns errors that need an operator; conditions that may pass,
// such as a full disk, are reported later.
func (p *Pipeline) openSpool(to recovery.Destination) (*spool.Spool, error) {
	path, o := p.cfg.Spool, &p.cfg.SpoolOptions
	var ram atomic.Pointer[disk.Dir] // directory of the hot files
	open := func() (*disk.Dir, error) {
		d, err := disk.OpenDir(path, disk.Options{AllowRemote: o.AllowRemote})
		if err == nil {
			_, _ = keepHot(d, &ram)
			p.volatile.Store(d.FileSystem() == disk.RAM)
		}
		return d, err
	}
	dir, err := spool.OnDisk(path, open, func(d *disk.Dir) (gone, err error) { return keepHot(d, &ram) })
	if err != nil {
		return nil, err
	}
	cfg := spool.Config{
		Dir:          dir,
		MaxBytes:     o.MaxBytes,
		MinFree:      max(o.MinFree, 0),
		SegmentBytes: segmentBytes,
		Overhead:     fileOverhead,
		HotBytes:     hotBytes,
		MaxStall:     o.MaxStall,
		SyncEvery:    o.SyncEvery,
		SpillAfter:   o.SpillAfter,
		Header: segment.Header{
			Producer: rand.Uint64(),
			Boot:     bootID(),
			PID:      os.Getpid(),
			Program:  filepath.Base(os.Args[0]),
			Region:   to.Region,
			Endpoint: to.Endpoint,
			Group:    to.Group,
			Stream:   p.cfg.Stream,
			Writer:   version(),
		},
		Failed: func(op, path string, err error) { p.report.notify(&SpoolFailure{op, path, err}) },
	}
	if o.MinFree == 0 {
		_, total, _ := dir.Space() // 0 if not known
		cfg.MinFree = max(total/minFreeShare, minFree)
	}
	hot, err := spool.OnDisk(path, func() (*disk.Dir, error) {
		hot, err := openHot(open, o.RAM)
		if err == nil {
			ram.Store(hot)
		}
		return hot, err
	}, nil)
	if err == nil {
		cfg.HotLeftovers = hot
	}
	if !o.Direct {
		cfg.Hot, p.noHot = cfg.HotLeftovers, err
	}
	return spool.New(cfg), nil
}

// keepHot records where the hot files of this process are, so that the next process finds them.
func keepHot(d *disk.Dir, ram *atomic.Pointer[disk.Dir]) (gone, err error) {
	hot := ram.Load()
	if hot == nil {
		return nil, nil
	}
	made, err := disk.KeepHot(d, hot)
	if made {
		gone = fmt.Errorf("its files are %w", disk.ErrGone)
	}
	return gone, err
}

// openHot opens the directory on a RAM file system that belongs to a spool.
func openHot(open func() (*disk.Dir, error), ram string) (*disk.Dir, error) {
	dir, err := open()
	if err != nil {
		return nil, err
	}
	defer dir.Close() // only needed to find the RAM directory
	if ram != "" {
		return disk.OpenHotIn(dir, ram)
	}
	return disk.OpenHot(dir)
}

// bootID returns the boot id of the machine, or an empty string. It is only displayed.
func bootID() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // Linux only
	return strings.TrimSpace(string(id))
}

// version returns the version of this library. It is only displayed.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	const path = "github.com/cloudwatch-go/cloudwatch"
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == path {
			return m.Version
		}
	}
	return ""
}

// memoryOnly returns the number of pending events that are in memory only.
func (p *Pipeline) memoryOnly() int64 {
	if p.spool == nil {
		return p.queue.State().Pending
	}
	return p.queue.Unsafe()
}

// Mode is where events are kept until they are acknowledged.
type Mode int

// The modes.
const (
	Memory Mode = iota
	Direct      // on the disk at once
	Hot         // in RAM that outlives the process, later on the disk
)

// Durability describes what an event survives once its log call has returned.
type Durability struct {
	Mode         Mode
	ProcessCrash bool          // survives the end of the process, even by SIGKILL
	SystemCrash  time.Duration // the time after which it survives a crash of the system; 0: never
	Err          error         // why this is less than configured; nil: it is not
}

// Durability returns the present durability.
func (p *Pipeline) Durability() Durability {
	if p == nil || p.spool == nil {
		return Durability{}
	}
	o := &p.cfg.SpoolOptions
	d := Durability{Mode: Direct, ProcessCrash: true, SystemCrash: o.SyncEvery}
	hot, err := p.spool.Hot()
	if hot {
		d.Mode, d.SystemCrash = Hot, o.SpillAfter+o.SyncEvery
	} else if d.Err = err; err == nil {
		d.Err = p.noHot
	}
	if p.volatile.Load() {
		d.SystemCrash = 0
	}
	state := p.spool.State()
	if state.Err == nil && !state.Stalled {
		return d
	}
	d.Err, d.SystemCrash = state.Err, 0
	if d.Err == nil {
		d.Err = spool.ErrStalled
	}
	d.ProcessCrash = len(p.spool.Unsafe()) == 0
	return d
}
