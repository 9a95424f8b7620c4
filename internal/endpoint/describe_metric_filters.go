package endpoint

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// DescribeMetricFilters: the filters of a log group, those of a metric, or all, in ASCII order of
// their names, then of the names of their groups. Tokens expire after 24 hours and are bound to the
// filters of the request.
//
// Where the documents leave room: a log group and a metric are mutually exclusive, and an invalid
// token has its own error text, as recorded responses of the service show. filterNamePrefix without
// a log group has no effect, as documented.
type describeMetricFilters struct {
	LogGroupName     *string
	FilterNamePrefix *string
	MetricName       *string
	MetricNamespace  *string
	NextToken        *string
	Limit            *int64
}

type describeMetricFiltersOutput struct {
	MetricFilters []metricFilter `json:"metricFilters"`
	NextToken     string         `json:"nextToken,omitempty"`
}

func (op *describeMetricFilters) describe(r *Request) { r.LogGroup = value(op.LogGroupName) }

func (op *describeMetricFilters) handle(c *call) (any, *APIError) {
	if err := op.validate(); err != nil {
		return nil, err
	}
	list, after := op.tokenScope(), ""
	if op.NextToken != nil {
		var err *APIError
		if after, err = parseListToken(*op.NextToken, list, c.now); err != nil {
			return nil, invalidParameter("Pagination token in request is invalid. Only token from previous list call or null is valid.")
		}
	}
	limit := maxDescribed
	if op.Limit != nil {
		limit = int(*op.Limit)
	}

	var found []metricFilter
	keep := func(g logstore.Group) bool {
		for _, f := range metricFilters(g) {
			if f.position() > after && op.matches(f) {
				found = append(found, f)
			}
		}
		return true
	}
	if op.LogGroupName != nil {
		g, err := c.group(*op.LogGroupName)
		if err != nil {
			return nil, err
		}
		keep(g)
	} else if err := c.eachGroup("", "", keep); err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b metricFilter) int { return cmp.Compare(a.position(), b.position()) })
	out := describeMetricFiltersOutput{MetricFilters: []metricFilter{}}
	if len(found) > limit {
		found = found[:limit]
		out.NextToken = listToken(list, found[limit-1].position(), c.now)
	}
	out.MetricFilters = append(out.MetricFilters, found...)
	return out, nil
}

func (op *describeMetricFilters) validate() *APIError {
	var v violations
	v.text("logGroupName", op.LogGroupName, groupNameRule)
	v.text("filterNamePrefix", op.FilterNamePrefix, streamNameRule)
	v.text("metricName", op.MetricName, metricNameRule)
	v.text("metricNamespace", op.MetricNamespace, namespaceRule)
	v.text("nextToken", op.NextToken, nextTokenRule)
	v.number("limit", op.Limit, 1, maxDescribed)
	if err := v.err(); err != nil {
		return err
	}
	name, namespace := op.MetricName != nil, op.MetricNamespace != nil
	if name != namespace || name && op.LogGroupName != nil {
		return invalidParameter("Describe Metric Filters request must contain either logGroupName or metricName and metricNamespace")
	}
	return nil
}

func (op *describeMetricFilters) matches(f metricFilter) bool {
	if op.LogGroupName != nil {
		return strings.HasPrefix(f.FilterName, value(op.FilterNamePrefix))
	}
	if op.MetricName == nil {
		return true
	}
	t := f.MetricTransformations[0]
	return *t.MetricName == *op.MetricName && *t.MetricNamespace == *op.MetricNamespace
}

// tokenScope identifies the list that a token belongs to.
func (op *describeMetricFilters) tokenScope() string {
	return strings.Join([]string{"DescribeMetricFilters", value(op.LogGroupName), value(op.FilterNamePrefix),
		value(op.MetricName), value(op.MetricNamespace)}, "\x00")
}

// position returns the filter's position in lists. NUL sorts before all other characters.
func (f *metricFilter) position() string { return f.FilterName + "\x00" + f.LogGroupName }
