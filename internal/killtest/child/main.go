//go:build unix

// The child of package killtest: a program that logs until it dies.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/killtest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child is what the roles share.
type child struct {
	killtest.Params
	witness *killtest.Witness
	told    chan struct{} // closed when the parent wants an end, or has one itself
}

func run() error {
	c := child{told: make(chan struct{})}
	if err := json.Unmarshal([]byte(os.Args[1]), &c.Params); err != nil {
		return err
	}
	go func() {
		defer close(c.told)
		_, _ = io.Copy(io.Discard, os.Stdin) // any end is one
	}()
	switch c.Role {
	case killtest.Hold:
		<-c.told
		return nil
	case killtest.Hog:
		for !c.ended() {
		}
		return nil
	}
	var err error
	if c.witness, err = killtest.OpenWitness(c.Witness); err != nil {
		return err
	}
	if c.Role == killtest.Control {
		return c.control()
	}
	return c.log()
}

// log logs through the library.
func (c *child) log() error {
	h, err := c.newHandler()
	if err != nil {
		return err
	}
	go c.watch(h)
	if c.Leak {
		if err := c.leak(); err != nil {
			return err
		}
	}
	if err := c.produce(h.Handle); err != nil {
		return err
	}
	switch c.Exit {
	case "":
		<-c.told
	case "close":
	default:
		killtest.Exits[c.Exit]()
	}
	return h.Close()
}

// control logs in the way of a program that does not care: its buffer dies with it.
func (c *child) control() error {
	f, err := os.Create(c.Spool)
	if err != nil {
		return err
	}
	defer f.Close()
	var mu sync.Mutex
	w := bufio.NewWriterSize(f, 64<<10)
	h := slog.NewJSONHandler(w, nil)
	return c.produce(func(ctx context.Context, r slog.Record) error {
		mu.Lock()
		defer mu.Unlock()
		return h.Handle(ctx, r)
	})
}

// produce has all goroutines log their events.
func (c *child) produce(handle func(context.Context, slog.Record) error) error {
	c.witness.Started.Store(time.Now().UnixNano())
	errs := make([]error, c.Goroutines)
	var all sync.WaitGroup
	for g := range c.Goroutines {
		all.Go(func() {
			errs[g] = c.goroutine(g, handle)
			c.witness.Done.Add(1)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// goroutine logs events. What it enters as returned is what the parent waits for.
func (c *child) goroutine(g int, handle func(context.Context, slog.Record) error) error {
	ctx := context.Background()
	track := &c.witness.Tracks[g]
	for seq := uint64(1); c.Events == 0 || seq <= c.Events; seq++ {
		if c.Burst > 0 && seq%c.Burst == 0 {
			select {
			case <-c.told:
				return nil
			case <-time.After(time.Millisecond):
			}
		}
		track.Tried.Store(seq)
		text := killtest.Text(seq, c.Long)
		r := slog.NewRecord(time.Now(), slog.LevelInfo, text, 0)
		r.AddAttrs(
			slog.Int(killtest.KeyRun, c.Run),
			slog.Int(killtest.KeyGoroutine, g),
			slog.Uint64(killtest.KeySeq, seq),
			slog.Uint64(killtest.KeyHash, uint64(killtest.Event{Run: c.Run, Goroutine: g, Seq: seq}.Hash(text))),
		)
		if err := handle(ctx, r); err != nil {
			return fmt.Errorf("log event %d of goroutine %d: %w", seq, g, err)
		}
		track.Returned.Store(seq)
		if seq%1024 == 0 && c.ended() {
			return nil
		}
	}
	return nil
}

// ended reports whether the parent wants an end.
func (c *child) ended() bool {
	select {
	case <-c.told:
		return true
	default:
		return false
	}
}
