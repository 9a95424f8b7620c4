package testkit

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/cloudwatch-go/cloudwatch"
)

// checkParts reports what is wrong with the events that a message of valid UTF-8 has become.
func CheckParts(message string, most int, policy cloudwatch.Oversize, events []string) error {
	for i, e := range events {
		if len(e) > most || len(e) == 0 {
			return fmt.Errorf("event %d has %d bytes", i, len(e))
		}
	}
	if len(message) <= most {
		if len(events) != 1 || events[0] != message {
			return fmt.Errorf("got %d events of what fits into one", len(events))
		}
		return nil
	}
	isJSON := strings.HasPrefix(message, "{") && json.Valid([]byte(message))
	switch policy {
	case cloudwatch.Drop:
		if len(events) != 0 {
			return fmt.Errorf("got %d events", len(events))
		}
		return nil
	case cloudwatch.Truncate:
		if len(events) != 1 {
			return fmt.Errorf("got %d events", len(events))
		}
		if isJSON {
			return checkTruncatedJSON(message, events[0])
		}
		kept, mark, _ := strings.Cut(events[0], " [truncated, ")
		if want := strconv.Itoa(len(message)-len(kept)) + " bytes left out]"; mark != want || !strings.HasPrefix(message, kept) || len(events[0]) < most-5 {
			return fmt.Errorf("got %d bytes and %q, want %q", len(kept), mark, want)
		}
		return nil
	}
	if !isJSON {
		return checkMarks(message, events)
	}
	got, err := Restore(events)
	if err != nil {
		return err
	}
	if text, ok := got.(string); ok { // as it was
		if text != message {
			return fmt.Errorf("the texts of the parts make %.300q", text)
		}
		return nil
	}
	if want := Decode(message); !reflect.DeepEqual(got, want) {
		return fmt.Errorf("the parts make %.300v, want %.300v", got, want)
	}
	return nil
}

func Decode(text string) (v any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	return v
}

// restore does what the documentation of Split says a reader does.
func Restore(parts []string) (any, error) {
	var first map[string]any
	rest, isJSON, text, id := map[string]string{}, map[string]bool{}, "", ""
	for i, part := range parts {
		o, ok := Decode(part).(map[string]any)
		mark, _ := o["oversize"].(map[string]any)
		if !ok || mark == nil {
			return nil, fmt.Errorf("part %d is %.300s", i+1, part)
		}
		if i == 0 {
			first, id = o, fmt.Sprint(mark["id"])
		}
		if fmt.Sprint(mark["id"], mark["part"]) != fmt.Sprint(id, i+1) || len(id) != 8 || mark["of"] != nil && fmt.Sprint(mark["of"]) != fmt.Sprint(len(parts)) || i == len(parts)-1 && mark["of"] == nil {
			return nil, fmt.Errorf("part %d of %d: id %v, part %v of %v", i+1, len(parts), mark["id"], mark["part"], mark["of"])
		}
		for _, name := range []string{"rest", "json"} {
			pieces, _ := mark[name].(map[string]any)
			for pointer, piece := range pieces {
				rest[pointer] += piece.(string)
				isJSON[pointer] = name == "json"
			}
		}
		piece, _ := mark["text"].(string)
		text += piece
	}
	if text != "" {
		return text, nil
	}
	delete(first, "oversize")
	for pointer, text := range rest {
		var v any = first
		put := func(any) {}
		for _, token := range strings.Split(pointer, "/")[1:] {
			token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
			switch c := v.(type) {
			case map[string]any:
				v, put = c[token], func(v any) { c[token] = v }
			case []any:
				i, _ := strconv.Atoi(token)
				v, put = c[i], func(v any) { c[i] = v }
			}
		}
		begin, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("there is no string at %.300s, but %T", pointer, v)
		}
		if put(begin + text); isJSON[pointer] {
			put(Decode(begin + text))
		}
	}
	return first, nil
}

func checkTruncatedJSON(message, event string) error {
	o, ok := Decode(event).(map[string]any)
	if !ok {
		return fmt.Errorf("no JSON: %.300s", event)
	}
	mark, _ := o["oversize"].(map[string]any)
	left, err := strconv.Atoi(fmt.Sprint(mark["left_out"]))
	if err != nil || left <= 0 || left >= len(message) {
		return fmt.Errorf("the mark is %v", mark)
	}
	if text, ok := mark["text"].(string); ok && (left+len(text) != len(message) || !strings.HasPrefix(message, text)) {
		return fmt.Errorf("%d bytes left out, %d are there of %d", left, len(text), len(message))
	}
	return nil
}

var partMark = regexp.MustCompile(`(?s)^(.*) \[event ([0-9a-f]{8}) part (\d+)( of \d+)?\]$`)

// checkMarks puts the parts of a text together.
func checkMarks(message string, parts []string) error {
	text, id := "", ""
	for i, part := range parts {
		m := partMark.FindStringSubmatch(part)
		if m == nil {
			return fmt.Errorf("part %d has no mark: …%.100q", i+1, part[max(0, len(part)-50):])
		}
		of := ""
		if i == len(parts)-1 {
			of = " of " + strconv.Itoa(len(parts))
		}
		if id == "" {
			id = m[2]
		}
		if m[2] != id || m[3] != strconv.Itoa(i+1) || m[4] != of {
			return fmt.Errorf("part %d of %d has the mark %q", i+1, len(parts), m[2:])
		}
		text += m[1]
	}
	if text != message {
		return fmt.Errorf("the parts make %.300q, want %.300q", text, message)
	}
	return nil
}
