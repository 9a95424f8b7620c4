package jsonline

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

const (
	trace  = slog.LevelDebug - 4
	debug  = slog.LevelDebug
	info   = slog.LevelInfo
	notice = slog.LevelInfo + 2
	warn   = slog.LevelWarn
	err    = slog.LevelError
	fatal  = slog.LevelError + 4
	none   = slog.Level(-1000)
)

// noon is when the lines were logged.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 123_000_000, time.UTC)

func TestLinesOfLoggers(t *testing.T) {
	micro, milli, second := noon.Add(456*time.Microsecond), noon, noon.Truncate(time.Second)
	var never time.Time
	tests := []struct {
		logger, line string
		level        slog.Level
		at           time.Time
	}{
		{"slog", `{"time":"2026-11-22T13:00:00.123456+01:00","level":"WARN","msg":"m","level":"x"}`, warn, micro},
		{"slog, an offset", `{"time":"2026-11-22T12:00:00.123456Z","level":"ERROR+2","msg":"m"}`, err + 2, micro},
		{"slog, below", `{"time":"2026-11-22T12:00:00.123456Z","level":"DEBUG-4","msg":"m"}`, trace, micro},
		{"slog, with a group called time", `{"group":{"time":"2001-01-01T00:00:00Z","level":"INFO"},"time":"2026-11-22T12:00:00.123Z","level":"ERROR"}`, err, milli},
		{"zap production", `{"level":"info","ts":1795348800.123456,"caller":"main.go:7","msg":"m"}`, info, micro},
		{"zap, ISO 8601", `{"level":"dpanic","ts":"2026-11-22T13:00:00.123+0100","msg":"m"}`, fatal, milli},
		{"zap, in capitals", `{"L":"x","level":"FATAL","ts":1795348800123.456}`, fatal, micro},
		{"zap, nanoseconds", `{"level":"panic","ts":1795348800123456000}`, fatal, micro},
		{"zap, microseconds", `{"level":"debug","ts":1795348800123456}`, debug, micro},
		{"zerolog", `{"level":"warn","id":7,"time":"2026-11-22T12:00:00Z","message":"m"}`, warn, second},
		{"zerolog, Unix", `{"level":"trace","time":1795348800,"message":"m"}`, trace, second},
		{"zerolog, milliseconds", `{"level":"error","time":1795348800123}`, err, milli},
		{"logrus", `{"level":"warning","msg":"a \"quoted\" {[ text\\","time":"2026-11-22T13:00:00+01:00"}`, warn, second},
		{"pino", `{"level":50,"time":1795348800123,"pid":1,"hostname":"h","msg":"m"}`, err, milli},
		{"bunyan", `{"name":"n","hostname":"h","pid":1,"level":30,"msg":"m","time":"2026-11-22T12:00:00.123Z","v":0}`, info, milli},
		{"hclog", `{"@level":"info","@message":"m","@timestamp":"2026-11-22T12:00:00.123456Z"}`, info, micro},
		{"GCP", `{"severity":"CRITICAL","timestamp":"2026-11-22T12:00:00.123456Z","message":"m"}`, fatal, micro},
		{"logstash", `{"@timestamp":"2026-11-22T12:00:00.123Z","lvl":"loud","level":"NOTICE"}`, notice, milli},
		{"Elastic Common Schema", `{"log.level":"error","@timestamp":"2026-11-22T12:00:00.123Z","message":"m","ecs.version":"1.6.0"}`, err, milli},
		{"with exponent", `{"level":"info","ts":1.795348800123e9}`, info, milli},
		{"indented", "\n {\n\t\"level\" : \"error\" ,\r\n \"ts\" : 1795348800.123 } \n", err, milli},
		{"a level alone", `{"level":"error","msg":"m"}`, err, never},
		{"a time alone", `{"time":"2026-11-22T12:00:00.123Z","msg":"m"}`, none, milli},
		{"a comma", `{"time":"2026-11-22 12:00:00,123Z"}`, none, milli},
		{"the first that can be read", `{"severity":3,"level":"loud","lvl":"info","time":12.5,"ts":1795348800.123}`, info, milli},
		{"nothing", `{"msg":"level","x":{"level":"error"},"y":[{"ts":1}],"n":null,"t":true,"f":-1.5E+3}`, none, never},
		{"an empty object", `{}`, none, never},
		{"text", `level=error time=2026-11-22T12:00:00Z`, none, never},
		{"text in braces", `{level=error}`, none, never},
		{"an array", `[{"level":"error"}]`, none, never},
		{"a string", `"level"`, none, never},
		{"empty", ``, none, never},
		{"cut off", `{"level":"error","msg":"m`, none, never},
		{"cut off before its end", `{"level":"error","msg":{"a":1}`, none, never},
		{"something behind it", `{"level":"error","msg":"m"} {"a":1}`, none, never},
		{"a comma too many", `{"level":"error",}`, none, never},
		{"two objects", `{"level":"error"}{"level":"info"}`, none, never},
		{"something behind both", `{"level":"error","ts":1795348800.123} and {}`, none, never},
		{"no comma behind both", `{"level":"error","ts":1795348800.123 "msg":"m"}`, none, never},
		{"no value", `{"level":}`, none, never},
		{"no comma", `{"level":"error" "msg":"m"}`, none, never},
		{"an escape", `{"level":"err\u006fr","lev\u0065l":"info"}`, none, never},
		{"a day that does not exist", `{"time":"2026-02-30T12:00:00Z"}`, none, never},
		{"no zone", `{"time":"2026-11-22T12:00:00"}`, none, never},
		{"before 2000", `{"time":"1999-12-31T23:59:59Z","ts":0}`, none, never},
		{"negative", `{"time":-1795348800}`, none, never},
		{"enormous", `{"time":1e300,"ts":99999999999999999999999}`, none, never},
		{"syslog's numbers mean something else", `{"level":3}`, none, never},
		{"GCP's numbers, too", `{"severity":400}`, none, never},
	}
	for _, tt := range tests {
		f := Read([]byte(tt.line), true)
		if f.HasLevel != (tt.level != none) || f.HasLevel && f.Level != tt.level || !f.Time.Equal(tt.at) {
			t.Errorf("%s: %s gave %+v, want level %d, time %v", tt.logger, tt.line, f, tt.level, tt.at)
		}
	}
}

