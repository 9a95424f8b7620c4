package main

import (
	"math"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{digits(0.4567), "0.46"}, {digits(12.34), "12.3"}, {digits(1234.5), "1234"}, {digits(0.00123), "0.0012"}, {digits(0), "0.00"},
		{digits(math.NaN()), unknown}, {digits(math.Inf(1)), unknown}, {with(unknown, "MiB"), unknown}, {with("2", "×"), "2×"}, {with("2", "MiB"), "2 MiB"},
		{nanoseconds(432.1), "432 ns"}, {nanoseconds(4321), "4.32 µs"}, {nanoseconds(4.3e6), "4.30 ms"}, {nanoseconds(2e9), "2.00 s"}, {nanoseconds(math.NaN()), unknown},
		{count(0), "0"}, {count(999), "999"}, {count(1000), "1,000"}, {count(10_000_000), "10,000,000"},
		{percent(0.1234), "12.3 %"}, {percent(math.NaN()), unknown}, {bytesOf(100), "100 B"}, {bytesOf(100_000), "100 kB"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	x := table{title: "T", note: "n", header: []string{"a", "µs"}}
	x.row("**long** name", "1")
	x.row("`b`", "1,000")
	if got, want := x.terminal(), "T\n  a             µs\n  long name      1\n  b          1,000\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got, want := x.markdown(), "## T\n\nn\n\n| a | µs |\n| --- | ---: |\n| **long** name | 1 |\n| `b` | 1,000 |\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	x = table{header: []string{"h"}}
	x.row("a|b")
	if !strings.Contains(x.markdown(), `| a\|b |`) {
		t.Errorf("%s", x.markdown())
	}
}
