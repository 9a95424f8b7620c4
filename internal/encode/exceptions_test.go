package encode_test

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"
)

// The tests of this file are about the cases in which our text is not that of
// slog, because that of slog is broken. They show both, so that it is noticed
// when slog changes.

func TestYearOutOfRange(t *testing.T) {
	tests := []struct {
		year               int
		json, text         string // ours
		slogJSON, slogText string
	}{
		{
			year:     10000,
			json:     `{"level":"INFO","msg":"m","t":"10000-01-02T03:04:05.006Z"}`,
			text:     `level=INFO msg=m t=10000-01-02T03:04:05.006Z`,
			slogJSON: `{"level":"INFO","msg":"m","t":"!ERROR:time.Time year outside of range [0,9999]""10000-01-02T03:04:05.006Z"}`,
			slogText: `level=INFO msg=m t=10000-01-02T03:04:05.001Z`,
		},
		{
			year:     -1,
			json:     `{"level":"INFO","msg":"m","t":"-0001-01-02T03:04:05.006Z"}`,
			text:     `level=INFO msg=m t=-0001-01-02T03:04:05.006Z`,
			slogJSON: `{"level":"INFO","msg":"m","t":"!ERROR:time.Time year outside of range [0,9999]""-0001-01-02T03:04:05.006Z"}`,
			slogText: `level=INFO msg=m t=-0001-01-02T03:04:05.001Z`,
		},
	}
	for _, tt := range tests {
		e := entry{message: "m", attrs: []slog.Attr{slog.Time("t", time.Date(tt.year, 1, 2, 3, 4, 5, 6_000_000, time.UTC))}}
		expect(t, "ours", styles[0].text(e), tt.json)
		expect(t, "ours", styles[1].text(e), tt.text)
		expect(t, "slog", styles[0].slogText(e), tt.slogJSON)
		expect(t, "slog", styles[1].slogText(e), tt.slogText)
		if !json.Valid([]byte(tt.json)) || json.Valid([]byte(tt.slogJSON)) {
			t.Errorf("year %d: ours must be valid JSON, and slog's not", tt.year)
		}
	}
}

// TestGroupThatComesOutEmpty: slog.JSONHandler loses a comma behind such a
// group, slog.TextHandler does not close it.
func TestGroupThatComesOutEmpty(t *testing.T) {
	remove := replacer{"removes gone", func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "gone" {
			return slog.Attr{}
		}
		return a
	}}
	tests := []struct {
		name               string
		entry              entry
		json, text         string // ours
		slogJSON, slogText string
	}{
		{
			name:     "ReplaceAttr removes all of a group",
			entry:    entry{replace: remove, attrs: []slog.Attr{group("g", slog.Int("gone", 1)), slog.Int("n", 2)}},
			json:     `{"level":"INFO","msg":"","n":2}`,
			text:     `level=INFO msg="" n=2`,
			slogJSON: `{"level":"INFO","msg":"""n":2}`,
			slogText: `level=INFO msg="" g.n=2`,
		},
		{
			name:     "a group has nothing but empty attributes",
			entry:    entry{attrs: []slog.Attr{group("g", slog.Attr{}), slog.Int("n", 2)}},
			json:     `{"level":"INFO","msg":"","n":2}`,
			text:     `level=INFO msg="" n=2`,
			slogJSON: `{"level":"INFO","msg":"""n":2}`,
			slogText: `level=INFO msg="" g.n=2`,
		},
		{
			name:     "groups in groups, with something before them",
			entry:    entry{replace: remove, attrs: []slog.Attr{group("g", slog.Int("a", 1), group("h", group("i", slog.Int("gone", 1))), slog.Int("b", 2))}},
			json:     `{"level":"INFO","msg":"","g":{"a":1,"b":2}}`,
			text:     `level=INFO msg="" g.a=1 g.b=2`,
			slogJSON: `{"level":"INFO","msg":"","g":{"a":1"b":2}}`,
			slogText: `level=INFO msg="" g.a=1 g.h.i.b=2`,
		},
		{
			name:     "in WithAttrs",
			entry:    entry{replace: remove, with: []with{{attrs: []slog.Attr{slog.Int("a", 1), group("g", slog.Int("gone", 1)), slog.Int("b", 2)}}}},
			json:     `{"level":"INFO","msg":"","a":1,"b":2}`,
			text:     `level=INFO msg="" a=1 b=2`,
			slogJSON: `{"level":"INFO","msg":"","a":1"b":2}`,
			slogText: `level=INFO msg="" a=1 g.b=2`,
		},
		{
			name:     "what comes last does no harm",
			entry:    entry{replace: remove, attrs: []slog.Attr{slog.Int("n", 2), group("g", slog.Int("gone", 1))}},
			json:     `{"level":"INFO","msg":"","n":2}`,
			text:     `level=INFO msg="" n=2`,
			slogJSON: `{"level":"INFO","msg":"","n":2}`,
			slogText: `level=INFO msg="" n=2`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, "ours", styles[0].text(tt.entry), tt.json)
			expect(t, "ours", styles[1].text(tt.entry), tt.text)
			expect(t, "slog", styles[0].slogText(tt.entry), tt.slogJSON)
			expect(t, "slog", styles[1].slogText(tt.entry), tt.slogText)
			if !json.Valid([]byte(tt.json)) {
				t.Error("ours must be valid JSON")
			}
		})
	}
}

// TestGroupsAfterOneThatComesOutEmpty: ReplaceAttr is told the groups that are
// open, and not the one that is gone.
func TestGroupsAfterOneThatComesOutEmpty(t *testing.T) {
	e := entry{attrs: []slog.Attr{group("g", slog.Attr{}), slog.Int("n", 2)}}
	e.replace = replacers[1]
	var calls []string
	styles[0].text(e.recording(&calls))
	if groups, key := calls[len(calls)-3], calls[len(calls)-2]; groups != "" || key != "n" {
		t.Errorf("the last call was for %q in the groups %q, want n in none", key, groups)
	}
}

func expect(t *testing.T, whose, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s\n got %s\nwant %s", whose, got, want)
	}
}
