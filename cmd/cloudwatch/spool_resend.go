package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// resend sends the files for one destination through a Writer with the same spool, which adopts what
// ended processes left there, retries and acknowledges as for its own events.
type resend struct {
	*program
	dir    *spoolDir
	flags  *sendFlags
	screen *screen
	to     destination

	files   []*spoolFile
	events  int64
	streams []string        // of the destination
	notes   map[string]bool // processes and streams with a recovery notice

	lost    int64
	failure *diagnosis // why it was given up; nil if it was not
}

// add adds a file whose header will be h.
func (r *resend) add(f *spoolFile, h segment.Header) {
	r.files = append(r.files, f)
	r.events += int64(f.pending())
	if !slices.Contains(r.streams, h.Stream) {
		r.streams = append(r.streams, h.Stream)
	}
	if r.notes == nil {
		r.notes = make(map[string]bool)
	}
	if f.pending()+f.Damaged > 0 {
		r.notes[fmt.Sprint(h.Producer, h.Stream)] = true
	}
}

func (r *resend) summary() string {
	streams := "log stream " + r.streams[0]
	if n := len(r.streams); n > 1 {
		streams = counted(int64(n), "log stream", "log streams")
	}
	return fmt.Sprintf("%s in %s for log group %s, %s, region %s, %s",
		events(r.events), counted(int64(len(r.files)), "file", "files"), r.to.group, streams, r.to.region, hostOf(r.to.endpoint))
}

const (
	resendPoll     = 50 * time.Millisecond
	resendPatience = 5 * time.Second // without progress while no request is in flight
	noteTime       = time.Second     // for the recovery notice after the last event
	drainTime      = 10 * time.Second
	abortTime      = time.Second
)

// run returns when everything is sent or the run is given up.
func (r *resend) run(ctx context.Context) error {
	t := &notifier{screen: r.screen}
	r.prepare()
	options := r.sendOptions(r.flags, r.to, r.streams[0]) // the stream is for its recovery notices
	options.OnError = func(err error) { r.report(t, err) }
	options.Spool = r.dir.disk.Path()
	options.SpoolOptions = cloudwatch.SpoolOptions{
		MaxBytes:    math.MaxInt64,
		MinFree:     -1,
		Direct:      true,
		AllowRemote: r.flags.allowRemote,
	}
	if r.dir.hot != nil {
		options.SpoolOptions.RAM = filepath.Dir(r.dir.hot.Path())
	}
	w, err := cloudwatch.NewWriter(literal(r.to.group), options)
	if err != nil {
		return err
	}
	limit := abortTime
	if r.wait(ctx, w, &judge{}) {
		limit = drainTime
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	_ = w.Shutdown(ending) // the spool shows what is left
	r.screen.show("")
	sent := w.Stats().Recovered
	r.lost = sent.Lost
	text := fmt.Sprintf("cloudwatch: sent %s to log group %s", events(sent.Delivered), r.to.group)
	if r.lost > 0 {
		text += fmt.Sprintf("; %s lost", count(r.lost))
	}
	r.screen.say(text)
	return nil
}

// prepare makes the files acceptable to the library, and skips those where that fails.
func (r *resend) prepare() {
	r.files = slices.DeleteFunc(r.files, func(f *spoolFile) bool {
		err := r.prepareFile(f)
		if err != nil {
			r.screen.say(fmt.Sprintf("cloudwatch: %s: not sent: %v", f.name, asItsUser(err)))
		}
		return err != nil
	})
}

// prepareFile writes the destination into a file if it differs, and corrects its mode.
func (r *resend) prepareFile(f *spoolFile) error {
	err := f.dir.SecureFile(f.name)
	if h := *f.header; err == nil {
		if r.flags.retarget(&h); h != *f.header {
			err = spool.Repair(f.dir, f.name, r.flags.retarget)
		}
	}
	if errors.Is(err, disk.ErrLocked) || errors.Is(err, fs.ErrNotExist) { // another process is sending it
		return nil
	}
	return err
}

// wait returns true when the files are gone and their recovery notices are queued, and false if it
// gives up.
func (r *resend) wait(ctx context.Context, w *cloudwatch.Writer, j *judge) bool {
	tick := time.NewTicker(resendPoll)
	defer tick.Stop()
	last, since := "", time.Now()
	for {
		select {
		case <-ctx.Done():
			return false
		case now := <-tick.C:
			s := w.Stats()
			left := r.left()
			r.screen.show(fmt.Sprintf("%s of %s sent", count(s.Recovered.Delivered), events(r.events)))
			state := fmt.Sprint(left, s.Recovered, s.Accepted)
			if state != last || s.Recovered.Pending > 0 {
				last, since = state, now
			}
			d, over := j.look(&s, s.Recovered.Delivered, true)
			switch quiet := now.Sub(since); {
			case left == 0 && (s.Accepted >= int64(len(r.notes)) || quiet > noteTime):
				return true
			case over && (d.kind == kindAccess || d.kind == kindFinal): // wait for an unreachable network
				r.failure = &d
				r.screen.say("cloudwatch: gave up: " + d.cause)
				return false
			case quiet > resendPatience:
				return false
			}
		}
	}
}

// left returns how many of the files still exist. Files in RAM first become segments on the disk.
func (r *resend) left() (n int) {
	there := map[string]bool{}
	for _, dir := range r.dir.both() {
		entries, err := dir.List()
		if err != nil {
			return len(r.files)
		}
		for _, e := range entries {
			there[stem(e.Name)] = true
		}
	}
	for _, f := range r.files {
		if there[stem(f.name)] {
			n++
		}
	}
	return n
}

func stem(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }

// report is Options.OnError of the library. It ignores errors about files for other destinations.
func (r *resend) report(t *notifier, err error) {
	s, ok := errors.AsType[*cloudwatch.SpoolError](err)
	if ok && s.Op == "send segment" && !slices.ContainsFunc(r.files, func(f *spoolFile) bool { return stem(f.name) == stem(s.Path) }) {
		return
	}
	t.report(err)
}
