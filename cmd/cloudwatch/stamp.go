package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// stampReader parses the time at the beginning of a line or in a JSON object. Times without a zone are
// in zone.
type stampReader struct {
	layout string // of package time; "": the common ones
	zone   *time.Location
	now    func() time.Time
}

// stampBytes is the length of the prefix of a line that may hold the time.
const stampBytes = 80

// layouts are the common layouts, those with a zone first. All of them accept fractions of a second
// after a point or comma.
var layouts = [...]string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05 Z07:00", "2006-01-02T15:04:05 Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 Z0700",
	"2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05", // ISO 8601, Python, log4j, PostgreSQL
	"02/Jan/2006:15:04:05 -0700", "02/Jan/2006:15:04:05", // web servers
	"2006/01/02 15:04:05 UTC", "2006/01/02 15:04:05", // package log, nginx
	"Jan _2 2006 15:04:05", "Jan _2 15:04:05", // syslog, RFC 3164
	"Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 UTC 2006", // C, Apache
	"Mon, 02 Jan 2006 15:04:05 -0700", "Mon, 02 Jan 2006 15:04:05 GMT", // RFC 1123
	"02 Jan 2006 15:04:05 -0700", "02 Jan 2006 15:04:05",
	"20060102T150405Z0700", "20060102T150405",
}

// read returns the time of a line.
func (s *stampReader) read(line []byte) (t time.Time, ok bool) {
	if len(line) > 0 && line[0] == '{' {
		if t, ok := s.ofJSON(line); ok {
			return t, true
		}
	}
	text := string(line[:min(len(line), stampBytes)])
	if s.layout != "" {
		if t, ok := s.prefix(s.layout, text); ok {
			return t, true
		}
		return s.prefix(s.layout, afterOpening(text))
	}
	text = afterOpening(text)
	if t, ok := s.any(text); ok {
		return t, true
	}
	if before, request, found := strings.Cut(text, " ["); found && strings.Count(before, " ") == 2 {
		return s.any(request) // the common log format begins with host, identity and user
	}
	return time.Time{}, false
}

// afterOpening skips text before a time: a bracket, or a syslog priority, with a version in RFC 5424.
func afterOpening(text string) string {
	if rest, ok := strings.CutPrefix(text, "<"); ok {
		if number, rest, ok := strings.Cut(rest, ">"); ok && len(number) <= 3 {
			if _, err := strconv.Atoi(number); err == nil {
				return strings.TrimPrefix(rest, "1 ")
			}
		}
	}
	return strings.TrimPrefix(text, "[")
}

// any parses a time in one of the common formats at the beginning of text.
func (s *stampReader) any(text string) (t time.Time, ok bool) {
	if text == "" || !(isDigit(text[0]) || text[0] >= 'A' && text[0] <= 'Z') {
		return t, false
	}
	if t, ok := unixPrefix(text); ok {
		return t, true
	}
	for _, layout := range layouts {
		if !mayBegin(layout, text) {
			continue
		}
		if t, ok := s.prefix(layout, text); ok {
			return t, true
		}
	}
	return t, false
}

// mayBegin reports whether text may begin with a time of the layout. It saves most calls of time.Parse,
// which allocates an error each time.
func mayBegin(layout, text string) bool {
	if isDigit(layout[0]) != isDigit(text[0]) {
		return false
	}
	return !strings.HasPrefix(layout, "2006") || len(text) > 4 && (text[4] == layout[4] || isDigit(text[4]) && isDigit(layout[4]))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// prefix parses a time at the beginning of text.
func (s *stampReader) prefix(layout, text string) (t time.Time, ok bool) {
	t, err := time.ParseInLocation(layout, text, s.zone)
	if e, isParse := errors.AsType[*time.ParseError](err); isParse && strings.HasPrefix(e.Message, ": extra text") {
		end := len(text) - len(e.ValueElem)
		if c := e.ValueElem[0]; isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return t, false // it is part of a longer word or number
		}
		t, err = time.ParseInLocation(layout, text[:end], s.zone)
	}
	if err != nil {
		return t, false
	}
	if strings.HasSuffix(layout, " UTC") || strings.HasSuffix(layout, " GMT") || strings.Contains(layout, " UTC ") {
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	if t.Year() == 0 {
		return s.withYear(t)
	}
	return t, t.Unix() >= 0
}

// withYear adds the latest year in which a time without a year is not in the future. It allows one day
// for differences of clocks and zones.
func (s *stampReader) withYear(t time.Time) (time.Time, bool) {
	now := s.now()
	for year := now.Year() + 1; year > now.Year()-9; year-- {
		dated := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
		if dated.Day() == t.Day() && dated.Before(now.Add(24*time.Hour)) { // February 29 does not exist in every year
			return dated, true
		}
	}
	return t, false
}

// unixPrefix parses seconds, milliseconds, microseconds or nanoseconds since 1970 at the beginning of
// text. From 2001 to 2286 they have 10, 13, 16 and 19 digits.
func unixPrefix(text string) (t time.Time, ok bool) {
	digits := 0
	for digits < len(text) && isDigit(text[digits]) {
		digits++
	}
	end := digits
	if digits == 10 && end < len(text) && text[end] == '.' {
		for end++; end < len(text) && isDigit(text[end]); end++ {
		}
	}
	if end < len(text) && !strings.ContainsRune(" \t,;:|]", rune(text[end])) {
		return t, false
	}
	return unixTime(text[:end])
}

// unixTime parses a time since 1970 whose number of digits determines the unit.
func unixTime(text string) (t time.Time, ok bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 {
		return t, false
	}
	switch len(whole) {
	case 10:
		part, err := strconv.ParseFloat("0."+fraction+"0", 64)
		return time.Unix(n, int64(math.Round(part*1e9))), err == nil
	case 13:
		return time.UnixMilli(n), true
	case 16:
		return time.UnixMicro(n), true
	case 19:
		return time.Unix(0, n), true
	}
	return t, false
}

// jsonStamps are the names of the time field of a JSON object, by precedence.
var jsonStamps = [...]string{"time", "timestamp", "ts", "@timestamp"}

// ofJSON returns the time of a JSON object.
func (s *stampReader) ofJSON(line []byte) (t time.Time, ok bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil {
		return t, false
	}
	for _, name := range jsonStamps {
		value := bytes.TrimSpace(fields[name])
		if len(value) == 0 {
			continue
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = number(value)
		}
		if s.layout != "" {
			t, ok = s.prefix(s.layout, text)
		} else {
			t, ok = s.any(text)
		}
		if ok {
			return t, true
		}
	}
	return t, false
}

// number formats a JSON number without an exponent; zap writes 1.7000000001e+09.
func number(value []byte) string {
	if !bytes.ContainsAny(value, "eE") {
		return string(value)
	}
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil {
		return ""
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
