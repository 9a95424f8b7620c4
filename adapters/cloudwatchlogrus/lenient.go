package cloudwatchlogrus

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/sirupsen/logrus"
)

// lenient formats entries that the JSON formatter refuses: fields that have no JSON form
// become text.
type lenient struct{ json *logrus.JSONFormatter }

func (f lenient) Format(entry *logrus.Entry) ([]byte, error) {
	text, err := f.json.Format(entry)
	if err == nil {
		return text, nil
	}
	entry.Data = maps.Clone(entry.Data) // the others are the program's
	for key, value := range entry.Data {
		if _, is := value.(error); is { // of which the formatter takes the text
			continue
		}
		if _, err := json.Marshal(value); err != nil {
			entry.Data[key] = fmt.Sprintf("%+v", value)
		}
	}
	entry.Buffer.Reset()
	return f.json.Format(entry)
}
