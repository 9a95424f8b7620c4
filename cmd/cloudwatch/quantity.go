package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// byteSize is a flag value: a number of bytes with an optional unit, such as kB (1,000) or KiB (1,024).
type byteSize int64

var byteUnits = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

func (b *byteSize) Type() string { return "SIZE" }

func (b *byteSize) String() string {
	if *b == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Set parses a size such as "2GB", "500 MB" or "1000000".
func (b *byteSize) Set(text string) error {
	number, factor := text, int64(1)
	for _, u := range byteUnits {
		if rest, ok := cutSuffixFold(text, u.name); ok {
			number, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0) || n*float64(factor) > 1e18 {
		return errors.New("must be a size such as 2GB, 500MB or 1000000")
	}
	*b = byteSize(n * float64(factor))
	return nil
}

func cutSuffixFold(text, suffix string) (string, bool) {
	if len(text) < len(suffix) || !strings.EqualFold(text[len(text)-len(suffix):], suffix) {
		return text, false
	}
	return text[:len(text)-len(suffix)], true
}

// age is a flag value: a duration, also in days and weeks.
type age time.Duration

func (a *age) Type() string { return "AGE" }

func (a *age) String() string {
	if *a == 0 {
		return ""
	}
	return time.Duration(*a).String()
}

// Set parses a duration such as "90m", "36h", "7d" or "2w".
func (a *age) Set(text string) error {
	d, err := time.ParseDuration(text)
	for unit, hours := range map[string]int{"d": 24, "w": 7 * 24} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			var n int
			n, err = strconv.Atoi(number)
			if n > 100_000 {
				err = errors.New("too long")
			}
			d = time.Duration(n*hours) * time.Hour
		}
	}
	if err != nil || d <= 0 {
		return fmt.Errorf("must be a duration such as 90m, 36h, 7d or 2w")
	}
	*a = age(d)
	return nil
}
