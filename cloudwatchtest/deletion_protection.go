package cloudwatchtest

import "github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"

// PutLogGroupDeletionProtection: takes effect at once; see DeleteLogGroup and
// DeleteLogStream for what it does.
type putLogGroupDeletionProtection struct {
	LogGroupIdentifier        *string // a name or an ARN
	DeletionProtectionEnabled *bool
}

func (op *putLogGroupDeletionProtection) describe(r *Request) {
	r.LogGroup, _ = identifiedGroup(value(op.LogGroupIdentifier))
}

func (op *putLogGroupDeletionProtection) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupIdentifier", op.LogGroupIdentifier, groupIdentifierRule)
	v.present("deletionProtectionEnabled", op.DeletionProtectionEnabled != nil)
	if err := v.err(); err != nil {
		return nil, err
	}
	group, err := identifiedGroup(*op.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	return nil, c.update(group, func(g *logstore.Group) *APIError {
		g.Protected = *op.DeletionProtectionEnabled
		return nil
	})
}
