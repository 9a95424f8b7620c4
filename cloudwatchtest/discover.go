package cloudwatchtest

import (
	"encoding/json"
	"strconv"
	"strings"
)

// maxDiscovered is how many fields are found in an event. Source: user guide,
// "Supported logs and discovered fields".
const maxDiscovered = 200

// discover finds the fields of a message that is a JSON object: those of nested
// objects are named with dots, elements of arrays by their number from 0, such
// as "items.0.id". A name that begins with @ gets another one in front. Of
// names that are there more than once, the last one counts.
//
// Where the documents leave room: numbers stay as they are written, true and
// false are those words, null and what is empty are no fields.
func discover(message string) map[string]string {
	fields := make(map[string]string)
	d := json.NewDecoder(strings.NewReader(message))
	d.UseNumber()
	if json.Valid([]byte(message)) && strings.HasPrefix(strings.TrimLeft(message, " \t\r\n"), "{") {
		discoverValue(d, "", true, fields)
	}
	return fields
}

// discoverValue reads a value and adds the fields in it, or itself, by name.
// top = it is the whole message, which has no name.
func discoverValue(d *json.Decoder, name string, top bool, fields map[string]string) {
	token, err := d.Token()
	if err != nil {
		return // the message is valid: not reached
	}
	text := ""
	switch t := token.(type) {
	case json.Delim:
		for i := 0; d.More(); i++ {
			member := strconv.Itoa(i)
			if t == '{' {
				key, _ := d.Token()
				member, _ = key.(string)
			}
			if !top {
				member = name + "." + member
			} else if strings.HasPrefix(member, "@") {
				member = "@" + member
			}
			discoverValue(d, member, false, fields)
		}
		_, _ = d.Token() // the closing bracket
		return
	case nil:
		return
	case bool:
		text = strconv.FormatBool(t)
	case json.Number:
		text = t.String()
	case string:
		text = t
	}
	if _, known := fields[name]; known || len(fields) < maxDiscovered {
		fields[name] = text
	}
}
