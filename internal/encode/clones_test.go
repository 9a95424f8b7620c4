package encode_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// TestSiblings: encoders made from the same one never write into each other,
// however deep it is. The depth varies because slices grow in steps.
func TestSiblings(t *testing.T) {
	for _, s := range styles {
		for depth := range 20 {
			parent := s.ours(encode.Options{ReplaceAttr: replacers[8].f}) // shows the groups it is given
			var path []with
			for i := range depth {
				group := fmt.Sprintf("g%d", i)
				parent = parent.WithGroup(group)
				path = append(path, with{group: group})
				if i%3 == 2 {
					attrs := []slog.Attr{slog.Int("n", i)}
					parent = parent.WithAttrs(attrs)
					path = append(path, with{attrs: attrs})
				}
			}
			var siblings []recorder
			var entries []entry
			for i := range 4 {
				attrs := []slog.Attr{slog.Int("sibling", i)}
				group := fmt.Sprintf("s%d", i)
				siblings = append(siblings, parent.WithGroup(group), parent.WithAttrs(attrs), parent.WithGroup(group).WithAttrs(attrs))
				for _, w := range [][]with{{{group: group}}, {{attrs: attrs}}, {{group: group}, {attrs: attrs}}} {
					entries = append(entries, entry{replace: replacers[8], with: append(path[:len(path):len(path)], w...), attrs: []slog.Attr{slog.Int("last", i)}})
				}
			}
			for i, sibling := range siblings {
				if got, want := string(sibling.Append(nil, entries[i].record())), s.slogText(entries[i]); got != want {
					t.Fatalf("%s, depth %d:\n got %s\nwant %s", s.name, depth, got, want)
				}
			}
		}
	}
}

// TestSiblingsAtOnce is for the race detector as well.
func TestSiblingsAtOnce(t *testing.T) {
	for _, s := range styles {
		e := entry{message: "m", replace: replacers[8], with: []with{{group: "a"}, {attrs: []slog.Attr{slog.Int("n", 1)}}, {group: "b"}, {group: "c"}}}
		parent := s.encoder(e)
		var wg sync.WaitGroup
		for i := range 8 {
			group := fmt.Sprintf("s%d", i)
			attrs := []slog.Attr{slog.Int("i", i), slog.String("s", group)}
			mine := e
			mine.with = append(e.with[:len(e.with):len(e.with)], with{group: group}, with{attrs: attrs})
			mine.attrs = attrs
			want := s.slogText(mine)
			wg.Go(func() {
				for range 50 {
					child := parent.WithGroup(group).WithAttrs(attrs)
					if got := string(child.Append(nil, mine.record())); got != want {
						t.Errorf("%s:\n got %s\nwant %s", s.name, got, want)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

// TestOneEncoderAtOnce: the groups that attributes open are no concern of other
// calls. Three groups leave room for a fourth in the array behind them.
func TestOneEncoderAtOnce(t *testing.T) {
	for _, s := range styles {
		e := entry{replace: replacers[8], with: []with{{group: "a"}, {group: "b"}, {group: "c"}}}
		enc := s.encoder(e)
		var wg sync.WaitGroup
		for i := range 8 {
			attrs := []slog.Attr{group(fmt.Sprintf("s%d", i), slog.Int("n", i), group("deep", slog.Int("n", i)))}
			inRecord, inWith := e, e
			inRecord.attrs = attrs
			inWith.with = append(e.with[:len(e.with):len(e.with)], with{attrs: attrs})
			wantInRecord, wantInWith := s.slogText(inRecord), s.slogText(inWith)
			wg.Go(func() {
				for range 200 {
					if got := string(enc.Append(nil, inRecord.record())); got != wantInRecord {
						t.Errorf("%s:\n got %s\nwant %s", s.name, got, wantInRecord)
						return
					}
					if got := string(enc.WithAttrs(attrs).Append(nil, inWith.record())); got != wantInWith {
						t.Errorf("%s:\n got %s\nwant %s", s.name, got, wantInWith)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestWithAttrsFormatsWhenItIsCalled(t *testing.T) {
	type user struct{ Name string }
	u := &user{"before"}
	calls := 0
	counted := countingValuer{&calls}
	attrs := []slog.Attr{slog.Any("user", u), slog.Any("calls", counted)}
	enc := newJSON(encode.Options{}).WithAttrs(attrs)
	u.Name = "after"
	attrs[0] = slog.String("user", "overwritten")
	const want = `{"level":"INFO","msg":"m","user":{"Name":"before"},"calls":1}`
	for range 2 {
		expect(t, "text", string(enc.Append(nil, slog.NewRecord(time.Time{}, slog.LevelInfo, "m", 0))), want)
	}
}

// TestGroupsGivenToReplaceAttr: a function that keeps or changes what it is
// given, which it may not do, harms no later record.
func TestGroupsGivenToReplaceAttr(t *testing.T) {
	spoil := func(groups []string, a slog.Attr) slog.Attr {
		_ = append(groups, "spoiled")
		return a
	}
	for _, s := range styles {
		e := entry{replace: replacer{"appends to the groups", spoil}, with: []with{{group: "a"}, {group: "b"}}}
		e.attrs = []slog.Attr{group("c", slog.Int("n", 1), group("d", slog.Int("n", 2))), slog.Int("n", 3)}
		want := e
		want.replace = replacers[0]
		expect(t, s.name, s.text(e), s.text(want))
	}
}

type countingValuer struct{ calls *int }

func (v countingValuer) LogValue() slog.Value {
	*v.calls++
	return slog.IntValue(*v.calls)
}
