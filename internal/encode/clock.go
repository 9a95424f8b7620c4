package encode

import (
	"sync/atomic"
	"time"
)

// clock writes times as time.RFC3339Nano does. It remembers the text of the
// second it wrote last, which most records share with the one before.
type clock struct {
	last atomic.Pointer[second]
}

// second is the text of a second in some location. It is never changed.
type second struct {
	unix     int64
	location *time.Location
	date     []byte // 2006-01-02T15:04:05
	zone     []byte // Z or +07:00
}

func (c *clock) append(dst []byte, t time.Time) []byte {
	s := c.last.Load()
	if s == nil || s.unix != t.Unix() || s.location != t.Location() {
		if y := t.Year(); y < 0 || y > 9999 {
			return t.AppendFormat(dst, time.RFC3339Nano)
		}
		s = &second{
			unix:     t.Unix(),
			location: t.Location(),
			date:     t.AppendFormat(nil, "2006-01-02T15:04:05"),
			zone:     t.AppendFormat(nil, "Z07:00"),
		}
		c.last.Store(s)
	}
	dst = append(dst, s.date...)
	dst = appendFraction(dst, t.Nanosecond())
	return append(dst, s.zone...)
}

// appendFraction appends a fraction of a second, without zeros at its end.
func appendFraction(dst []byte, nanoseconds int) []byte {
	if nanoseconds == 0 {
		return dst
	}
	// Three groups of three digits, so that the divisions need not wait for each
	// other.
	high, middle, low := nanoseconds/1_000_000, nanoseconds/1000%1000, nanoseconds%1000
	digits := [...]byte{
		'.',
		'0' + byte(high/100), '0' + byte(high/10%10), '0' + byte(high%10),
		'0' + byte(middle/100), '0' + byte(middle/10%10), '0' + byte(middle%10),
		'0' + byte(low/100), '0' + byte(low/10%10), '0' + byte(low%10),
	}
	end := len(digits)
	for digits[end-1] == '0' {
		end--
	}
	return append(dst, digits[:end]...)
}
