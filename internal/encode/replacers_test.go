package encode_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

type replaceFunc = func(groups []string, a slog.Attr) slog.Attr

// replacer is a ReplaceAttr and what it does. It has no state, so that it can
// be called again for the reference.
type replacer struct {
	name string
	f    replaceFunc
}

var replacers = []replacer{
	{"none", nil},
	{"changes nothing", func(_ []string, a slog.Attr) slog.Attr { return a }},
	{"removes the built-ins", func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && isBuiltin(a.Key) {
			return slog.Attr{}
		}
		return a
	}},
	{"removes the time alone", func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}},
	{"renames the built-ins", func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && isBuiltin(a.Key) {
			a.Key = "@ " + strings.ToUpper(a.Key)
		}
		return a
	}},
	{"retypes the built-ins", func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return a
		}
		switch v := a.Value.Any().(type) {
		case time.Time:
			a.Value = slog.Int64Value(v.UnixMilli())
		case slog.Level:
			a.Value = slog.IntValue(int(v))
		case *slog.Source:
			if v != nil {
				a.Value = slog.StringValue(filepath.Base(v.File))
			}
		}
		if a.Key == slog.MessageKey {
			a.Value = slog.AnyValue([]string{a.Value.String()})
		}
		return a
	}},
	{"turns the built-ins into groups", func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && isBuiltin(a.Key) {
			return slog.Group(a.Key, "inner", a.Value, slog.Group("deep", "key", 1))
		}
		return a
	}},
	{"inlines the built-ins", func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && isBuiltin(a.Key) {
			return slog.Group("", "inlined "+a.Key, a.Value)
		}
		return a
	}},
	{"shows what it was given", func(groups []string, a slog.Attr) slog.Attr {
		return slog.Any(fmt.Sprintf("%s(%d)/%s", strings.Join(groups, "/"), len(groups), a.Key), a.Value)
	}},
	{"removes every attribute in a group", func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return slog.Attr{}
		}
		return a
	}},
	{"removes every attribute in a group g", func(groups []string, a slog.Attr) slog.Attr {
		if slices.Contains(groups, "g") {
			return slog.Attr{}
		}
		return a
	}},
	{"removes strings", func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindString {
			return slog.Attr{}
		}
		return a
	}},
	{"removes everything", func([]string, slog.Attr) slog.Attr { return slog.Attr{} }},
	{"takes the keys away", func(_ []string, a slog.Attr) slog.Attr {
		return slog.Attr{Value: a.Value}
	}},
	{"makes groups of values", func(_ []string, a slog.Attr) slog.Attr {
		if strings.HasPrefix(a.Key, "of ") {
			return a
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(slog.Attr{Key: "of " + a.Key, Value: a.Value}, slog.Int("of n", 1))}
	}},
	{"makes empty groups of integers", func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindInt64 {
			a.Value = slog.GroupValue()
		}
		return a
	}},
	{"makes groups that come out empty", func(_ []string, a slog.Attr) slog.Attr {
		if !isBuiltin(a.Key) && a.Value.Kind() == slog.KindInt64 {
			a.Value = slog.GroupValue(slog.Attr{})
		}
		return a
	}},
	{"returns LogValuers", func(_ []string, a slog.Attr) slog.Attr {
		a.Value = slog.AnyValue(valuer{a.Value})
		return a
	}},
	{"returns LogValuers that return groups", func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindString && a.Key != "s" {
			a.Value = slog.AnyValue(valuer{slog.GroupValue(slog.Attr{Key: "s", Value: a.Value})})
		}
		return a
	}},
	{"returns sources", func(_ []string, a slog.Attr) slog.Attr {
		switch a.Value.Kind() {
		case slog.KindInt64:
			if a.Key != "line" {
				a.Value = slog.AnyValue(&slog.Source{File: "f.go", Line: 2})
			}
		case slog.KindBool:
			a.Value = slog.AnyValue((*slog.Source)(nil))
		}
		return a
	}},
	{"returns nil", func(_ []string, a slog.Attr) slog.Attr { return slog.Any(a.Key, nil) }},
}

// troublesome replacers are slow, since they panic or loop for each attribute.
var troublesome = []replacer{
	{"returns panicking LogValuers", func(_ []string, a slog.Attr) slog.Attr {
		a.Value = slog.AnyValue(panicValuer{"boom"})
		return a
	}},
	{"returns endless LogValuers", func(_ []string, a slog.Attr) slog.Attr {
		a.Value = slog.AnyValue(endlessValuer{})
		return a
	}},
}

func isBuiltin(key string) bool {
	return slices.Contains([]string{slog.TimeKey, slog.LevelKey, slog.MessageKey, slog.SourceKey}, key)
}
