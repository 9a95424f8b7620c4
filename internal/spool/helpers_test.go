package spool_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// Most tests use segments with room for about 250 events, and a queue of the same size.
const (
	segmentBytes = 64 << 10
	hotBytes     = 256 << 10
	maxBytes     = 16 * segmentBytes
	maxStall     = 5 * time.Millisecond
	syncEvery    = time.Second
	spillAfter   = 10 * time.Second
	queueBytes   = 64 << 10
	interval     = time.Second
)

type batchEvent = batch.Event

var head = batch.Head("g", "s")

// sized returns the n-th event of a test, with its own level and a text of that many dots that
// identifies it and needs escaping.
func sized(n, dots int) batch.Event {
	e := batch.Event{Time: 1_763_812_800_000 + int64(n), Level: account.Level(n % int(account.Levels))}
	text := fmt.Sprintf("%d %d \"é\"\x00\n%s", n, dots, strings.Repeat(".", dots))
	e.Wire, e.Size = new(batch.Encoder).AppendEvent(nil, e.Time, []byte(text))
	return e
}

func event(n int) batch.Event { return sized(n, 50+n%50) }

// numberOf returns the number of an event, which must be unchanged.
func numberOf(t testing.TB, e batch.Event) (n int) {
	t.Helper()
	var dots int
	if _, err := fmt.Sscanf(string(batch.Message(e.Wire)), "%d %d", &n, &dots); err != nil {
		t.Fatalf("%s is not an event of the test", e.Wire)
	}
	if want := sized(n, dots); e.Time != want.Time || e.Level != want.Level || e.Size != want.Size || !bytes.Equal(e.Wire, want.Wire) {
		t.Fatalf("event %d is\n%+v %s, want\n%+v %s", n, e, e.Wire, want, want.Wire)
	}
	return n
}

// span returns the numbers from first to last.
func span(first, last int) (list []int) {
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

// machine has the file systems of its processes.
type machine struct {
	t         testing.TB
	rng       *rand.Rand
	disk, ram *memFS
	programs  int
	powerCut  bool // a power cut or a failed sync happened: files may have lost their headers
}

func newMachine(t testing.TB) *machine { return newMachineOf(t, 1) }

func newMachineOf(t testing.TB, seed uint64) *machine {
	rng := rand.New(rand.NewPCG(seed, 0))
	m := &machine{t: t, rng: rng, disk: newFS(rng, false), ram: newFS(rng, true)}
	t.Cleanup(func() {
		m.disk.check(t)
		m.ram.check(t)
	})
	return m
}

// program is a process that logs. The test plays the service.
type program struct {
	*process
	t     testing.TB
	m     *machine
	cfg   config
	queue *queue.Queue
	spool *spool.Spool
	last  int // number of the newest event

	mu     sync.Mutex
	failed []string // reports to Failed
}

// config configures a program.
type config struct {
	spool.Config
	queue  queue.Config
	source func(*queue.Queue) spool.Source // wraps the queue for the spool; nil = the queue itself
}

// roomy has memory for all events of most tests, so that memory is never low and nothing is
// evicted.
func roomy(c *config) { c.queue.MaxBytes = 1 << 20 }

// direct configures a program without a RAM file system, like most programs of the tests.
func direct(c *config) { c.Hot, c.HotLeftovers = nil, nil }

// large has room for larger events.
func large(c *config) {
	c.SegmentBytes, c.MaxBytes = 1<<20, 16<<20
	c.queue.MaxBytes = 4 << 20
}

// start starts a program. It is killed at the end of the test.
func (m *machine) start(changes ...func(*config)) *program {
	m.programs++
	p := &program{process: newProcess(), t: m.t, m: m}
	hot := m.ram.open(p.process)
	p.cfg.Config = spool.Config{
		Dir: m.disk.open(p.process), Hot: hot, HotLeftovers: hot,
		Header: segment.Header{Producer: uint64(m.programs), PID: m.programs, Group: "g", Stream: fmt.Sprint("stream ", m.programs)},

		MaxBytes: maxBytes, SegmentBytes: segmentBytes, HotBytes: hotBytes,
		MaxStall: maxStall, SyncEvery: syncEvery, SpillAfter: spillAfter,
		Failed: func(op, path string, err error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.failed = append(p.failed, fmt.Sprintf("%s %s: %v", op, path, err))
		},
	}
	p.cfg.queue = queue.Config{Head: head, MaxBytes: queueBytes, OnFull: queue.DropNewest, Interval: interval}
	for _, change := range changes {
		change(&p.cfg)
	}
	p.spool = spool.New(p.cfg.Config)
	p.cfg.queue.Replica = p.spool
	p.queue = queue.New(p.cfg.queue)
	if p.cfg.source != nil {
		p.spool.Start(p.cfg.source(p.queue))
	} else {
		p.spool.Start(p.queue)
	}
	m.t.Cleanup(p.end)
	return p
}

// end kills the program if necessary, and waits for its goroutines.
func (p *program) end() {
	if !p.isDead() {
		p.kill()
		p.spool.Close(time.Hour)
	}
}

// log logs n events, which must be accepted.
func (p *program) log(n int) {
	p.t.Helper()
	for range n {
		p.last++
		if err := p.queue.Append(event(p.last)); err != nil {
			p.t.Fatalf("event %d: %v", p.last, err)
		}
	}
}

// next takes the next batch, loading it if necessary, and returns its event numbers. The item
// is nil if there is none.
func (p *program) next() (it *queue.Item, list []int) {
	p.t.Helper()
	p.queue.Flush()
	for {
		it, _, _ = p.queue.Next(time.Now())
		if it == nil {
			return nil, nil
		}
		if !it.Away() || p.queue.Loaded(it, p.queue.Read(it, p.spool.Load)) {
			break
		}
	}
	it.Seal()
	for i := range it.Len() {
		list = append(list, numberOf(p.t, it.Event(i)))
	}
	return it, list
}

// ack acknowledges a whole batch as delivered.
func (p *program) ack(it *queue.Item) {
	p.queue.Settle(it, &account.Outcome{Delivered: it.Len(), Bytes: it.Bytes()}, true)
}

// deliver delivers everything, and returns the event numbers.
func (p *program) deliver() (all []int) {
	p.t.Helper()
	for it, list := p.next(); it != nil; it, list = p.next() {
		all = append(all, list...)
		p.ack(it)
	}
	return all
}

// close ends the program like Shutdown, without delivering the rest.
func (p *program) close() {
	p.queue.Close()
	p.spool.Close(time.Second)
	p.queue.Abandon()
	p.kill()
}

// crash kills the program, which unlocks its files.
func (p *program) crash() {
	p.kill()
	p.spool.Close(time.Hour)
}

// reported returns the reports to Failed since the last call.
func (p *program) reported() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	reports := p.failed
	p.failed = nil
	return reports
}

