package jsonline

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzRead compares with encoding/json and package time, as long as it is JSON. Anything else
// must not make it panic.
func FuzzRead(f *testing.F) {
	for _, line := range benchmarkLines {
		f.Add(line.text)
	}
	for _, seed := range []string{
		`{"level":"ERROR+2","time":1795348800.123456}`, `{"lvl":30,"ts":1.795348800123e9}`, `{"@level":"I","@timestamp":"2026-11-22 12:00:00,123+0100"}`,
		`{"severity":"info-4","timestamp":"2026-02-29T24:00:60.z"}`, `{"a":{"}":["]\"",{}]},"level":"\u0045"}`, "{\"level\"\n:\t\"err\"\r}", `{"level":null,"time":[]}`,
		`{"time":1e5,"ts":-0,"timestamp":0.1795348800e10,"@timestamp":12345678901234567890123}`, `{"x`, `{"level":"error"`, `{"a":tru,"level":"warn"}`,
		`{"time":"2026-11-22T12:00:00.000000000000000001Z","\\":"\\\""}`, `{"time":"2026-11-22T12:00:00+24:00"}`, `{"time":100000000000000000000}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		got := Read(line, true)
		if begun := Read(line, false); got != (Fields{}) && begun != got {
			t.Errorf("%s gave %+v, but as a beginning %+v", line, got, begun)
		}
		if text := bytes.TrimSpace(line); !json.Valid(line) || len(text) == 0 || text[0] != '{' {
			return
		}
		want := reference(t, line)
		if got.HasLevel != want.HasLevel || got.Level != want.Level || !got.Time.Truncate(time.Microsecond).Equal(want.Time.Truncate(time.Microsecond)) || got.seconds != want.seconds {
			t.Errorf("%s gave %+v, want %+v", line, got, want)
		}
	})
}

// reference is Read by other means.
func reference(t *testing.T, line []byte) (f Fields) {
	dec := json.NewDecoder(bytes.NewReader(line))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		from := dec.InputOffset()
		if _, err := dec.Token(); err != nil {
			t.Fatal(err)
		}
		key := string(bytes.TrimLeft(line[from:dec.InputOffset()], ", \t\r\n"))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		switch key = key[1 : len(key)-1]; key {
		case "level", "lvl", "severity", "@level", "log.level":
			if !f.HasLevel {
				f.Level, f.HasLevel = referenceLevel(string(value))
			}
		case "time", "ts", "timestamp", "@timestamp":
			if f.Time.IsZero() {
				f.Time, f.seconds = referenceTime(string(value))
			}
		}
	}
	return f
}

var (
	levelPattern = regexp.MustCompile(`^"(?i:([a-z]+))(?:([+-])([0-9]{1,4}))?"$`)
	datePattern  = regexp.MustCompile(`^"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)([.,]\d+)?([Zz]|[+-]\d\d:?\d\d)"$`)
)

func referenceLevel(value string) (slog.Level, bool) {
	if n, err := strconv.Atoi(value); err == nil && n >= 10 && n <= 69 {
		return slog.Level((n/10)*4 - 12), true
	}
	m := levelPattern.FindStringSubmatch(value)
	if m == nil {
		return 0, false
	}
	for level, list := range levels {
		if level != none && slices.Contains(strings.Fields(strings.ToLower(list)), strings.ToLower(m[1])) {
			offset, _ := strconv.Atoi(m[2] + m[3])
			return level + slog.Level(offset), true
		}
	}
	return 0, false
}

func referenceTime(value string) (t time.Time, seconds bool) {
	if m := datePattern.FindStringSubmatch(value); m != nil {
		zone := strings.Replace(strings.ToUpper(m[4]), ":", "", 1)
		parsed, err := time.Parse("2006-01-02T15:04:05Z0700", m[1]+"T"+m[2]+m[3]+zone)
		if err != nil || parsed.Before(earliest) || !parsed.Before(latest) {
			return time.Time{}, false
		}
		return parsed, m[3] == ""
	}
	if i := strings.IndexAny(value, "eE"); i >= 0 && len(strings.TrimLeft(value[i+1:], "+-")) > 4 {
		return time.Time{}, false
	}
	number, ok := new(big.Rat).SetString(value)
	if !ok || value == "" || value[0] < '0' || value[0] > '9' {
		return time.Time{}, false
	}
	ns := number.Mul(number, big.NewRat(1e9, 1))
	unit := 0
	for _, least := range []int64{1e11, 1e14, 1e17} {
		if ns.Cmp(new(big.Rat).Mul(big.NewRat(least, 1), big.NewRat(1e9, 1))) >= 0 {
			unit++
		}
	}
	for range unit {
		ns.Quo(ns, big.NewRat(1000, 1))
	}
	whole := new(big.Int).Quo(ns.Num(), ns.Denom())
	second := big.NewInt(1e9)
	secs, rest := new(big.Int).QuoRem(whole, second, new(big.Int))
	if !secs.IsInt64() || secs.Int64() > 1e11 {
		return time.Time{}, false
	}
	if t = time.Unix(secs.Int64(), rest.Int64()); t.Before(earliest) || !t.Before(latest) {
		return time.Time{}, false
	}
	return t, unit == 0 && rest.Sign() == 0 && ns.IsInt()
}
