package endpoint

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/filterpattern"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// PutMetricFilter: a filter is checked, stored and counted. A filter of the same name is replaced
// and keeps its creation time. A group has at most 100, of which 5 have a regular expression.
//
// Where the documents leave room, recorded responses of the service decide:
//   - The error texts are the service's; the one about a pattern also has the position.
//   - A value or dimension may refer to a field that the pattern does not have, but not with a
//     wildcard.
//   - A namespace may contain colons, which the service's model does not allow.
//   - applyOnTransformedLogs is accepted without a transformer.
//   - @source.log is a third system field, and a field that is named twice counts once.
//
// Not emulated: filters produce no metrics, so properties of the metrics, such as the unit, are
// only checked.
type putMetricFilter struct {
	LogGroupName              *string
	FilterName                *string
	FilterPattern             *string
	MetricTransformations     []metricTransformation
	ApplyOnTransformedLogs    bool
	FieldSelectionCriteria    *string
	EmitSystemFieldDimensions []string
}

// metricTransformation is part of the request, of the stored filter and of the response.
type metricTransformation struct {
	MetricName      *string           `json:"metricName"`
	MetricNamespace *string           `json:"metricNamespace"`
	MetricValue     *string           `json:"metricValue"`
	DefaultValue    *float64          `json:"defaultValue,omitempty"`
	Dimensions      map[string]string `json:"dimensions,omitempty"`
	Unit            *string           `json:"unit,omitempty"`
}

// metricFilter is a stored filter, in the form of the response.
type metricFilter struct {
	FilterName                string                 `json:"filterName"`
	FilterPattern             string                 `json:"filterPattern"`
	MetricTransformations     []metricTransformation `json:"metricTransformations"`
	CreationTime              int64                  `json:"creationTime"`
	LogGroupName              string                 `json:"logGroupName"`
	ApplyOnTransformedLogs    bool                   `json:"applyOnTransformedLogs"`
	FieldSelectionCriteria    string                 `json:"fieldSelectionCriteria,omitempty"`
	EmitSystemFieldDimensions []string               `json:"emitSystemFieldDimensions,omitempty"`
}

// Source of these limits: API reference, PutMetricFilter.
const (
	maxMetricFilters = 100 // per log group
	maxRegexFilters  = 5   // per log group, with a regular expression
	maxDimensions    = 3   // per metric, including system fields
)

// metricFilterRecord is the prefix of the names of the records that hold metric filters.
const metricFilterRecord = "metric-filter/"

func (op *putMetricFilter) describe(r *Request) { r.LogGroup = value(op.LogGroupName) }

func (op *putMetricFilter) handle(c *call) (any, *APIError) {
	pattern, err := op.validate()
	if err != nil {
		return nil, err
	}
	return nil, c.update(*op.LogGroupName, func(g *logstore.Group) *APIError {
		if err := readable(*g, "PutMetricFilter"); err != nil {
			return err
		}
		f := metricFilter{
			FilterName:                *op.FilterName,
			FilterPattern:             *op.FilterPattern,
			MetricTransformations:     op.MetricTransformations,
			CreationTime:              c.now,
			LogGroupName:              g.Name,
			ApplyOnTransformedLogs:    op.ApplyOnTransformedLogs,
			FieldSelectionCriteria:    value(op.FieldSelectionCriteria),
			EmitSystemFieldDimensions: op.EmitSystemFieldDimensions,
		}
		others, withRegex := 0, 0
		for _, other := range metricFilters(*g) {
			if other.FilterName == f.FilterName {
				f.CreationTime = other.CreationTime
				continue
			}
			others++
			if p, _ := filterPattern(&other.FilterPattern); p != nil && p.Regexes() > 0 {
				withRegex++
			}
		}
		if others >= maxMetricFilters || pattern.Regexes() > 0 && withRegex >= maxRegexFilters {
			return newError(400, "LimitExceededException", "Resource limit exceeded.")
		}
		record, _ := json.Marshal(f) // decoded JSON always encodes
		if g.Records == nil {
			g.Records = make(map[string]string)
		}
		g.Records[metricFilterRecord+f.FilterName] = string(record)
		return nil
	})
}

// metricFilters returns the filters of a group in order of their names.
func metricFilters(g logstore.Group) (list []metricFilter) {
	for _, name := range sortedKeys(g.Records) {
		var f metricFilter
		if strings.HasPrefix(name, metricFilterRecord) && json.Unmarshal([]byte(g.Records[name]), &f) == nil {
			list = append(list, f)
		}
	}
	return list
}

// countMetricFilters returns len(metricFilters(g)).
func countMetricFilters(g logstore.Group) (n int) {
	for name := range g.Records {
		if strings.HasPrefix(name, metricFilterRecord) {
			n++
		}
	}
	return n
}