func (p *program) wantReports(parts ...string) {
	p.t.Helper()
	reports := p.reported()
	if len(reports) != len(parts) {
		p.t.Errorf("reported %q, want %q", reports, parts)
		return
	}
	for i, part := range parts {
		if !strings.Contains(reports[i], part) {
			p.t.Errorf("reported %q, want %q", reports[i], part)
		}
	}
}

// wantAtRisk checks how many events are in memory only, and how many log calls have returned in
// that state.
func (p *program) wantAtRisk(now, ever int64) {
	p.t.Helper()
	if got := p.queue.Unsafe(); got != now {
		p.t.Errorf("%d events are in memory only, want %d", got, now)
	}
	if got := p.spool.State().EverAtRisk; got != ever {
		p.t.Errorf("%d log calls returned with their event in memory only, want %d", got, ever)
	}
}

// content is a decoded segment file.
type content struct {
	name    string
	header  segment.Header
	acks    segment.Acks
	records []int // events it contains
	left    []int // unacknowledged ones, by the acks on disk
}

// read decodes a segment as it is now, ignoring its lock.
func read(t testing.TB, f *memFS, name string) (c content) {
	t.Helper()
	data := f.read(name)
	c.name = name
	header, err := segment.DecodeHeader(data[:min(len(data), segment.HeaderBytes)])
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c.header = *header
	c.acks = segment.DecodeAcks(data[segment.HeaderBytes:segment.Start], header.ID)
	scan := segment.NewScanner(bytes.NewReader(data), int64(len(data)), header.ID)
	var encoder batch.Encoder
	last, lost := uint64(0), 0
	for scan.Next() {
		r := scan.Record()
		if n := scan.Lost() - lost; n > 0 && !c.acks.Acked.Covers(max(last+1, r.Seq-uint64(n)), r.Seq) { // the space of others was reclaimed
			t.Errorf("%s: %d records are missing", name, n)
		}
		last, lost = r.Seq, scan.Lost()
		wire := encoder.AppendEnd(append(encoder.AppendStart(nil, r.Time), r.Payload...))
		n := numberOf(t, batch.Event{Time: r.Time, Size: r.Size, Level: account.Level(r.Level), Wire: wire})
		c.records = append(c.records, n)
		if !c.acks.Acked.Contains(r.Seq) {
			c.left = append(c.left, n)
		}
	}
	return c
}