// levels are the names of levels.
var levels = map[slog.Level]string{
	trace:  "trace TRC trac Verbose T info-8",
	debug:  "debug DEBUG dbg debu D info-4",
	info:   "info INFO Information informational inf I",
	notice: "notice Notice INFO+2",
	warn:   "warn WARNING wrn W",
	err:    "error Err ERRO E warn+4",
	fatal:  "dpanic panic PNC pani fatal FTL fata F critical crit alert emerg emergency severe error+4",
	none:   "nothing informationall inform errors + - +4 info+ info- info+x info+99999 -4 \u212arit er_or er\u00f6r ERR0R",
}

func TestNamesOfLevels(t *testing.T) {
	for level, list := range levels {
		for name := range strings.FieldsSeq(list) {
			f := Read([]byte(`{"level":"`+name+`"}`), true)
			if f.HasLevel != (level != none) || f.HasLevel && f.Level != level {
				t.Errorf("%s is %d %v, want %d", name, f.Level, f.HasLevel, level)
			}
		}
	}
}

func TestNumbersOfLevels(t *testing.T) {
	for text, level := range map[string]slog.Level{
		"10": trace, "20": debug, "30": info, "35": info, "40": warn, "50": err, "60": fatal, "69": fatal,
		"9": none, "0": none, "70": none, "300": none, "-30": none, "30.0": none, "3e1": none, "null": none, "true": none,
	} {
		if f := Read([]byte(`{"level":`+text+`}`), true); f.HasLevel != (level != none) || f.HasLevel && f.Level != level {
			t.Errorf("%s is %d %v, want %d", text, f.Level, f.HasLevel, level)
		}
	}
}

