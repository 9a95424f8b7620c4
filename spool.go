package cloudwatch

import (
	"errors"
	"fmt"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/pipeline"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// SpoolOptions are the limits of [Options.Spool]. In the zero value every field has its default.
type SpoolOptions struct {
	// MaxBytes is the maximum number of bytes that all files in the directory occupy,
	// including those of other processes: what the file system has allocated, plus what this
	// process has reserved. When it is reached, new events are in memory only, up to
	// [Options.BufferBytes], until older ones are delivered. Several processes at once can exceed
	// it by what they reserve within 5 seconds. 0: 1 GiB. At least 32 MiB. Each 8 MiB in use
	// need a file descriptor.
	MaxBytes int64
	// MinFree is the number of bytes that the spool leaves free on the file system.
	// 0: 5 % of the file system or 512 MiB, whichever is more. -1: none.
	MinFree int64
	// MaxStall is the longest time that one disk operation may take before the disk counts as
	// stalled. Log calls wait while the disk responds, however slow the disk or the machine is.
	// Once the disk has stalled, OnError gets a *[SpoolError], log calls no longer wait, and
	// events are in memory only, counted in [Stats].AtRisk, until the disk recovers. So a frozen
	// disk blocks each goroutine once, for MaxStall. Only time in which the process runs
	// counts: a process that is stopped, or gets no CPU, does not mistake that for a stall. 0:
	// one second.
	//
	// There is one exception. In direct mode, a log call less than 50 microseconds after the
	// last write makes its own write: if the disk freezes at that moment, the system call
	// blocks that one goroutine until the disk recovers.
	//
	// Events release their memory only after a sync. A burst that is faster than the disk and
	// fills [Options.BufferBytes] is slowed down: each log call waits up to MaxStall for the next
	// sync, until no sync has completed for a second, or for MaxStall if that is longer.
	MaxStall time.Duration
	// SyncEvery is the time after which written events are synced. A power cut can lose younger
	// ones. 0: one second.
	SyncEvery time.Duration
	// SpillAfter is, in hot mode, the time after which unacknowledged events are written from RAM
	// to the disk. A power cut or a reboot can lose events younger than SpillAfter plus
	// SyncEvery. 0: 10 seconds.
	SpillAfter time.Duration
	// Direct selects direct mode: every event is written to the disk before its log call
	// returns, even where events in RAM would survive kill -9. It costs one system call per
	// event, or one for the events of several goroutines together. false: hot mode where RAM
	// outlives the process, see [Handler.Guarantee].
	Direct bool
	// RAM is a directory on a RAM file system for hot mode, where it cannot be detected: in a
	// container whose /dev/shm, or another tmpfs, survives a restart of the container. Empty:
	// /dev/shm, but not in a container outside Kubernetes.
	RAM string
	// AllowRemote allows a directory on a network or FUSE file system. File locking and
	// fsync are not guaranteed to work there. false: such a directory is refused.
	AllowRemote bool
}

// Defaults and bounds of the fields above.
const (
	defaultSpoolBytes = 1 << 30
	minSpoolBytes     = 32 << 20
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

// spoolOpenError adds the option to the error of opening the spool.
func spoolOpenError(err error) error {
	var remote *disk.RemoteError
	if errors.As(err, &remote) {
		return fmt.Errorf("Options.Spool: %w, or set SpoolOptions.AllowRemote", err)
	}
	return fmt.Errorf("Options.Spool: %w", err)
}

// Guarantee is what an event survives once its log call has returned. It claims no more than was
// verified.
type Guarantee struct {
	// Mode is how events are kept: "memory" without a spool, "direct" or "hot" with
	// one.
	Mode string
	// Kill: events survive the death of the process by any cause, kill -9 included.
	// In hot mode they are in RAM at first: the container or pod must be the same when
	// the program starts again.
	Kill bool
	// Reboot is the time after which events survive a crash of the machine as well,
	// as far as its disk keeps what it has confirmed. 0: they do not.
	Reboot time.Duration
	// Err is why this is less than was asked for: there is no hot mode, or the disk fails
	// or stalls right now. nil if what was asked for is in force.
	Err error
}

// String describes the guarantee.
func (g Guarantee) String() string {
	s := g.Mode + ": "
	switch {
	case !g.Kill:
		s += "events are lost if the process dies before the service has them"
	case g.Reboot == 0:
		s += "events survive the death of the process, but no reboot"
	default:
		s += fmt.Sprintf("events survive the death of the process, and after %v a crash of the machine", g.Reboot)
	}
	if g.Err != nil {
		s += fmt.Sprintf(" (%v)", g.Err)
	}
	return s
}

// Guarantee returns what is in force now. It changes when a disk fails or recovers.
func (h *Handler) Guarantee() Guarantee { return newGuarantee(h.pipeline.Durability()) }

// Guarantee is [Handler.Guarantee].
func (w *Writer) Guarantee() Guarantee { return newGuarantee(w.pipeline.Durability()) }

func newGuarantee(d pipeline.Durability) Guarantee {
	modes := [...]string{pipeline.Memory: "memory", pipeline.Direct: "direct", pipeline.Hot: "hot"}
	return Guarantee{Mode: modes[d.Mode], Kill: d.ProcessCrash, Reboot: d.SystemCrash, Err: d.Err}
}

// SpoolError is reported to [Options.OnError] when the spool fails. Events that cannot be written
// are in memory only until the spool recovers. Each cause is reported once until the spool has
// recovered. The text of the cause is "the disk does not respond" if the disk has stalled, see
// [SpoolOptions.MaxStall].
type SpoolError struct {
	Op   string // the operation that failed, such as "write segment"
	Path string // the directory, or the name of a file in it
	Err  error  // the cause: ErrSpoolFull, ErrSpoolLow, an error of the system such as syscall.EIO, or another one
}

// Causes of a [SpoolError], for errors.Is.
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

// advice returns what an operator can do about the disk. No event is lost yet.
func (e *SpoolError) advice() string {
	switch {
	case errors.Is(e.Err, ErrSpoolFull):
		return "restore delivery, or raise SpoolOptions.MaxBytes"
	case errors.Is(e.Err, ErrSpoolLow):
		return "free disk space, or lower SpoolOptions.MinFree"
	}
	return "check the disk and the directory (Options.Spool); Stats.AtRisk counts events in memory only"
}
