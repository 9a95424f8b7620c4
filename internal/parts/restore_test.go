package parts_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/parts"
)

// What a reader does with the parts, by what the documentation says of them and with
// encoding/json alone.

const id = "3f2a9c10"

// split returns the parts of a message that comes in pieces of some bytes.
func split(text string, limit, size int) (got []string) {
	s := parts.NewSplitter(limit, id, func(part []byte) { got = append(got, string(part)) })
	feed(s, text, size)
	return got
}

func truncate(text string, limit, size int) (got []string) {
	s := parts.NewTruncater(limit, func(part []byte) { got = append(got, string(part)) })
	feed(s, text, size)
	return got
}

func feed(s *parts.Splitter, text string, size int) {
	for rest := text; rest != ""; {
		n := min(max(size, 1), len(rest))
		piece := []byte(rest[:n])
		s.Take(piece)
		clear(piece) // it is only valid during the call
		rest = rest[n:]
	}
	s.End()
}

// clean is what the service gets of a text.
func clean(text string) string { return string([]rune(text)) }

// member and object keep the order of keys, and those that are there twice.
type (
	member struct {
		key   string
		value any
	}
	object []member
)

// parse returns an object, []any, string, json.Number, bool or nil.
func parse(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := parseValue(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

func parseValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := parseValue(d)
			if err != nil {
				return nil, err
			}
			o = append(o, member{key.(string), v})
		}
		_, err := d.Token()
		return o, err
	case json.Delim('['):
		a := []any{}
		for d.More() {
			v, err := parseValue(d)
			if err != nil {
				return nil, err
			}
			a = append(a, v)
		}
		_, err := d.Token()
		return a, err
	}
	return token, nil
}

// mark is the member of a part.
type mark struct {
	ID      string
	Part    int
	Of      int
	Rest    map[string]string
	JSON    map[string]string
	Text    *string
	LeftOut *int `json:"left_out"`
}

// restored is what a reader gets of parts.
type restored struct {
	object any    // with its keys, as parse returns it
	text   string // the message itself
	isText bool
	marks  []mark
}

// markOf takes the last member of a part away, which must be the mark.
func markOf(part string) (rest object, m mark, err error) {
	v, err := parse(part)
	o, ok := v.(object)
	if err != nil || !ok || len(o) == 0 || o[len(o)-1].key != "oversize" || strings.Count(part, `"oversize":{"`) < 1 {
		return nil, m, fmt.Errorf("no object with a mark: %.200s: %v", part, err)
	}
	d := json.NewDecoder(strings.NewReader(part[strings.LastIndex(part, `"oversize":{"`)+len(`"oversize":`):]))
	d.DisallowUnknownFields()
	return o[:len(o)-1], m, d.Decode(&m)
}

func restoreJSON(list []string) (r restored, err error) {
	pieces := map[string]string{}
	isJSON := map[string]bool{}
	var texts strings.Builder
	for i, part := range list {
		o, m, err := markOf(part)
		last := i == len(list)-1
		switch {
		case err != nil:
			return r, fmt.Errorf("part %d: %w", i+1, err)
		case m.ID != id || m.Part != i+1 || m.Of != 0 && m.Of != len(list) || last && m.Of == 0 || m.LeftOut != nil:
			return r, fmt.Errorf("part %d of %d is marked %+v", i+1, len(list), m)
		case i == 0:
			r.object, r.isText = o, m.Text != nil
		}
		if r.isText != (m.Text != nil) || (i == 0 || r.isText) && len(m.Rest)+len(m.JSON) > 0 {
			return r, fmt.Errorf("part %d: %+v", i+1, m)
		}
		if r.isText {
			texts.WriteString(*m.Text)
		}
		for pointer, text := range m.Rest {
			pieces[pointer] += text
		}
		for pointer, text := range m.JSON {
			pieces[pointer] += text
			isJSON[pointer] = true
		}
		r.marks = append(r.marks, m)
	}
	if r.isText {
		r.text, r.object = texts.String(), nil
		return r, nil
	}
	for pointer, text := range pieces {
		if err := add(&r.object, pointer, text, isJSON[pointer]); err != nil {
			return r, fmt.Errorf("%.100s: %w", pointer, err)
		}
	}
	return r, nil
}

