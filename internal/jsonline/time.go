package jsonline

import (
	"math"
	"time"
)

// Bounds of the time of a line. Before earliest, the clock was never set, or a number means
// something else, as it does from latest on.
var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// parseTime reads a time from its JSON value. seconds means that it has no fraction.
func parseTime(value []byte) (t time.Time, seconds bool) {
	if len(value) < 2 {
		return time.Time{}, false
	}
	if value[0] == '"' {
		t, seconds = parseDate(value[1 : len(value)-1])
	} else {
		t, seconds = parseEpoch(value)
	}
	if t.Before(earliest) || !t.Before(latest) {
		return time.Time{}, false
	}
	return t, seconds
}

// parseDate reads 2006-01-02T15:04:05Z07:00 and its variants: with a fraction, with a blank
// for the T, with a comma for the point, and with 0700 for the zone, as zap writes it. A date
// without a zone is refused, as it could be any of 24 hours.
func parseDate(s []byte) (t time.Time, seconds bool) {
	const layout = "0000-00-00T00:00:00"
	if len(s) <= len(layout) {
		return time.Time{}, false
	}
	for i := range len(layout) {
		switch c := s[i]; layout[i] {
		case '0':
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
		case 'T':
			if c != 'T' && c != 't' && c != ' ' {
				return time.Time{}, false
			}
		default:
			if c != layout[i] {
				return time.Time{}, false
			}
		}
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	rest := s[len(layout):]
	nanos, seconds := 0, true
	if rest[0] == '.' || rest[0] == ',' {
		n, unit := 1, int(time.Second)
		for ; n < len(rest) && rest[n] >= '0' && rest[n] <= '9'; n++ {
			unit /= 10
			nanos += int(rest[n]-'0') * unit
		}
		if n == 1 {
			return time.Time{}, false
		}
		rest, seconds = rest[n:], false
	}
	offset, ok := parseZone(rest)
	if !ok || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if t.Day() != day { // there is no such day in the month
		return time.Time{}, false
	}
	return t.Add(-offset), seconds
}

// parseZone reads Z, +07:00 and +0700.
func parseZone(s []byte) (offset time.Duration, ok bool) {
	if len(s) == 1 && (s[0] == 'Z' || s[0] == 'z') {
		return 0, true
	}
	var digits [4]byte
	switch {
	case len(s) == 6 && s[3] == ':':
		digits = [4]byte{s[1], s[2], s[4], s[5]}
	case len(s) == 5:
		digits = [4]byte(s[1:])
	default:
		return 0, false
	}
	for i, c := range digits {
		if digits[i] = c - '0'; digits[i] > 9 {
			return 0, false
		}
	}
	hours, minutes := digits[0]*10+digits[1], digits[2]*10+digits[3]
	if hours > 24 || minutes > 59 {
		return 0, false
	}
	offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	switch s[0] {
	case '+':
		return offset, true
	case '-':
		return -offset, true
	default:
		return 0, false
	}
}

// parseEpoch reads a number of seconds, milliseconds, microseconds or nanoseconds since 1970.
// Its size shows which: as seconds, the others are beyond the year 5000.
func parseEpoch(value []byte) (t time.Time, seconds bool) {
	var digits int64 // without the point
	scale := 0       // how many of them are behind it
	point, exponent := false, 0
	for i, c := range value {
		switch {
		case c >= '0' && c <= '9':
			if digits > (math.MaxInt64-9)/10 { // enough of them
				if !point {
					scale--
				}
				continue
			}
			digits = digits*10 + int64(c-'0')
			if point {
				scale++
			}
		case c == '.' && !point:
			point = true
		case (c == 'e' || c == 'E') && i > 0:
			text := value[i+1:]
			negative := len(text) > 0 && text[0] == '-'
			if negative || len(text) > 0 && text[0] == '+' {
				text = text[1:]
			}
			n, ok := smallInt(text)
			if !ok {
				return time.Time{}, false
			}
			if exponent = n; negative {
				exponent = -n
			}
			return epoch(digits, scale-exponent)
		default:
			return time.Time{}, false
		}
	}
	return epoch(digits, scale-exponent)
}

// epoch returns the time of a number, of which so many digits are behind the point.
func epoch(digits int64, scale int) (t time.Time, seconds bool) {
	if digits <= 0 {
		return time.Time{}, false
	}
	for scale > 0 && digits%10 == 0 {
		digits /= 10
		scale--
	}
	for ; scale < 0; scale++ {
		if digits > math.MaxInt64/10 {
			return time.Time{}, false
		}
		digits *= 10
	}
	whole := digits
	for range min(scale, 19) {
		whole /= 10
	}
	unit := 9 // nanoseconds are so many digits behind seconds
	switch {
	case whole < 100_000_000_000:
		unit = 0
	case whole < 100_000_000_000_000:
		unit = 3
	case whole < 100_000_000_000_000_000:
		unit = 6
	}
	behind := scale + unit // of seconds
	for ; behind > 9; behind-- {
		digits /= 10
	}
	power := int64(1)
	for range behind {
		power *= 10
	}
	nanos := digits % power
	for range 9 - behind {
		nanos *= 10
	}
	return time.Unix(digits/power, nanos).UTC(), unit == 0 && scale == 0
}
