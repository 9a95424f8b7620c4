package encode_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// entry is a log call: a handler's options, its With calls, and the record.
type entry struct {
	source  bool
	replace replacer
	with    []with
	time    time.Time
	level   slog.Level
	pc      uintptr
	message string
	attrs   []slog.Attr
}

// with is WithAttrs or, without attributes, WithGroup.
type with struct {
	group string
	attrs []slog.Attr
}

func (e entry) record() slog.Record {
	r := slog.NewRecord(e.time, e.level, e.message, e.pc)
	r.AddAttrs(e.attrs...)
	return r
}

// style is one of the two texts, by ours and by slog's code.
type style struct {
	name string
	json bool
	ours func(encode.Options) recorder
	slog func(io.Writer, *slog.HandlerOptions) slog.Handler
}

var styles = []style{
	{"JSON", true, newJSON, func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) }},
	{"Text", false, newText, func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }},
}

func (e entry) options() encode.Options {
	return encode.Options{AddSource: e.source, ReplaceAttr: e.replace.f}
}

// encoder is ours, after the With calls.
func (s style) encoder(e entry) recorder {
	enc := s.ours(e.options())
	for _, w := range e.with {
		if w.attrs != nil {
			enc = enc.WithAttrs(w.attrs)
		} else {
			enc = enc.WithGroup(w.group)
		}
	}
	return enc
}

// text is what our encoder makes of the entry.
func (s style) text(e entry) string { return string(s.encoder(e).Append(nil, e.record())) }

// slogText is what slog makes of it, without the newline.
func (s style) slogText(e entry) string {
	var out bytes.Buffer
	h := s.slog(&out, &slog.HandlerOptions{AddSource: e.source, ReplaceAttr: e.replace.f, Level: slog.Level(-1 << 20)})
	for _, w := range e.with {
		if w.attrs != nil {
			h = h.WithAttrs(w.attrs)
		} else {
			h = h.WithGroup(w.group)
		}
	}
	if err := h.Handle(context.Background(), e.record()); err != nil {
		panic(err)
	}
	text := strings.TrimSuffix(out.String(), "\n")
	if s.json { // a json.Marshaler may write invalid bytes, which the service refuses
		return replaceInvalid([]byte(text))
	}
	return text
}

// compare fails unless our text of the entry is slog's, in both styles, and
// ReplaceAttr was called in the same way. It reports whether slog could be
// asked about the entry as it is: groups that come out empty are taken out
// first, see TestGroupThatComesOutEmpty.
func compare(t testing.TB, e entry) (asItIs bool) {
	t.Helper()
	asItIs = true
	for _, s := range styles {
		want := e
		pruned := s.prune(&want)
		asItIs = asItIs && !pruned
		var ourCalls, slogCalls []string
		got := s.text(e.recording(&ourCalls))
		expected := s.slogText(want.recording(&slogCalls))
		if a, b := stackless(got), stackless(expected); a != b {
			t.Errorf("%s, ReplaceAttr %s, AddSource %v:\nwith %v\nattributes %v\n ours %s\n slog %s",
				s.name, e.replace.name, e.source, e.with, e.attrs, a, b)
		}
		if !pruned && !slices.Equal(ourCalls, slogCalls) {
			t.Errorf("%s, ReplaceAttr %s: called\n ours %q\n slog %q", s.name, e.replace.name, ourCalls, slogCalls)
		}
		if s.json && !json.Valid([]byte(got)) {
			t.Errorf("invalid JSON: %s", got)
		}
		if strings.Contains(got, "\n") {
			t.Errorf("%s: several lines: %q", s.name, got)
		}
	}
	return asItIs
}

// recording returns the entry with a ReplaceAttr that notes its calls.
func (e entry) recording(calls *[]string) entry {
	if f := e.replace.f; f != nil {
		e.replace.f = func(groups []string, a slog.Attr) slog.Attr {
			*calls = append(*calls, strings.Join(groups, "/"), a.Key, a.Value.Kind().String())
			return f(groups, a)
		}
	}
	return e
}

var stack = regexp.MustCompile(`LogValue panicked\\n[^"]*`)

// stackless takes out the stack that a panicking LogValue leaves: it names
// the code that called it.
func stackless(text string) string {
	if !strings.Contains(text, "LogValue panicked") {
		return text // the usual case, a hundred times as fast
	}
	return stack.ReplaceAllString(text, "LogValue panicked")
}

// prune takes the groups that come out empty out of an entry and reports
// whether there were any. It stands in for slog's own code, which goes wrong
// behind such a group.
func (s style) prune(e *entry) (pruned bool) {
	var groups []string
	e.with = slices.Clone(e.with)
	for i, w := range e.with {
		if w.attrs == nil {
			groups = append(groups, w.group)
			continue
		}
		left, _, some := s.pruneAttrs(w.attrs, groups, e.replace.f)
		if some {
			hideEmptyGroups(left)
			pruned = true
		}
		e.with[i].attrs = left
	}
	left, _, some := s.pruneAttrs(e.attrs, groups, e.replace.f)
	e.attrs = left
	return pruned || some
}

// pruneAttrs reports also whether what is left appends something, in the sense
// of slog, where an empty group counts.
func (s style) pruneAttrs(attrs []slog.Attr, groups []string, replace replaceFunc) (left []slog.Attr, appends, pruned bool) {
	left = []slog.Attr{}
	for _, a := range attrs {
		seen := a
		seen.Value = seen.Value.Resolve()
		if replace != nil && seen.Value.Kind() != slog.KindGroup {
			seen = replace(groups, seen)
			seen.Value = seen.Value.Resolve()
		}
		src, isSource := seen.Value.Any().(*slog.Source)
		noSource := isSource && (src == nil || *src == slog.Source{})
		if isSource && !noSource && s.json {
			seen.Value = sourceGroup(src)
		}
		switch {
		case noSource, seen.Equal(slog.Attr{}):
			left = append(left, a)
			continue
		case seen.Value.Kind() != slog.KindGroup || len(seen.Value.Group()) == 0:
			left = append(left, a)
			appends = true
			continue
		}
		inner := groups
		if seen.Key != "" {
			inner = append(slices.Clip(groups), seen.Key)
		}
		members, some, prunedInside := s.pruneAttrs(seen.Value.Group(), inner, replace)
		pruned = pruned || prunedInside
		appends = appends || some
		switch {
		case !some && (seen.Key != "" || prunedInside):
			pruned = true // and not in left
		case prunedInside:
			left = append(left, slog.Attr{Key: seen.Key, Value: slog.GroupValue(members...)})
		default:
			left = append(left, a)
		}
	}
	return left, appends, pruned
}

// hideEmptyGroups keeps WithAttrs from its shortcut for attributes that are
// empty groups all of them: they were not before others were taken out.
func hideEmptyGroups(attrs []slog.Attr) {
	for i, a := range attrs {
		if a.Value.Kind() == slog.KindGroup && len(a.Value.Group()) == 0 {
			attrs[i].Value = slog.AnyValue(valuer{a.Value})
		}
	}
}

func sourceGroup(src *slog.Source) slog.Value {
	var attrs []slog.Attr
	if src.Function != "" {
		attrs = append(attrs, slog.String("function", src.Function))
	}
	if src.File != "" {
		attrs = append(attrs, slog.String("file", src.File))
	}
	if src.Line != 0 {
		attrs = append(attrs, slog.Int("line", src.Line))
	}
	return slog.GroupValue(attrs...)
}
