package cloudwatchtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// PutRetentionPolicy and DeleteRetentionPolicy: retention takes effect at
// once. PutLogEvents refuses older events, the reading operations hide them
// and storedBytes leaves them out. The service deletes them up to 72 hours
// later; here they stay in memory, and a longer retention shows them again.
//
// Log groups of the class DELIVERY have a fixed retention of one day (the
// service's model says one, its user guide two), so setting another is
// refused. Account-wide retention is not emulated.
type putRetentionPolicy struct {
	LogGroupName    *string
	RetentionInDays *int64
}

const deliveryRetentionDays = 1

// Source: API reference, PutRetentionPolicy.
func isRetention(days int64) bool { return slices.Contains(retentionDays[:], days) }

var retentionDays = [...]int64{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (op *putRetentionPolicy) describe(r *Request) { r.LogGroup = value(op.LogGroupName) }

func (op *putRetentionPolicy) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.present("retentionInDays", op.RetentionInDays != nil)
	if err := v.err(); err != nil {
		return nil, err
	}
	days := *op.RetentionInDays
	if !isRetention(days) {
		return nil, invalidParameter("Invalid retention value. Valid values are: [%s]",
			strings.Join(strings.Fields(strings.Trim(fmt.Sprint(retentionDays), "[]")), ", "))
	}
	return nil, c.update(*op.LogGroupName, func(g *logstore.Group) *APIError { return setRetention(g, int(days)) })
}

type deleteRetentionPolicy struct {
	LogGroupName *string
}

func (op *deleteRetentionPolicy) describe(r *Request) { r.LogGroup = value(op.LogGroupName) }

func (op *deleteRetentionPolicy) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	return nil, c.update(*op.LogGroupName, func(g *logstore.Group) *APIError { return setRetention(g, 0) })
}

func setRetention(g *logstore.Group, days int) *APIError {
	if g.Class == classDelivery {
		return invalidParameter("The retention of log groups of the class DELIVERY is fixed.")
	}
	g.Retention = days
	return nil
}
