package encode_test

import (
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// placement is one of the ways by which attributes get into a record.
type placement struct {
	name  string
	apply func(e *entry, a slog.Attr)
}

var placements = []placement{
	{"an attribute of the record", func(e *entry, a slog.Attr) {
		e.attrs = []slog.Attr{a}
	}},
	{"between other attributes", func(e *entry, a slog.Attr) {
		e.attrs = []slog.Attr{slog.Int("before", 1), a, slog.String("after", "2"), a}
	}},
	{"in a group", func(e *entry, a slog.Attr) {
		e.attrs = []slog.Attr{group("g", a), slog.Int("after", 1)}
	}},
	{"in groups in an inline group", func(e *entry, a slog.Attr) {
		e.attrs = []slog.Attr{group("", group("a b", group("c", slog.Int("before", 1), a), a)), slog.Int("after", 1)}
	}},
	{"in WithAttrs", func(e *entry, a slog.Attr) {
		e.with = []with{{attrs: []slog.Attr{a}}}
	}},
	{"in WithAttrs, with more behind", func(e *entry, a slog.Attr) {
		e.with = []with{{attrs: []slog.Attr{a, slog.Int("more", 1)}}, {attrs: []slog.Attr{slog.Int("still more", 1)}}}
		e.attrs = []slog.Attr{slog.Int("last", 1)}
	}},
	{"in a group of WithGroup", func(e *entry, a slog.Attr) {
		e.with = []with{{group: "g"}, {group: "h i"}}
		e.attrs = []slog.Attr{a}
	}},
	{"in WithAttrs after WithGroup", func(e *entry, a slog.Attr) {
		e.with = []with{{group: "g"}, {attrs: []slog.Attr{a}}}
	}},
	{"in WithAttrs after WithGroup, with more behind", func(e *entry, a slog.Attr) {
		e.with = []with{{group: "g"}, {attrs: []slog.Attr{a, a}}, {group: "h"}, {group: "i"}, {attrs: []slog.Attr{a}}, {group: "j"}}
		e.attrs = []slog.Attr{slog.Int("last", 1)}
	}},
	{"in WithAttrs between WithGroups that are never filled", func(e *entry, a slog.Attr) {
		e.with = []with{{attrs: []slog.Attr{slog.Int("first", 1)}}, {group: "g"}, {attrs: []slog.Attr{a}}, {group: "never"}, {group: "filled"}}
	}},
	{"the only one in a group behind other attributes", func(e *entry, a slog.Attr) {
		e.with = []with{{attrs: []slog.Attr{slog.Int("first", 1)}}, {group: "g"}, {group: "h"}}
		e.attrs = []slog.Attr{group("i", a)}
	}},
}

// TestLikeSlog compares our text with that of slog's own handlers for each
// value, in each place, under each ReplaceAttr.
func TestLikeSlog(t *testing.T) {
	for _, sample := range oddSamples() {
		t.Run(sample.name, func(t *testing.T) {
			t.Parallel()
			compareEverywhere(t, sample.value, replacers)
		})
	}
}

// TestTextsAndNumbersLikeSlog does the same with the values that no ReplaceAttr
// takes for something special.
func TestTextsAndNumbersLikeSlog(t *testing.T) {
	samples := textSamples("plain")
	samples = append(samples, textSamples("a \"=\n\xff<\u2028")...)
	samples = append(samples, numberSamples(-1, 0.5)...)
	for _, sample := range samples {
		t.Run(sample.name, func(t *testing.T) {
			t.Parallel()
			compareEverywhere(t, sample.value, replacers[:2])
		})
	}
}

func TestTroubleInReplaceAttrLikeSlog(t *testing.T) {
	compareEverywhere(t, slog.IntValue(1), troublesome)
}

func TestTextsLikeSlog(t *testing.T) {
	for _, text := range oddTexts {
		for _, sample := range textSamples(text) {
			e := baseEntry()
			e.attrs = []slog.Attr{{Key: "key", Value: sample.value}, {Key: text, Value: sample.value}, {Value: sample.value}}
			if compare(t, e); t.Failed() {
				t.Fatalf("the text was %q in a %s", text, sample.name)
			}
		}
	}
}

// TestNamesLikeSlog puts odd texts where keys, groups and messages stand.
func TestNamesLikeSlog(t *testing.T) {
	for _, replace := range replacers {
		for _, a := range oddTexts {
			for _, b := range []string{a, "", "plain"} {
				e := baseEntry()
				e.replace = replace
				e.message = a
				e.with = []with{{attrs: []slog.Attr{slog.Int(a, 1), slog.String(b, a)}}, {group: a}, {group: b}, {attrs: []slog.Attr{slog.Int(a, 2)}}, {group: a}}
				e.attrs = []slog.Attr{slog.Int(b, 3), slog.Int(a, 4), group(b, slog.String(a, b), group(a, slog.String(b, a)))}
				compare(t, e)
			}
		}
	}
}

func TestNumbersLikeSlog(t *testing.T) {
	e := baseEntry()
	for _, x := range oddNumbers {
		for _, n := range oddInts {
			e.attrs = nil
			for _, sample := range numberSamples(n, x) {
				e.attrs = append(e.attrs, slog.Attr{Key: sample.name, Value: sample.value})
			}
			compare(t, e)
		}
	}
}

// TestBuiltinsLikeSlog is about what stands before the attributes.
func TestBuiltinsLikeSlog(t *testing.T) {
	rests := [][]slog.Attr{nil, {slog.Int("n", 1)}, {slog.Time(slog.TimeKey, time.Unix(0, 0).UTC()), slog.String(slog.MessageKey, "again"), slog.Int(slog.LevelKey, 1)}}
	for _, replace := range append(troublesome, replacers...) {
		for _, at := range oddTimes {
			for _, level := range []slog.Level{slog.LevelInfo, slog.LevelWarn + 1, -1000} {
				for _, pc := range []uintptr{0, somewhere} {
					for _, rest := range rests {
						e := entry{source: true, replace: replace, time: at, level: level, pc: pc, attrs: rest}
						compare(t, e)
						e.source = false
						e.with = []with{{group: "g"}}
						compare(t, e)
					}
				}
			}
		}
	}
}

// TestAppendsToTheBuffer: what is in the buffer already stays as it is.
func TestAppendsToTheBuffer(t *testing.T) {
	e := baseEntry()
	e.attrs = []slog.Attr{group("g", slog.Attr{}), slog.Int("n", 1)} // is taken back in the middle
	for _, s := range styles {
		enc := s.ours(e.options())
		buf := make([]byte, 0, 1<<12)
		buf = append(buf, "before{"...)
		var got []byte
		record := e.record()
		if s.json {
			got, _, _ = enc.json.AppendWire(buf, &record, nil)
			got = append(got[:len(buf)], encode.Unescape(got[len(buf):])...)
		} else {
			got, _ = enc.text.Append(buf, &record, nil)
		}
		if want := "before{" + s.text(e); string(got) != want {
			t.Errorf("%s: got %q, want %q", s.name, got, want)
		}
		if &got[0] != &buf[0] {
			t.Errorf("%s: there was room, but the buffer was left", s.name)
		}
	}
}

// compareEverywhere compares for each place of the value.
func compareEverywhere(t *testing.T, value slog.Value, replacers []replacer) {
	t.Helper()
	for _, place := range placements {
		for _, replace := range replacers {
			e := baseEntry()
			e.replace, e.source = replace, replace.f != nil
			place.apply(&e, slog.Attr{Key: "key", Value: value})
			if compare(t, e); t.Failed() {
				t.Fatalf("the value was %s", place.name)
			}
		}
	}
}

func baseEntry() entry {
	return entry{
		replace: replacers[0],
		time:    time.Date(2026, 11, 22, 12, 0, 0, 123_456_789, time.UTC),
		level:   slog.LevelWarn,
		pc:      somewhere,
		message: "Watch out!",
	}
}

// somewhere is a place in this file.
var somewhere = func() uintptr {
	pc, _, _, _ := runtime.Caller(0)
	return pc
}()

func group(name string, attrs ...slog.Attr) slog.Attr {
	return slog.Attr{Key: name, Value: slog.GroupValue(attrs...)}
}
