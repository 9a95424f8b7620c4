package main

import (
	"slices"
	"testing"
	"time"
)

func TestParseRecord(t *testing.T) {
	for message, want := range map[string]record{
		`{"time":"2026-11-22T13:00:00Z","level":"WARN","msg":"slow","path":"/a b","ms":12,"req":{"id":1},"ok":true}`: {"WARN", `slow path=/a b ms=12 req={"id":1} ok=true`},
		`{"level":"ERROR+2","msg":""}`: {"ERROR+2", ""},
		// not what slog writes: shown as it is
		`{"msg":"no level"}`:              {"", `{"msg":"no level"}`},
		`{"level":"a very long level"}`:   {"", `{"level":"a very long level"}`},
		`{"level":"\u001b[31m","msg":""}`: {"", `{"level":"\u001b[31m","msg":""}`},
		`{"level":"INFO"} and more`:       {"", `{"level":"INFO"} and more`},
		`{"level":"INFO"`:                 {"", `{"level":"INFO"`},
		`["level"]`:                       {"", `["level"]`},
		`plain`:                           {"", `plain`},
	} {
		if got := parseRecord(message); got != want {
			t.Errorf("parseRecord(%s) = %q, want %q", message, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	at := time.Date(2026, 11, 22, 13, 5, 6, 789e6, time.UTC)
	shown := []shownEvent{
		{at, `{"level":"ERROR","msg":"broken \u001b"}`},
		{at, `{"level":"INFO","msg":"fine"}`},
		{at, "a plain line that is too long"},
	}
	for name, test := range map[string]struct {
		style style
		want  []string
	}{
		"plain": {style{width: 40}, []string{
			`13:05:06.789  ERROR  broken \x1b`,
			`13:05:06.789  INFO   fine`,
			`13:05:06.789         a plain line that …`,
		}},
		"color": {style{width: 80, color: true}, []string{
			"\x1b[2m13:05:06.789  \x1b[0m\x1b[31mERROR  \x1b[0mbroken \\x1b",
			"\x1b[2m13:05:06.789  \x1b[0m\x1b[32mINFO   \x1b[0mfine",
			"\x1b[2m13:05:06.789  \x1b[0m       a plain line that is too long",
		}},
	} {
		if got := test.style.lines(shown); !slices.Equal(got, test.want) {
			t.Errorf("%s: got\n%q\nwant\n%q", name, got, test.want)
		}
	}
}

// A demo that loses something must say so.
func TestResultDiffers(t *testing.T) {
	for _, test := range []struct {
		result result
		want   bool
	}{
		{result{Logged: 5, Delivered: 5, ReadBack: 5}, false},
		{result{Logged: 5, Delivered: 4, ReadBack: 4}, true},
		{result{Logged: 5, Delivered: 5, ReadBack: 4}, true},
		{result{Logged: 5, Delivered: 5, ReadBack: 6}, true},
	} {
		if got := test.result.differs(); got != test.want {
			t.Errorf("%+v differs: %v", test.result, got)
		}
	}
}
