package encode_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestGeneratedRecordsLikeSlog compares records of random structure.
func TestGeneratedRecordsLikeSlog(t *testing.T) {
	const records = 3000
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	asTheyAre := 0
	for n := range records {
		g := generator{
			choose: r.IntN,
			text:   oddTexts[r.IntN(len(oddTexts))],
			number: oddInts[r.IntN(len(oddInts))],
			float:  oddNumbers[r.IntN(len(oddNumbers))],
		}
		if compare(t, g.entry()) {
			asTheyAre++
		}
		if t.Failed() {
			t.Fatalf("seed %d, record %d", seed, n)
		}
	}
	if asTheyAre < records/2 {
		t.Errorf("only %d of %d records could be compared as they are", asTheyAre, records)
	}
}

// FuzzRecord compares records whose structure the bytes of plan choose, see
// generator. The rest is what stands in them.
func FuzzRecord(f *testing.F) {
	for _, plan := range seedPlans() {
		f.Add(plan, "plain", int64(-1), 0.5)
	}
	for i, text := range oddTexts {
		f.Add(seedPlans()[i], text, oddInts[i%len(oddInts)], oddNumbers[i%len(oddNumbers)])
	}
	f.Fuzz(func(t *testing.T, plan []byte, text string, number int64, float float64) {
		if len(plan) > 256 || len(text) > 256 {
			return // larger ones show nothing new
		}
		next := func(n int) int {
			if len(plan) == 0 {
				return 0
			}
			b := plan[0]
			plan = plan[1:]
			return int(b) % n
		}
		g := generator{choose: next, text: text, number: number, float: float}
		compare(t, g.entry())
	})
}

// seedPlans has a plan for each odd value in each kind of place, and for each
// ReplaceAttr. It follows the decisions of generator.
func seedPlans() (plans [][]byte) {
	const (
		noWith, withGroup, withAttrs = 0, 0, 1
		isGroup, isText, isOdd       = 0, 1, 2
		key, g, notValuer            = 0, 3, 0
	)
	// AddSource, ReplaceAttr, time, level, PC
	head := func(replace int) []byte { return []byte{1, byte(replace), 0, 3, 1} }
	for i := range oddSamples() {
		value := []byte{key, isOdd, byte(i)}
		replace := i % len(allReplacers())
		plans = append(plans,
			slices.Concat(head(0), []byte{noWith, 1}, value),
			slices.Concat(head(replace), []byte{noWith, 2}, value, value),
			slices.Concat(head(replace), []byte{noWith, 1, g, isGroup, 1}, value, []byte{notValuer}),
			slices.Concat(head(replace), []byte{2, withGroup, g, withAttrs, 1}, value, []byte{1}, value),
		)
	}
	for i := range allReplacers() {
		for j := range textSamples("") {
			value := []byte{key, isText, byte(j)}
			plans = append(plans, slices.Concat(head(i), []byte{1, withGroup, g, 2, g, isGroup, 1}, value, []byte{notValuer}, value))
		}
	}
	return plans
}

// generator makes entries. Each decision is one call of choose, which returns a
// number below n; always 0 must lead to an end.
type generator struct {
	choose func(n int) int
	text   string
	number int64
	float  float64
}

func (g *generator) entry() entry {
	e := entry{
		source:  g.choose(2) == 1,
		replace: pick(g, allReplacers()),
		time:    pick(g, oddTimes),
		level:   slog.Level(4 * (g.choose(5) - 2)),
		message: g.text,
	}
	if g.choose(2) == 1 {
		e.pc = somewhere
	}
	for range g.choose(6) {
		if g.choose(2) == 0 {
			e.with = append(e.with, with{group: g.name()})
		} else {
			e.with = append(e.with, with{attrs: g.attrs(4, 3)})
		}
	}
	e.attrs = g.attrs(8, 4)
	return e
}

// attrs returns fewer than n attributes, with groups up to the depth.
func (g *generator) attrs(n, depth int) []slog.Attr {
	attrs := []slog.Attr{} // nil would mean WithGroup
	for range g.choose(n) {
		attrs = append(attrs, slog.Attr{Key: g.name(), Value: g.value(depth)})
	}
	return attrs
}

func (g *generator) name() string {
	return pick(g, []string{"key", "", g.text, "g", "two words", "k2", slog.MessageKey, slog.TimeKey})
}

func (g *generator) value(depth int) slog.Value {
	switch g.choose(4) {
	case 0:
		if depth == 0 {
			return slog.Value{}
		}
		group := slog.GroupValue(g.attrs(4, depth-1)...)
		if g.choose(4) == 1 {
			return slog.AnyValue(valuer{group})
		}
		return group
	case 1:
		return pick(g, textSamples(g.text)).value
	case 2:
		return pick(g, oddSamples()).value
	default:
		return pick(g, numberSamples(g.number, g.float)).value
	}
}

func pick[T any](g *generator, list []T) T { return list[g.choose(len(list))] }

func allReplacers() []replacer {
	return append(replacers[:len(replacers):len(replacers)], troublesome...)
}

func (w with) String() string {
	if w.attrs == nil {
		return fmt.Sprintf("group %q", w.group)
	}
	return fmt.Sprintf("attrs %v", w.attrs)
}