// segments decodes all segments on disk.
func (m *machine) segments() (list []content) {
	m.t.Helper()
	for _, name := range m.disk.names(".seg") {
		list = append(list, read(m.t, m.disk, name))
	}
	return list
}

// onDisk returns the unacknowledged events on disk, in order.
func (m *machine) onDisk() (list []int) {
	m.t.Helper()
	for _, c := range m.segments() {
		list = append(list, c.left...)
	}
	slices.Sort(list)
	return list
}

// found is what the next process finds in a file.
type found struct {
	name    string
	events  []int // in order
	damaged int
}

// filesOf returns the contents of the segments that dead processes left.
func (m *machine) filesOf(f *memFS) (list []found) {
	m.t.Helper()
	dir := f.open(newProcess())
	for _, name := range append(f.names(".seg"), f.names(".hot")...) {
		o, err := spool.OpenOrphan(dir, name)
		if m.powerCut && errors.Is(err, spool.ErrHeaderDamaged) {
			continue // it was never synced
		}
		if err != nil {
			m.t.Fatalf("open %s: %v", name, err)
		}
		file := found{name: name}
		file.damaged, err = o.Scan(func(_ uint64, e batch.Event) bool {
			file.events = append(file.events, numberOf(m.t, e))
			return true
		})
		if err != nil {
			m.t.Fatalf("scan %s: %v", name, err)
		}
		o.Release()
		list = append(list, file)
	}
	return list
}

// orphans returns all events that dead processes left, and how many are damaged.
func (m *machine) orphans(f *memFS) (list []int, damaged int) {
	m.t.Helper()
	for _, file := range m.filesOf(f) {
		list = append(list, file.events...)
		damaged += file.damaged
	}
	return list, damaged
}

func wantList(t testing.TB, what string, got, want []int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %s, want %s", what, short(got), short(want))
	}
}

// short formats numbers as ranges.
func short(list []int) string {
	var text []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if j > i {
			text = append(text, fmt.Sprintf("%d-%d", list[i], list[j]))
		} else {
			text = append(text, fmt.Sprint(list[i]))
		}
		i = j + 1
	}
	return "[" + strings.Join(text, " ") + "]"
}

// bubble runs a test in fake time. It fails if a goroutine is left at the end.
func bubble(t *testing.T, test func(t *testing.T, m *machine)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newMachine(t)) })
}

// pass advances the fake time and waits until all goroutines are idle.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// eventually lets up to a minute pass until cond holds.
func (p *program) eventually(what string, cond func() bool) {
	p.t.Helper()
	for start := time.Now(); !cond(); pass(10 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			p.t.Fatalf("not within a minute: %s", what)
		}
	}
}

// Errors of disks.
var errBroken, errNoSpace, errReadOnly error = syscall.EIO, syscall.ENOSPC, syscall.EROFS

// adopt makes the program adopt the hot files. It fails for files that are held.
func (p *program) adopt() error {
	p.t.Helper()
	_, err := p.spool.Adopt(func(name string, bytes int64, why error) {
		p.t.Errorf("%s is held with %d bytes: %v", name, bytes, why)
	})
	return err
}

// unfinished returns the unfinished files, except for segments created ahead by programs of the
// test.
func (m *machine) unfinished() []string {
	return slices.DeleteFunc(m.disk.names(".new"), func(name string) bool { return strings.HasPrefix(name, "00000000000000000"[:15]) && name[15] != 'a' })
}

// snapshot returns the machine as if all of its processes were killed now.
func (m *machine) snapshot() *machine {
	return &machine{t: m.t, rng: m.rng, disk: m.disk.snapshot(), ram: m.ram.snapshot(), powerCut: m.powerCut}
}

// leftovers returns the names of the segments of other programs.
func (p *program) leftovers() (names []string) {
	p.t.Helper()
	list, err := p.spool.Leftovers()
	if err != nil {
		p.t.Error(err)
	}
	for _, l := range list {
		names = append(names, l.Name)
	}
	return names
}

func sameProcess(a, b string) bool { return spool.ProcessOf(a) == spool.ProcessOf(b) }
