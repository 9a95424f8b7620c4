package pipeline_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// TestNothingWrittenIsLost: text comes from Writes and readers of all sizes, with and without
// newlines, while others have Flush take partial lines, until Shutdown in the middle of it. All
// that was taken without an error arrives once, and is there when a Flush returns. Only a line
// that is not complete when Shutdown begins may be refused with its end.
func TestNothingWrittenIsLost(t *testing.T) {
	for round := range 6 {
		opts := cloudwatch.Options{LogStream: testkit.Stream, FlushInterval: time.Millisecond, MaxEventBytes: 300 + 4000*(round%2)}
		if round%3 == 2 {
			opts.OnFull, opts.BufferBytes = cloudwatch.Block, 1<<20
		}
		f := testkit.New(t, opts)
		const writers = 8
		var all sync.WaitGroup
		var written, attempted, partial [writers]int
		for g := range writers {
			r := rand.New(rand.NewPCG(uint64(g), uint64(round)))
			w := f.WriterWith(cloudwatch.WriterOptions{ReadJSON: g%2 == 0})
			all.Go(func() {
				for {
					var text strings.Builder
					runes := 1 + r.IntN(1+r.IntN(600))
					for range runes {
						text.WriteRune(runeOf(g))
						if r.IntN(60) == 0 {
							text.WriteString("\n")
						}
					}
					attempted[g] += runes
					var err error
					if g%4 == 3 {
						_, err = w.ReadFrom(strings.NewReader(text.String()))
					} else {
						_, err = io.WriteString(w, text.String())
					}
					if errors.Is(err, cloudwatch.ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
					}
					written[g] += runes
					if g%4 != 3 {
						all := text.String()
						if i := strings.LastIndexByte(all, '\n'); i >= 0 {
							partial[g], all = 0, all[i+1:]
						}
						partial[g] += strings.Count(all, string(runeOf(g)))
					}
					if r.IntN(100) == 0 {
						if err := f.Flush(t.Context()); err != nil {
							t.Error(err)
						}
						if got := runesOf(f, g); got != written[g] {
							t.Errorf("round %d, writer %d: after Flush %d runes are there, want %d", round, g, got, written[g])
							return
						}
					}
				}
			})
		}
		time.Sleep(time.Second / 2)
		if err := f.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		all.Wait()
		if s := f.Stats(); s.Dropped.BufferFull > 0 {
			t.Fatalf("the buffer was full: %+v", s)
		}
		// The Write that was refused may have come in part, or its first line may have been
		// refused with the part of it that came before.
		for g := range writers {
			if got := runesOf(f, g); got < written[g]-partial[g] || got < written[g] && f.Stats().Dropped.Closed == 0 || got > attempted[g] || written[g] == 0 {
				t.Errorf("round %d, writer %d: %d runes came, want %d to %d", round, g, got, written[g], attempted[g])
			}
		}
	}
}

// runeOf returns what a writer writes: nothing else has it, and no cut divides it.
func runeOf(g int) rune { return '\u4e00' + rune(g) }

// runesOf counts what came of a writer.
func runesOf(f *testkit.Fixture, g int) (n int) {
	for _, e := range f.Server.Events(testkit.Group, testkit.Stream) {
		n += strings.Count(e.Message, string(runeOf(g)))
	}
	return n
}
