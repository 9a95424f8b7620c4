package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// style formats text for standard output.
type style struct {
	width int
	color bool
}

// style returns the style of standard output: color only on a terminal, and not with NO_COLOR
// (https://no-color.org).
func (p *program) style() style {
	_, ok := terminal(p.stdout)
	return style{
		width: width(p.stdout),
		color: ok && p.getenv("NO_COLOR") == "" && p.getenv("TERM") != "dumb",
	}
}

func (s style) paint(code, text string) string {
	if !s.color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) dim(text string) string { return s.paint("2", text) }

// level colors the name of a level.
func (s style) level(name, padded string) string {
	var l slog.Level
	if l.UnmarshalText([]byte(name)) != nil {
		return padded
	}
	switch {
	case l >= slog.LevelError:
		return s.paint("31", padded) // red
	case l >= slog.LevelWarn:
		return s.paint("33", padded) // yellow
	case l >= slog.LevelInfo:
		return s.paint("32", padded) // green
	default:
		return s.paint("36", padded) // cyan
	}
}

// lines returns one line per event: time, level if any event has one, and text.
func (s style) lines(events []shownEvent) []string {
	records := make([]record, len(events))
	widest := 0
	for i, e := range events {
		records[i] = parseRecord(e.Message)
		widest = max(widest, len(records[i].level))
	}
	lines := make([]string, len(events))
	for i, e := range events {
		at := e.Time.Format("15:04:05.000") + "  "
		level := ""
		if widest > 0 {
			level = fmt.Sprintf("%-*s  ", widest, records[i].level)
		}
		text := cut(printable(records[i].text), s.width-len(at)-len(level))
		lines[i] = s.dim(at) + s.level(records[i].level, level) + text
	}
	return lines
}

// record is a message in readable form.
type record struct {
	level string // "" if it has none
	text  string
}

// maxLevel is the maximum length of a level name, such as "ERROR+2".
const maxLevel = 8

// parseRecord parses a message written by slog.JSONHandler. Other messages become the text unchanged.
func parseRecord(message string) record {
	plain := record{text: message}
	fields, ok := parseObject(message)
	if !ok {
		return plain
	}
	var r record
	var text []string
	for _, f := range fields {
		switch {
		case f.key == slog.TimeKey: // the event has the time
		case f.key == slog.LevelKey && r.level == "":
			r.level = f.text()
		case f.key == slog.MessageKey && len(text) == 0:
			text = append(text, f.text())
		default:
			text = append(text, f.key+"="+f.text())
		}
	}
	if r.level == "" || len(r.level) > maxLevel || printable(r.level) != r.level {
		return plain
	}
	r.text = strings.Join(text, " ")
	return r
}

type field struct {
	key   string
	value json.RawMessage
}

// text returns the value of a field, without the quotes of a string.
func (f field) text() string {
	var s string
	if json.Unmarshal(f.value, &s) == nil {
		return s
	}
	return string(f.value)
}

// parseObject returns the fields of a JSON object in order.
func parseObject(text string) (fields []field, ok bool) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, false
		}
		f := field{key: fmt.Sprint(key)}
		if d.Decode(&f.value) != nil {
			return nil, false
		}
		fields = append(fields, f)
	}
	_, end := d.Token()
	_, after := d.Token()
	return fields, end == nil && after == io.EOF
}