// add adds a text to a value of the first part.
func add(v *any, pointer, text string, isJSON bool) error {
	if pointer == "" {
		s, ok := (*v).(string)
		if !ok {
			return fmt.Errorf("is a %T", *v)
		}
		*v = s + text
		if !isJSON {
			return nil
		}
		whole, err := parse(s + text)
		if err == nil {
			*v = whole
		}
		return err
	}
	token, rest, more := strings.Cut(pointer[1:], "/")
	if more {
		rest = "/" + rest
	}
	token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	switch c := (*v).(type) {
	case object:
		found := -1
		for i := range c {
			if c[i].key == token {
				if found >= 0 {
					return errors.New("key is there twice")
				}
				found = i
			}
		}
		if found < 0 {
			return errors.New("no such key")
		}
		return add(&c[found].value, rest, text, isJSON)
	case []any:
		i, err := strconv.Atoi(token)
		if err != nil || i >= len(c) {
			return errors.New("no such element")
		}
		return add(&c[i], rest, text, isJSON)
	}
	return errors.New("no container")
}

var textMark = regexp.MustCompile(`(?s)^(.*) \[event 3f2a9c10 part (\d+)(?: of (\d+))?\]$`)

func restoreText(list []string) (text string, err error) {
	for i, part := range list {
		m := textMark.FindStringSubmatch(part)
		of := ""
		if i == len(list)-1 {
			of = strconv.Itoa(len(list))
		}
		if m == nil || m[2] != strconv.Itoa(i+1) || m[3] != of || m[1] == "" {
			return "", fmt.Errorf("part %d of %d: %.100q…%q", i+1, len(list), part, part[max(len(part)-60, 0):])
		}
		text += m[1]
	}
	return text, nil
}

// check compares what a reader gets of the parts of a text with the text.
func check(text string, limit int, list []string) error {
	text = clean(text)
	for i, part := range list {
		if n := len(clean(part)); n > limit || n == 0 {
			return fmt.Errorf("part %d has %d bytes of at most %d", i+1, n, limit)
		}
	}
	if len(text) <= limit {
		if len(list) != 1 || list[0] != text {
			return fmt.Errorf("got %d parts of what fits", len(list))
		}
		return nil
	}
	if !isObject(text) {
		got, err := restoreText(list)
		if _, e := restoreJSON(list); e == nil && strings.HasPrefix(strings.TrimSpace(text), "{") && (len(text) > parts.Window(limit) || strings.Count(text, "{")+strings.Count(text, "[") > 10_000) {
			r, _ := restoreJSON(list)
			got, err = r.text, nil // its end has not been seen when its first part was made
		}
		if err == nil && got != text {
			err = fmt.Errorf("got %.200q, want %.200q", got, text)
		}
		return err
	}
	for i, part := range list {
		if !json.Valid([]byte(part)) || !strings.HasPrefix(part, "{") || !strings.HasSuffix(part, "}") {
			return fmt.Errorf("part %d is no JSON object: %.300s", i+1, part)
		}
	}
	got, err := restoreJSON(list)
	if err != nil {
		return err
	}
	if got.isText {
		if got.text != text {
			return fmt.Errorf("the texts make %.300q, want %.300q", got.text, text)
		}
		return nil
	}
	want, err := parse(text)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(got.object, want) {
		return fmt.Errorf("the parts make another object: %.300v, want %.300v", got.object, want)
	}
	return nil
}

// checkTruncated checks the first part alone.
func checkTruncated(text string, limit int, list []string) error {
	text = clean(text)
	if len(list) != 1 || len(clean(list[0])) > limit {
		return fmt.Errorf("%d events", len(list))
	}
	got := list[0]
	isObject := isObject(text)
	switch {
	case len(text) <= limit:
		if got != text {
			return errors.New("what fits is changed")
		}
	case isObject && !json.Valid([]byte(got)):
		return fmt.Errorf("no JSON: %.200s", got)
	case isObject || strings.HasSuffix(got, "}}"):
		_, m, err := markOf(got)
		if err != nil || m.LeftOut == nil || *m.LeftOut < 0 || *m.LeftOut > len(text) {
			return fmt.Errorf("the mark is %+v, %v", m, err)
		}
		if m.Text != nil && (*m.LeftOut+len(*m.Text) != len(text) || !strings.HasPrefix(text, *m.Text)) {
			return fmt.Errorf("%d bytes of %d left out of a text of %d", *m.LeftOut, len(text), len(*m.Text))
		}
	default:
		m := regexp.MustCompile(`(?s)^(.*) \[truncated, (\d+) bytes left out\]$`).FindStringSubmatch(got)
		if m == nil || !strings.HasPrefix(text, m[1]) || strconv.Itoa(len(text)-len(m[1])) != m[2] {
			return fmt.Errorf("got …%.100q", got[max(len(got)-100, 0):])
		}
	}
	return nil
}

// isObject reports whether a text is a JSON object, with little space in front of it.
func isObject(text string) bool {
	start := strings.IndexByte(text, '{')
	return json.Valid([]byte(text)) && start >= 0 && start <= 256 && strings.TrimSpace(text[:start]) == ""
}
