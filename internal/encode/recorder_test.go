package encode_test

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// recorder is either encoder of records, with the text of the record for a
// result. It checks that the wire form is what it should be.
type recorder struct {
	json *encode.JSON // or else
	text *encode.Text
}

func newJSON(opts encode.Options) recorder { return recorder{json: encode.NewJSON(opts)} }
func newText(opts encode.Options) recorder { return recorder{text: encode.NewText(opts)} }

func (r recorder) WithAttrs(attrs []slog.Attr) recorder {
	if r.json != nil {
		return recorder{json: r.json.WithAttrs(attrs)}
	}
	return recorder{text: r.text.WithAttrs(attrs)}
}

func (r recorder) WithGroup(name string) recorder {
	if r.json != nil {
		return recorder{json: r.json.WithGroup(name)}
	}
	return recorder{text: r.text.WithGroup(name)}
}

func (r recorder) Append(dst []byte, record slog.Record) []byte {
	if r.text != nil {
		text, _ := r.text.Append(dst, &record, nil)
		return text
	}
	const before = "before"
	wire, size, _ := r.json.AppendWire([]byte(before), &record, nil)
	if string(wire[:len(before)]) != before {
		panic("AppendWire changed what was there")
	}
	wire = wire[len(before):]
	var message string
	if err := json.Unmarshal(append(append([]byte{'"'}, wire...), '"'), &message); err != nil {
		panic(fmt.Sprintf("wire form %s: %v", wire, err))
	}
	if size != len(message) {
		panic(fmt.Sprintf("wire form %s: size %d, want %d", wire, size, len(message)))
	}
	if got := string(encode.Unescape(wire)); got != message {
		panic(fmt.Sprintf("wire form %s: unescaped %q, want %q", wire, got, message))
	}
	return append(dst, message...)
}
