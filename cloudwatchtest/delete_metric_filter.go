package cloudwatchtest

import "github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"

// DeleteMetricFilter: at once.
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
			return refusal(400, "ResourceNotFoundException", "The specified metric filter does not exist.")
		}
		delete(g.Records, record)
		return nil
	})
}
