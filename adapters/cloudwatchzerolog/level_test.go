package cloudwatchzerolog

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestLevelOfLine(t *testing.T) {
	for line, want := range map[string]zerolog.Level{
		`{"level":"trace","message":"m"}`:  zerolog.TraceLevel,
		`{"level":"error"}`:                zerolog.ErrorLevel,
		`{"level":"panic"}`:                zerolog.PanicLevel,
		`{"level":"-3"}`:                   -3,
		`{"level":"loud"}`:                 zerolog.NoLevel,
		`{"level":5}`:                      zerolog.NoLevel,
		`{"o":{"level":"error"}}`:          zerolog.NoLevel,
		`text`:                             zerolog.NoLevel,
		``:                                 zerolog.NoLevel,
		"3:04PM ERR INF is in the message": zerolog.ErrorLevel,
		"\x1b[90m3:04PM\x1b[0m \x1b[1m\x1b[31mERR\x1b[0m\x1b[0m m": zerolog.ErrorLevel,
		"3:04PM ??? no level":                 zerolog.NoLevel,
		"3:04PM TERRIBLE INFORMATION ferrous": zerolog.NoLevel,
		"3:04PM TERR INFO WRN":                zerolog.WarnLevel,
		"DBG\n":                               zerolog.DebugLevel,
	} {
		if got := levelOf([]byte(line)); got != want {
			t.Errorf("%s: level %v, want %v", line, got, want)
		}
	}
	before := zerolog.LevelFieldMarshalFunc
	defer func() { zerolog.LevelFieldMarshalFunc = before }()
	zerolog.LevelFieldMarshalFunc = func(l zerolog.Level) string { return strings.ToUpper(l.String()) }
	if got := levelOf([]byte(`{"level":"WARN"}`)); got != zerolog.WarnLevel {
		t.Errorf("level %v of a line in capitals", got)
	}
}
