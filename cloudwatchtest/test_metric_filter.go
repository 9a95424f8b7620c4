package cloudwatchtest

import "strings"

// TestMetricFilter: which of the messages a pattern matches, and the words of
// those by the names of their fields.
//
// Where the documents leave room: events are numbered from 1, and only patterns
// in square brackets extract values, as recorded answers of the service show.
// Older pages of the documents number from 0, and have values of JSON events.
type testMetricFilter struct {
	FilterPattern    *string
	LogEventMessages []string
}

type testMetricFilterOutput struct {
	Matches []metricFilterMatch `json:"matches"`
}

type metricFilterMatch struct {
	EventNumber     int               `json:"eventNumber"`
	EventMessage    string            `json:"eventMessage"`
	ExtractedValues map[string]string `json:"extractedValues"`
}

func (op *testMetricFilter) describe(*Request) {} // it is about no group

func (op *testMetricFilter) handle(*call) (any, *APIError) {
	var v violations
	v.required("filterPattern", op.FilterPattern, filterPatternRule)
	v.present("logEventMessages", op.LogEventMessages != nil)
	v.texts("logEventMessages", op.LogEventMessages, 1, 50, textRule{1, 1 << 30, "", nil})
	if err := v.err(); err != nil {
		return nil, err
	}
	pattern, err := filterPattern(op.FilterPattern)
	if err != nil {
		return nil, err
	}
	out := testMetricFilterOutput{Matches: []metricFilterMatch{}}
	for i, message := range op.LogEventMessages {
		values, ok := pattern.Extract(message)
		if !ok {
			continue
		}
		if values == nil || !strings.HasPrefix(*op.FilterPattern, "[") {
			values = map[string]string{}
		}
		out.Matches = append(out.Matches, metricFilterMatch{i + 1, message, values})
	}
	return out, nil
}
