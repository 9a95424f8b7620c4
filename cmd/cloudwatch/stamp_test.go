package main

import (
	"testing"
	"time"
)

func TestStamps(t *testing.T) {
	zone := time.FixedZone("local", 2*60*60)
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, zone)
	const (
		local  = "2026-11-22T10:00:00Z" // of 12:00:00 there
		utc    = "2026-11-22T12:00:00Z"
		millis = "2026-11-22T12:00:00.123Z"
	)
	for _, test := range []struct{ layout, line, want string }{
		{"", "2026-11-22T12:00:00Z msg", utc},
		{"", "2026-11-22T14:00:00+02:00 msg", utc},
		{"", "2026-11-22T14:00:00+0200 msg", utc},
		{"", "2026-11-22T14:00:00.123456789+02:00 msg", "2026-11-22T12:00:00.123456789Z"},
		{"", "2026-11-22T12:00:00.123Z", millis},
		{"", "2026-11-22T12:00:00 msg", local},
		{"", "[2026-11-22T12:00:00Z] msg", utc},
		{"", "2026-11-22 12:00:00,123 ERROR msg", "2026-11-22T10:00:00.123Z"},
		{"", "2026-11-22 12:00:00.123 ERR msg", "2026-11-22T10:00:00.123Z"},
		{"", "2026-11-22 12:00:00.123 UTC [4711] LOG:  msg", millis},
		{"", "2026-11-22 12:00:00Z msg", utc},
		{"", "2026-11-22 14:00:00+02 msg", utc},
		{"", "2026-11-22 14:00:00 +0200 msg", utc},
		{"", "2026-11-22 12:00:00: msg", local},
		{"", "2026/11/22 12:00:00 msg", local},
		{"", "2026/11/22 12:00:00.123456 main.go:3: msg", "2026-11-22T10:00:00.123456Z"},
		{"", "2026/11/22 12:00:00 [error] 7#7: *1 msg", local},
		{"", `127.0.0.1 - frank [22/Nov/2026:14:00:00 +0200] "GET / HTTP/1.1" 200 7`, utc},
		{"", `::1 - - [22/Nov/2026:14:00:00 +0200] "GET / HTTP/1.1" 200 7`, utc},
		{"", "Nov 22 12:00:00 web-1 sshd[7]: msg", local},
		{"", "<34>Nov 22 12:00:00 web-1 su: msg", local},
		{"", "<165>1 2026-11-22T12:00:00.123Z web-1 app - - msg", millis},
		{"", "Dec 31 23:59:59 web-1 of last year", "2025-12-31T21:59:59Z"},
		{"", "Dec  1 11:00:00 web-1 a day ahead", "2026-12-01T09:00:00Z"},
		{"", "Feb 29 12:00:00 web-1 of a leap year", "2024-02-29T10:00:00Z"},
		{"", "[Sun Nov 22 12:00:00.123456 2026] [core:error] msg", "2026-11-22T10:00:00.123456Z"},
		{"", "Sun Nov 22 12:00:00 2026: msg", local},
		{"", "Sun, 22 Nov 2026 14:00:00 +0200 msg", utc},
		{"", "20261122T120000Z msg", utc},
		{"", "1795348800 msg", utc},
		{"", "1795348800", utc},
		{"", "1795348800.123 msg", millis},
		{"", "[1795348800123] msg", millis},
		{"", "1795348800123456789\tmsg", "2026-11-22T12:00:00.123456789Z"},
		{"", `{"time":"2026-11-22T12:00:00.123Z","msg":"m"}`, millis},
		{"", `{"msg":"m","timestamp":1795348800123}`, millis},
		{"", `{"ts":1795348800.123,"msg":"m"}`, millis},
		{"", `{"ts":1.795348800123e+09,"msg":"m"}`, millis},
		{"", `{"ts":"1795348800"}`, utc},
		{"", `{"@timestamp":"2026-11-22 12:00:00,123"}`, "2026-11-22T10:00:00.123Z"},
		{"", `{"time":"soon","ts":1795348800}`, utc},
		{"", `{"time":{"a":1},"timestamp":null,"ts":true}`, ""},
		{"", `{"a":{"time":1795348800}}`, ""},
		{"", `{"time":1795348800`, ""},
		{"02.01.2006 15:04:05", "22.11.2026 12:00:00 msg", local},
		{"02.01.2006 15:04:05", "22.11.2026 12:00:00,123|msg", "2026-11-22T10:00:00.123Z"},
		{"02.01.2006 15:04:05", "[22.11.2026 12:00:00] msg", local},
		{"[02.01.2006 15:04:05]", "[22.11.2026 12:00:00] msg", local},
		{"02.01.2006 15:04:05", "2026-11-22 12:00:00 msg", ""},
		{"02.01.2006 15:04:05", `{"time":"22.11.2026 12:00:00"}`, local},
		{"time=2006-01-02T15:04:05Z07:00", "time=2026-11-22T12:00:00Z level=INFO", utc},

		{"", "", ""},
		{"", "msg", ""},
		{"", "{", ""},
		{"", "[", ""},
		{"", "<34>", ""},
		{"", "  2026-11-22T12:00:00Z is indented", ""},
		{"", "msg of 2026-11-22T12:00:00Z", ""},
		{"", "2026-11-22 no time", ""},
		{"", "2026-13-22 12:00:00 no month", ""},
		{"", "2026-02-30 12:00:00 no day", ""},
		{"", "2026-11-22 12:00:0077 no second", ""},
		{"", "1795348800abc", ""},
		{"", "17953488001 of 11 digits", ""},
		{"", "12345 requests", ""},
		{"", "1066-10-14T12:00:00Z long ago", ""},
		{"", "[   12.345678] since the kernel started", ""},
	} {
		s := stampReader{layout: test.layout, zone: zone, now: func() time.Time { return now }}
		got := ""
		if at, ok := s.read([]byte(test.line)); ok {
			got = at.UTC().Format(time.RFC3339Nano)
		}
		if got != test.want {
			t.Errorf("%q, layout %q: got %q, want %q", test.line, test.layout, got, test.want)
		}
	}
}

func FuzzStamps(f *testing.F) {
	f.Add("2026-11-22T12:00:00Z", "")
	f.Add("<1>1 Nov 22", "2006")
	f.Fuzz(func(t *testing.T, line, layout string) {
		s := stampReader{layout: layout, zone: time.UTC, now: time.Now}
		_, _ = s.read([]byte(line)) // it must not panic
	})
}
