package cloudwatchzerolog

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

func TestTimeOfLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(300 * time.Millisecond)
		now := time.Now() // 2000-01-01 00:00:00.3 UTC
		past := time.Date(1999, 6, 5, 4, 3, 2, 123456789, time.UTC)
		ms := past.Truncate(time.Millisecond)
		second := now.Truncate(time.Second)
		for _, c := range []struct {
			name   string
			format string
			line   string
			want   time.Time // zero: the current time
		}{
			{"nanoseconds", "", `{"time":"1999-06-05T04:03:02.123456789Z","message":"m"}`, past},
			{"with an offset", "", `{"time":"1999-06-05T06:33:02.123456789+02:30"}` + "\n", past},
			{"last field", "", `{"level":"info","time":"1999-06-05T04:03:02.123456789Z"}` + "\n", past},
			{"two times: the last", "", `{"time":"1998-06-05T04:03:02Z","time":"1999-06-05T04:03:02.123456789Z"}`, past},
			{"before an object", "", `{"time":"1999-06-05T04:03:02.123456789Z","o":{"time":"1998-01-01T00:00:00Z","a":[1,{}]},"m":"}\"{"}`, past},
			{"after an object", "", `{"o":{"time":"1998-01-01T00:00:00Z"},"time":"1999-06-05T04:03:02.123456789Z"}`, past},
			{"only in an object", "", `{"o":{"time":"1998-01-01T00:00:00Z"}}`, time.Time{}},
			{"only in an array", "", `{"o":[{"time":"1998-01-01T00:00:00Z"}]}`, time.Time{}},
			{"inside a string", "", `{"m":"{\"time\":\"1998-01-01T00:00:00Z\"}"}`, time.Time{}},
			{"in the name of a field", "", `{"a\"time":"1998-01-01T00:00:00Z","x":1}`, time.Time{}},
			{"a string that ends with a backslash", "", `{"m":"\\","time":"1999-06-05T04:03:02.123456789Z"}`, past},
			{"a value that is the name", "", `{"m":"time","x":1}`, time.Time{}},
			{"no time", "", `{"level":"info","message":"m"}`, time.Time{}},
			{"not JSON", "", `it is "time":"1998-01-01T00:00:00Z"`, time.Time{}},
			{"truncated JSON", "", `{"time":"1998-01-01T00:00`, time.Time{}},
			{"no value", "", `{"time":`, time.Time{}},
			{"null", "", `{"time":null}`, time.Time{}},
			{"an object as time", "", `{"time":{"time":1}}`, time.Time{}},
			{"a malformed time", "", `{"time":"yesterday"}`, time.Time{}},
			{"empty", "", ``, time.Time{}},

			{"whole seconds, long ago", "", `{"time":"1999-06-05T04:03:02Z"}`, past.Truncate(time.Second)},
			{"the current second", "", `{"time":"2000-01-01T00:00:00Z"}`, now},
			{"the current second, to the millisecond", "", `{"time":"2000-01-01T00:00:00.000Z"}`, second},
			{"the previous second", "", `{"time":"1999-12-31T23:59:59Z"}`, second.Add(-time.Millisecond)},
			{"the next second", "", `{"time":"2000-01-01T00:00:01Z"}`, second.Add(time.Second)},

			{"unix", zerolog.TimeFormatUnix, `{"time":928555382}`, past.Truncate(time.Second)},
			{"unix, the current second", zerolog.TimeFormatUnix, `{"time":946684800,"message":"m"}`, now},
			{"unix, before 1970", zerolog.TimeFormatUnix, `{"time":-1}`, time.Unix(-1, 0)},
			{"milliseconds", zerolog.TimeFormatUnixMs, `{"time":928555382123}`, ms},
			{"milliseconds of 1970", zerolog.TimeFormatUnixMs, `{"time":5}`, time.UnixMilli(5)},
			{"microseconds", zerolog.TimeFormatUnixMicro, `{"time":928555382123456}`, past.Truncate(time.Microsecond)},
			{"nanoseconds since 1970", zerolog.TimeFormatUnixNano, `{"time":928555382123456789}`, past},
			{"milliseconds by the number of digits", time.RFC3339, `{"time":928555382123}`, ms},
			{"nanoseconds by the number of digits", time.RFC3339, `{"time":928555382123456789}`, past},
			{"too many digits", time.RFC3339, `{"time":99999999999999999999}`, time.Time{}},
			{"a fraction", time.RFC3339, `{"time":9285553.5}`, time.Time{}},

			{"a layout", "2006-01-02 15:04:05.000", `{"time":"1999-06-05 04:03:02.123"}`, ms},
			{"a layout with a comma", "2006-01-02 15:04:05,000", `{"time":"1999-06-05 04:03:02,123"}`, ms},
			{"RFC 1123, the current second", time.RFC1123, `{"time":"Sat, 01 Jan 2000 00:00:00 UTC"}`, now},
			{"a layout without a year", time.Stamp, `{"time":"Jun  5 04:03:02"}`, time.Time{}},
			{"a layout without seconds", time.Kitchen, `{"time":"4:03AM"}`, time.Time{}},
		} {
			format := zerolog.TimeFieldFormat
			if c.format != "" || strings.HasPrefix(c.name, "unix") {
				zerolog.TimeFieldFormat = c.format
			}
			stamp := zerolog.TimestampFunc
			zerolog.TimestampFunc = func() time.Time { return time.Now().UTC() }
			if got := timeOf([]byte(c.line)); !got.Equal(c.want) {
				t.Errorf("%s: time of %s is %v, want %v", c.name, c.line, got, c.want)
			}
			zerolog.TimeFieldFormat, zerolog.TimestampFunc = format, stamp
		}
	})
}
