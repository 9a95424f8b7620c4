package cloudwatchlogrus

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/sirupsen/logrus"
)

// lenient formats like json, but writes fields that encoding/json refuses as text.
type lenient struct{ json *logrus.JSONFormatter }

func (f lenient) Format(entry *logrus.Entry) ([]byte, error) {
	text, err := f.json.Format(entry)
	if err == nil {
		return text, nil
	}
	entry.Data = maps.Clone(entry.Data) // entry.Data belongs to the program
	for key, value := range entry.Data {
		if _, is := value.(error); is { // the formatter writes its text
			continue
		}
		if _, err := json.Marshal(value); err != nil {
			entry.Data[key] = fmt.Sprintf("%+v", value)
		}
	}
	entry.Buffer.Reset()
	return f.json.Format(entry)
}
