package encode_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

const classic = "{time:2006-01-02 15:04:05,000} : {level} - {message}"

func TestPattern(t *testing.T) {
	attrs := []slog.Attr{slog.Int("n", 1), slog.String("s", "two words")}
	tests := []struct {
		rule, pattern string
		entry         entry
		want          string
	}{
		{"the classic line", classic, entry{}, "2026-11-22 12:00:00,123 : WARN - Watch out! Something happened!"},
		{"attributes follow at the end", classic, entry{attrs: attrs}, `2026-11-22 12:00:00,123 : WARN - Watch out! Something happened! n=1 s="two words"`},
		{"{attrs} places them", "[{attrs}] {message}", entry{attrs: attrs}, `[n=1 s="two words"] Watch out! Something happened!`},
		{"{attrs} without attributes is empty", "[{attrs}]", entry{}, "[]"},
		{"attributes alone", "{attrs}", entry{attrs: attrs}, `n=1 s="two words"`},
		{"{time} is RFC 3339 to the millisecond", "{time}", entry{}, "2026-11-22T12:00:00.123Z"},
		{"an empty layout is the same", "{time:}", entry{}, "2026-11-22T12:00:00.123Z"},
		{"a layout may hold colons", "{time:15:04:05}", entry{}, "12:00:00"},
		{"a placeholder may come twice", "{level}{level}", entry{}, "WARNWARN"},
		{"text alone", "text", entry{attrs: attrs}, `text n=1 s="two words"`},
		{"double braces", "{{{level}}}", entry{}, "{WARN}"},
		{"attributes of With calls, with group prefixes", "{message}", entry{
			with:  []with{{attrs: attrs[:1]}, {group: "g"}, {attrs: attrs[:1]}, {group: "h"}},
			attrs: attrs[1:],
		}, `Watch out! Something happened! n=1 g.n=1 g.h.s="two words"`},
		{"groups that are never filled leave nothing", "{message}", entry{with: []with{{group: "g"}}}, "Watch out! Something happened!"},
		{"the message is not quoted", "{message}", entry{message: `say "x=1"`}, `say "x=1"`},
		{"{source} is file and line", "{source}", entry{pc: somewhere}, "record_test.go:LINE"},
		{"{source} does not need AddSource", "{source} {message}", entry{pc: somewhere, source: true}, "record_test.go:LINE Watch out! Something happened!"},
		{"{source} of a record without one is empty", "[{source}]", entry{}, "[]"},
		{"AddSource without {source} adds it, before attributes", "{message}", entry{pc: somewhere, source: true, attrs: attrs[:1]}, "Watch out! Something happened! source=record_test.go:LINE n=1"},
		{"AddSource without a source adds nothing", "{message}", entry{source: true, replace: replacer{"expects sources", func(_ []string, a slog.Attr) slog.Attr {
			if src, ok := a.Value.Any().(*slog.Source); ok {
				src.File = filepath.Base(src.File) // panics if it is nil
			}
			return a
		}}}, "Watch out! Something happened!"},
		{"a level with an offset", "{level}", entry{level: slog.LevelError + 2}, "ERROR+2"},
		{"ReplaceAttr renames, which does not show, and retypes built-ins", "{time}|{level}|{message}|{source}", entry{pc: somewhere, replace: named("retypes the built-ins")}, "1795348800123|4|[Watch out! Something happened!]|record_test.go"},
		{"ReplaceAttr removes built-ins", "[{time}{level}{message}{source}]", entry{pc: somewhere, replace: named("removes the built-ins")}, "[]"},
		{"ReplaceAttr may return a LogValuer", "{level} {message}", entry{replace: named("returns LogValuers")}, "WARN Watch out! Something happened!"},
		{"ReplaceAttr changes the time, which keeps its layout", "{time:2006}", entry{replace: replacer{"next year", func(_ []string, a slog.Attr) slog.Attr {
			a.Value = slog.TimeValue(a.Value.Time().AddDate(1, 0, 0))
			return a
		}}}, "2027"},
		{"ReplaceAttr sees attributes in their groups", "{attrs}", entry{
			with: []with{{group: "g"}}, attrs: attrs[:1], replace: named("shows what it was given"),
		}, "g.g(1)/n=1"},
		{"ReplaceAttr removes all attributes", "{message}", entry{attrs: attrs, replace: replacer{"keeps built-ins", func(_ []string, a slog.Attr) slog.Attr {
			if isBuiltin(a.Key) {
				return a
			}
			return slog.Attr{}
		}}}, "Watch out! Something happened!"},
		{"ReplaceAttr removes the source that AddSource adds", "{message}", entry{pc: somewhere, source: true, replace: named("removes the built-ins")}, ""},
		{"a source that AddSource adds is written as slog.TextHandler writes it", "{level}", entry{pc: somewhere, source: true, replace: replacer{"renames and spaces", func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.SourceKey {
				return slog.String("where", "two words")
			}
			return a
		}}}, `WARN where="two words"`},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			e := tt.entry
			e.time = time.Date(2026, 11, 22, 12, 0, 0, 123_000_000, time.UTC)
			if e.level == 0 {
				e.level = slog.LevelWarn
			}
			if e.message == "" {
				e.message = "Watch out! Something happened!"
			}
			if got := patternText(t, tt.pattern, e); got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.pattern, got, tt.want)
			}
		})
	}
}