// TestBeginningOfALine: what is known of a line that is too long to be kept.
func TestBeginningOfALine(t *testing.T) {
	line := `{"level":"error","msg":"` + strings.Repeat(`\"`, 10) + `","time":"2026-11-22T12:00:00.123Z"}`
	for n := range line {
		f := Read([]byte(line[:n]), false)
		if f.HasLevel != (n >= len(`{"level":"error"`)) || f.Time.IsZero() != (n < len(line)-1) {
			t.Errorf("%s gave %+v", line[:n], f)
		}
	}
	if f := Read([]byte(`{"level":"error" "msg":"m`), false); f.HasLevel {
		t.Errorf("what is no JSON gave %+v", f)
	}
}

func TestTimeOfTheEvent(t *testing.T) {
	written := noon.Add(600 * time.Millisecond) // 12:00:00.723
	second := noon.Truncate(time.Second)
	tests := []struct {
		rule string
		time string
		want time.Time
	}{
		{"its own", `"2026-11-22T12:00:00.123Z"`, noon},
		{"of half a minute ago", `"2026-11-22T11:59:30Z"`, second.Add(-30 * time.Second)},
		{"in whole seconds, of this second", `"2026-11-22T12:00:00Z"`, written},
		{"in whole seconds, of the one before", `"2026-11-22T11:59:59Z"`, written},
		{"in whole seconds, before that", `"2026-11-22T11:59:58Z"`, second.Add(-2 * time.Second)},
		{"in whole seconds, still to come", `"2026-11-22T12:00:01Z"`, second.Add(time.Second)},
		{"in whole seconds by number", `1795348800`, written},
		{"of another century", `"2126-11-22T12:00:00.5Z"`, written},
		{"a day ahead", `"2026-11-23T12:00:00.7Z"`, second.Add(24*time.Hour + 700*time.Millisecond)},
		{"more than a day ahead", `"2026-11-23T12:00:00.8Z"`, written},
		{"none", `null`, written},
	}
	for _, tt := range tests {
		if got := Read([]byte(`{"time":`+tt.time+`}`), true).At(written); !got.Equal(tt.want) {
			t.Errorf("%s: %v, want %v", tt.rule, got, tt.want)
		}
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	for _, line := range benchmarkLines {
		if n := testing.AllocsPerRun(100, func() { Read(line.text, true) }); n > 0 {
			t.Errorf("%s: %v allocations", line.name, n)
		}
	}
}

var benchmarkLines = []struct {
	name string
	text []byte
}{
	{"slog", []byte(`{"time":"2026-11-22T12:00:00.123456789+01:00","level":"INFO","msg":"request handled","method":"GET","path":"/api/v1/orders/1234","status":200,"took":1234567,"remote":"192.0.2.17:51234","cached":false}`)},
	{"zap", []byte(`{"level":"info","ts":1795348800.123456,"caller":"api/orders.go:117","msg":"request handled","method":"GET","path":"/api/v1/orders/1234","status":200,"took":1234567,"remote":"192.0.2.17:51234","cached":false}`)},
	{"zerolog", []byte(`{"level":"info","method":"GET","path":"/api/v1/orders/1234","status":200,"took":1234567,"remote":"192.0.2.17:51234","cached":false,"time":"2026-11-22T12:00:00+01:00","message":"request handled"}`)},
	{"logrus", []byte(`{"cached":false,"level":"info","method":"GET","msg":"request handled","path":"/api/v1/orders/1234","remote":"192.0.2.17:51234","status":200,"time":"2026-11-22T12:00:00+01:00","took":1234567}`)},
	{"JSON without them", []byte(`{"method":"GET","path":"/api/v1/orders/1234","status":200,"took":1234567,"remote":"192.0.2.17:51234","cached":false,"a":{"b":[1,2,3]}}`)},
	{"text", []byte(`2026/11/22 12:00:00 request handled method=GET path=/api/v1/orders/1234 status=200`)},
}

func BenchmarkRead(b *testing.B) {
	for _, line := range benchmarkLines {
		b.Run(line.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Read(line.text, true)
			}
		})
	}
}
