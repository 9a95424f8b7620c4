package cloudwatch

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/redact"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// SpoolOptions are the limits of Options.Spool. The zero value works: each field has a
// default.
type SpoolOptions struct {
	// MaxBytes is the maximum number of bytes that all files in the directory take,
	// those of other processes included. What counts is what the file system allocates,
	// and what this process has still reserved. When it is reached, new events are in
	// memory only, up to BufferBytes, until older ones are delivered. Several processes
	// at once can exceed it by what they reserve within 5 seconds. 0: 1 GiB. At least
	// 32 MiB. Each 8 MiB in use need a file descriptor.
	MaxBytes int64
	// MinFree is the number of bytes that the spool leaves free on the file system.
	// 0: 5 % of the file system or 512 MiB, whichever is more. -1: none.
	MinFree int64
	// MaxStall is how long the disk may take for one operation before it counts as
	// stalled. A log call waits as long as the disk answers, however slow the disk or
	// the machine is. Once the disk has stalled, OnError gets a *SpoolError, no log call
	// waits any more, and events are in memory only, counted in Stats.AtRisk, until the
	// disk is back. So a frozen disk holds each goroutine for one MaxStall, once. The
	// time is counted while the process runs: one that was stopped, or gets no CPU, does
	// not take that for a stall. 0: one second.
	//
	// There is one exception. In direct mode, a log call less than 50 microseconds after
	// the last write makes its own write: if the disk freezes in that very moment, the
	// system call holds that one goroutine until the disk is back.
	//
	// Events give up their memory only when a sync has brought them to the disk. A burst
	// that is faster than the disk and fills BufferBytes is slowed down: each log call
	// waits up to MaxStall for the next sync, until no sync has ended for a second, or
	// for MaxStall if that is longer.
	MaxStall time.Duration
	// SyncEvery is the time after which written events are synced. A power cut can take
	// younger ones. 0: one second.
	SyncEvery time.Duration
	// SpillAfter is, in hot mode, the time after which events that the service has not
	// acknowledged are written from RAM to the disk. A power cut or a reboot can take
	// events younger than SpillAfter and SyncEvery together. 0: 10 seconds.
	SpillAfter time.Duration
	// Direct selects direct mode: every event is written to the disk before its log call
	// returns, even where events in RAM would survive kill -9. It costs a system call for
	// each event, or for those of several goroutines together. false: hot mode where RAM
	// outlives the process, see Guarantee.
	Direct bool
	// RAM is a directory on a RAM file system for hot mode, where it cannot be detected:
	// in a container whose /dev/shm, or another tmpfs, stays when the container is stopped
	// and started. Empty: /dev/shm, but not in a container outside Kubernetes.
	RAM string
	// AllowRemote allows a directory on a network or FUSE file system. File locking and
	// fsync are not guaranteed to work there. false: such a directory is refused.
	AllowRemote bool
}

// Defaults and bounds of the fields above.
const (
	defaultSpoolBytes = 1 << 30
	minSpoolBytes     = 32 << 20
	fileOverhead      = 64 << 10 // of 2048 blocks in as many places ext4 needs 60 KiB to note them
	segmentBytes      = 8<<20 - fileOverhead
	hotBytes          = 8 << 20
	minFree           = 512 << 20
	minFreeShare      = 20 // one part of so many of the file system
	defaultMaxStall   = time.Second
	defaultSyncEvery  = time.Second
	defaultSpillAfter = 10 * time.Second
)

func (s *settings) resolveSpool() error {
	o := &s.SpoolOptions
	switch {
	case s.Spool == "" && *o != (SpoolOptions{}):
		return errors.New("Options.SpoolOptions are set but Spool is empty")
	case o.MaxBytes != 0 && o.MaxBytes < minSpoolBytes:
		return fmt.Errorf("Options.SpoolOptions.MaxBytes %d: at least %d", o.MaxBytes, minSpoolBytes)
	case o.MinFree < -1:
		return fmt.Errorf("Options.SpoolOptions.MinFree %d: negative; -1 means nothing", o.MinFree)
	case o.MaxStall < 0 || o.SyncEvery < 0 || o.SpillAfter < 0:
		return errors.New("Options.SpoolOptions: a negative time")
	}
	if s.Spool == "" {
		return nil
	}
	setDefault(&o.MaxBytes, defaultSpoolBytes)
	setDefault(&o.MaxStall, defaultMaxStall)
	setDefault(&o.SyncEvery, defaultSyncEvery)
	setDefault(&o.SpillAfter, defaultSpillAfter)
	return nil
}