func TestPatternOfZeroTime(t *testing.T) {
	e := entry{message: "m"}
	if got, want := patternText(t, "[{time}] {message}", e), "[] m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPatternAttributesLikeSlog: attributes are those of slog.TextHandler.
func TestPatternAttributesLikeSlog(t *testing.T) {
	for _, place := range placements {
		for _, text := range oddTexts {
			e := entry{replace: named("removes the built-ins")}
			place.apply(&e, slog.String("key", text))
			if got, want := patternText(t, "{attrs}", e), styles[1].slogText(e); got != want {
				t.Errorf("%s:\n got %s\nwant %s", place.name, got, want)
			}
		}
	}
}

func TestPatternMistakes(t *testing.T) {
	tests := []struct{ rule, pattern, want string }{
		{"an empty pattern", "", "empty pattern"},
		{"an unknown placeholder", "{levl}", "unknown placeholder {levl}; there are {time}, {time:layout}, {level}, {message}, {source} and {attrs}"},
		{"an unknown placeholder with an argument", "{x:y}", "unknown placeholder {x}; there are {time}, {time:layout}, {level}, {message}, {source} and {attrs}"},
		{"a placeholder without a name", "{}", "unknown placeholder {}; there are {time}, {time:layout}, {level}, {message}, {source} and {attrs}"},
		{"upper case", "{LEVEL}", "unknown placeholder {LEVEL}; there are {time}, {time:layout}, {level}, {message}, {source} and {attrs}"},
		{"an argument of level", "{level:x}", "placeholder {level} takes no argument"},
		{"an argument of message", "{message:x}", "placeholder {message} takes no argument"},
		{"an argument of source", "{source:x}", "placeholder {source} takes no argument"},
		{"an argument of attrs", "{attrs:x}", "placeholder {attrs} takes no argument"},
		{"an unpaired open brace", "{level", `unpaired { in "{level"; write {{ for the character itself`},
		{"an unpaired closing brace", "level}", `unpaired } in "level}"; write }} for the character itself`},
	}
	for _, tt := range tests {
		template, err := encode.ParseTemplate(tt.pattern)
		if err == nil || err.Error() != tt.want || template != nil {
			t.Errorf("%s: ParseTemplate(%q) = %v, %v, want nothing and %s", tt.rule, tt.pattern, template, err, tt.want)
		}
	}
}

func TestPatternSiblingsAtOnce(t *testing.T) {
	template, err := encode.ParseTemplate("{message}")
	if err != nil {
		t.Fatal(err)
	}
	parent := encode.NewPattern(template, encode.Options{}).WithGroup("a").WithGroup("b").WithGroup("c")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r := slog.NewRecord(time.Time{}, slog.LevelInfo, "m", 0)
			r.AddAttrs(slog.Int("n", i))
			child := parent.WithGroup(fmt.Sprint("s", i)).WithAttrs([]slog.Attr{slog.Int("with", i)})
			want := fmt.Sprintf("m a.b.c.s%d.with=%d a.b.c.s%d.n=%d", i, i, i, i)
			if got, _ := child.Append(nil, &r, nil); string(got) != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	wg.Wait()
}

// patternText is what the pattern makes of the entry. The place of the log call
// is shortened to its file, and its line to LINE.
func patternText(t *testing.T, pattern string, e entry) string {
	t.Helper()
	template, err := encode.ParseTemplate(pattern)
	if err != nil {
		t.Fatal(err)
	}
	p := encode.NewPattern(template, e.options())
	for _, w := range e.with {
		if w.attrs != nil {
			p = p.WithAttrs(w.attrs)
		} else {
			p = p.WithGroup(w.group)
		}
	}
	const before = "kept"
	record := e.record()
	got, _ := p.Append([]byte(before), &record, nil)
	text, found := strings.CutPrefix(string(got), before)
	if !found {
		t.Errorf("%q was not appended", got)
	}
	if src := e.record().Source(); src != nil {
		text = strings.ReplaceAll(text, fmt.Sprintf("%s:%d", src.File, src.Line), filepath.Base(src.File)+":LINE")
	}
	return text
}

// named returns the replacer of that name.
func named(name string) replacer {
	for _, r := range allReplacers() {
		if r.name == name {
			return r
		}
	}
	panic("no replacer " + name)
}