// validate checks everything that does not depend on the group, and returns the pattern.
func (op *putMetricFilter) validate() (*filterpattern.Pattern, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.required("filterName", op.FilterName, streamNameRule)
	v.required("filterPattern", op.FilterPattern, filterPatternRule)
	v.present("metricTransformations", op.MetricTransformations != nil)
	if op.MetricTransformations != nil {
		v.count("metricTransformations", "", len(op.MetricTransformations), 1, 1)
	}
	for i := range op.MetricTransformations {
		op.MetricTransformations[i].validate(&v, "metricTransformations."+strconv.Itoa(i+1)+".member")
	}
	v.text("fieldSelectionCriteria", op.FieldSelectionCriteria, textRule{0, 2000, "", nil})
	if err := v.err(); err != nil {
		return nil, err
	}
	pattern, err := filterPattern(op.FilterPattern)
	if err != nil {
		err.Message = strings.Replace(err.Message, "Invalid filter pattern", "Invalid metric filter pattern", 1)
		return nil, err
	}
	if err := op.MetricTransformations[0].check(*op.FilterPattern); err != nil {
		return nil, err
	}
	system := slices.Compact(slices.Sorted(slices.Values(op.EmitSystemFieldDimensions)))
	for _, field := range system {
		if !isSystemField(field) {
			return nil, invalidParameter("The provided system fields are invalid. The supported system fields are - [@aws.region, @aws.account, @source.log]")
		}
	}
	if len(op.MetricTransformations[0].Dimensions)+len(system) > maxDimensions {
		return nil, invalidParameter("Number of dimensions exceeds the maximum number of dimensions supported per metric filter")
	}
	if op.FieldSelectionCriteria != nil && !isSelection(*op.FieldSelectionCriteria) {
		return nil, invalidParameter("The provided field selection criteria is invalid")
	}
	return pattern, nil
}

var (
	metricNameRule  = textRule{0, 255, `[^:*$]*`, func(r rune) bool { return r != ':' && r != '*' && r != '$' }}
	namespaceRule   = textRule{0, 255, `[^:*$]*`, func(r rune) bool { return r != '*' && r != '$' }}
	metricValueRule = textRule{0, 100, "", nil}
	dimensionRule   = textRule{0, 255, "", nil}
)

// metricUnits are in the order of the service's error text.
var metricUnits = [...]string{"Gigabits/Second", "Gigabits", "Percent", "Terabits", "Bits", "Kilobits", "Megabytes/Second", "Kilobytes",
	"Megabits/Second", "Terabytes", "Bytes", "Count", "Gigabytes", "Milliseconds", "Count/Second", "Gigabytes/Second", "None",
	"Terabytes/Second", "Bytes/Second", "Megabits", "Kilobytes/Second", "Megabytes", "Microseconds", "Kilobits/Second",
	"Terabits/Second", "Bits/Second", "Seconds"}

// validate checks the members one by one.
func (t *metricTransformation) validate(v *violations, path string) {
	v.required(path+".metricName", t.MetricName, metricNameRule)
	v.required(path+".metricNamespace", t.MetricNamespace, namespaceRule)
	v.required(path+".metricValue", t.MetricValue, metricValueRule)
	for _, key := range sortedKeys(t.Dimensions) {
		dimension := t.Dimensions[key]
		v.text(path+".dimensions."+clip(key)+".key", &key, dimensionRule)
		v.text(path+".dimensions."+clip(key)+".member", &dimension, dimensionRule)
	}
	if t.Unit != nil && !slices.Contains(metricUnits[:], *t.Unit) {
		v.add("", path+".unit", "Member must satisfy enum value set: ["+strings.Join(metricUnits[:], ", ")+"]")
	}
}

// check checks the members in combination with the pattern.
func (t *metricTransformation) check(pattern string) *APIError {
	if !isMetricNumber(*t.MetricValue) && !isMetricSelector(*t.MetricValue) {
		return invalidParameter("Invalid metric transformation: metric value %s must be a valid number", *t.MetricValue)
	}
	if len(t.Dimensions) == 0 {
		return nil
	}
	if t.DefaultValue != nil {
		return invalidParameter("Invalid metric transformation: dimensions and default value are mutually exclusive properties")
	}
	if !strings.HasPrefix(pattern, "{") && !strings.HasPrefix(pattern, "[") {
		return invalidParameter("The specified filter pattern does not support dimensions")
	}
	for _, selector := range t.Dimensions {
		if !isMetricSelector(selector) {
			return invalidParameter("Invalid metric transformation: dimension value must be valid selector")
		}
	}
	return nil
}

func isMetricNumber(s string) bool {
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return false // no Inf, NaN or hexadecimal digits
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// isMetricSelector reports whether a text refers to one field of events: "$.latency" of JSON,
// "$size" or "$3" of a space-delimited line.
func isMetricSelector(s string) bool {
	name, ok := strings.CutPrefix(s, "$")
	if !ok || strings.Contains(name, "*") {
		return false
	}
	if !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "[") {
		return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !isWord(r) && r != '-' })
	}
	anyJSON, err := filterpattern.Parse("{ $.a = 1 }")
	if err != nil {
		return false // not reached
	}
	_, err = anyJSON.Field(s)
	return err == nil
}

// DeleteMetricFilter: takes effect immediately.
type deleteMetricFilter struct {
	LogGroupName *string
	FilterName   *string
}

func (op *deleteMetricFilter) describe(r *Request) { r.LogGroup = value(op.LogGroupName) }

func (op *deleteMetricFilter) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.required("filterName", op.FilterName, streamNameRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	return nil, c.update(*op.LogGroupName, func(g *logstore.Group) *APIError {
		record := metricFilterRecord + *op.FilterName
		if _, there := g.Records[record]; !there {
			return newError(400, "ResourceNotFoundException", "The specified metric filter does not exist.")
		}
		delete(g.Records, record)
		return nil
	})
}

// TestMetricFilter: the messages that a pattern matches, with the extracted values by field name.
//
// Where the documents leave room: events are numbered from 1, and only space-delimited patterns
// extract values, as recorded responses of the service show. Older pages of the documents number
// from 0, and extract values of JSON events.
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

func (op *testMetricFilter) describe(*Request) {} // the request is not about a log group

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
