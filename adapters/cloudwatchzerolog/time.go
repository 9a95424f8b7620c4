package cloudwatchzerolog

import (
	"math"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// timeOf returns the time of a line, zero if it has none that can be parsed.
func timeOf(line []byte) time.Time {
	value := field(line, zerolog.TimestampFieldName)
	if value == nil {
		return time.Time{}
	}
	at, coarse, ok := parseTime(value)
	switch {
	case !ok:
		return time.Time{}
	case coarse:
		return refined(at, time.Now())
	}
	return at
}

// refined returns a more exact time for one in whole seconds: now if it is in the same second, the
// end of the second if that has just passed. This keeps the events of a second in order.
func refined(at, now time.Time) time.Time {
	switch since := now.Sub(at); {
	case since < 0 || since >= 2*time.Second:
		return at
	case since < time.Second:
		return now
	}
	return at.Add(time.Second - time.Millisecond)
}

// parseTime parses a time as zerolog writes it. coarse: it is in whole seconds.
func parseTime(value []byte) (at time.Time, coarse, ok bool) {
	text, quoted := unquoted(value)
	if !quoted {
		return parseNumber(value)
	}
	const day, seconds = len("2006-01-02"), len("2006-01-02T15:04:05")
	if len(text) > seconds && text[day] == 'T' && at.UnmarshalText(text) == nil { // an error would allocate
		return at, text[seconds] != '.', true
	}
	layout := zerolog.TimeFieldFormat
	_, behind, found := strings.Cut(layout, "05")
	if !found { // without seconds, it is less exact than the current time
		return at, false, false
	}
	location := zerolog.TimestampFunc().Location() // for layouts without a zone
	at, err := time.ParseInLocation(layout, string(text), location)
	return at, !strings.HasPrefix(behind, ".") && !strings.HasPrefix(behind, ","), err == nil && at.Year() > 0
}

// parseNumber parses a time as a number since 1970. The unit is that of zerolog.TimeFieldFormat;
// other formats leave it to the number of digits.
func parseNumber(value []byte) (at time.Time, coarse, ok bool) {
	digits, negative := value, len(value) > 0 && value[0] == '-'
	if negative {
		digits = value[1:]
	}
	n := int64(0)
	for _, c := range digits {
		if c < '0' || c > '9' || n > math.MaxInt64/10-1 {
			return at, false, false
		}
		n = 10*n + int64(c-'0')
	}
	if len(digits) == 0 {
		return at, false, false
	}
	if negative {
		n = -n
	}
	switch unit(len(digits)) {
	case zerolog.TimeFormatUnixMs:
		return time.UnixMilli(n), false, true
	case zerolog.TimeFormatUnixMicro:
		return time.UnixMicro(n), false, true
	case zerolog.TimeFormatUnixNano:
		return time.Unix(0, n), false, true
	}
	return time.Unix(n, 0), true, true
}

// unit returns the unit of a number with the given number of digits. Numbers of ten digits are
// seconds from 2001 to 2286.
func unit(digits int) string {
	switch format := zerolog.TimeFieldFormat; format {
	case zerolog.TimeFormatUnix, zerolog.TimeFormatUnixMs, zerolog.TimeFormatUnixMicro, zerolog.TimeFormatUnixNano:
		return format
	}
	switch {
	case digits <= 11:
		return zerolog.TimeFormatUnix
	case digits <= 14:
		return zerolog.TimeFormatUnixMs
	case digits <= 17:
		return zerolog.TimeFormatUnixMicro
	}
	return zerolog.TimeFormatUnixNano
}