// destination is where events go: those of a process that has ended are sent with
// the credentials of this one only if they go to the same place.
type destination struct{ region, endpoint, group string }

func destinationOf(client *cloudwatchlogs.Client, group string) destination {
	o := client.Options()
	return destination{o.Region, redact.URL(aws.ToString(o.BaseEndpoint)), group} // as segments have it
}

// newSpool opens the spool. It returns an error for what only a human can put right;
// what may pass, such as a full disk, is told to OnError later.
func (p *pipeline) newSpool(to destination) (*spool.Spool, error) {
	s, o := p.settings, &p.settings.SpoolOptions
	var ram atomic.Pointer[disk.Dir] // where the hot files are
	open := func() (*disk.Dir, error) {
		d, err := disk.OpenDir(s.Spool, disk.Options{AllowRemote: o.AllowRemote})
		if err == nil {
			_, _ = keepHot(d, &ram)
			p.volatile.Store(d.FileSystem() == disk.RAM)
		}
		return d, err
	}
	dir, err := spool.OnDisk(s.Spool, open, func(d *disk.Dir) (gone, err error) { return keepHot(d, &ram) })
	var remote *disk.RemoteError
	if errors.As(err, &remote) {
		return nil, fmt.Errorf("Options.Spool: %w, or set SpoolOptions.AllowRemote", err)
	}
	if err != nil {
		return nil, fmt.Errorf("Options.Spool: %w", err)
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
			Region:   to.region,
			Endpoint: to.endpoint,
			Group:    to.group,
			Stream:   s.stream,
			Writer:   version(),
		},
		Failed: func(op, path string, err error) { p.report.later(&SpoolError{op, path, err}) },
	}
	if o.MinFree == 0 {
		_, total, _ := dir.Space() // 0 if that is not known
		cfg.MinFree = max(total/minFreeShare, minFree)
	}
	hot, err := spool.OnDisk(s.Spool, func() (*disk.Dir, error) {
		hot, err := openHot(open, o.RAM)
		if err == nil {
			ram.Store(hot)
		}
		return hot, err
	}, nil)
	if err == nil {
		cfg.HotLeft = hot
	}
	if !o.Direct {
		cfg.Hot, p.noHot = cfg.HotLeft, err
	}
	return spool.New(cfg), nil
}

// keepHot has the next process find the hot files of this one.
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
	defer dir.Close() // it was only needed for the way
	if ram != "" {
		return disk.OpenHotIn(dir, ram)
	}
	return disk.OpenHot(dir)
}

// bootID names the present run of the machine, where that is known. It is only shown
// to people.
func bootID() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // Linux only
	return strings.TrimSpace(string(id))
}

// version returns that of this library, for people.
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

// atRisk returns how many events are in memory only.
func (p *pipeline) atRisk() int64 {
	if p.spool == nil {
		return p.queue.State().Pending
	}
	return p.queue.Unsafe()
}

// SpoolError is reported to OnError when the spool fails. Where events cannot be written,
// they are in memory only until the spool has recovered. It is reported once for each
// cause until the spool has recovered. The text of its cause is "the disk does not answer" when the disk
// has stalled, see SpoolOptions.MaxStall.
type SpoolError struct {
	Op   string // the operation that failed, such as "write segment"
	Path string // of the directory, or the name of the file in it
	Err  error  // the cause: ErrSpoolFull, ErrSpoolLow, an error of the system such as syscall.EIO, or another one
}

// Causes of a SpoolError, for errors.Is.
var (
	ErrSpoolFull = spool.ErrFull // SpoolOptions.MaxBytes is reached
	ErrSpoolLow  = spool.ErrLow  // less than SpoolOptions.MinFree is left
)

// Error returns the operation, the path and the cause.
func (e *SpoolError) Error() string {
	return fmt.Sprintf("cloudwatch: spool: %s %s: %v", e.Op, e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *SpoolError) Unwrap() error { return e.Err }
