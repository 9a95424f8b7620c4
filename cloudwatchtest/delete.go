package cloudwatchtest

// DeleteLogGroup and DeleteLogStream: deletion is immediate, and refused in a
// group with deletion protection. OperationAbortedException is not emulated.
type deleteLogGroup struct {
	LogGroupName *string
}

func (op *deleteLogGroup) describe(r *Request) { r.LogGroup = value(op.LogGroupName) }

func (op *deleteLogGroup) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	return nil, storeError(c.store.DeleteGroup(*op.LogGroupName, mayDelete))
}

type deleteLogStream struct {
	LogGroupName  *string
	LogStreamName *string
}

func (op *deleteLogStream) describe(r *Request) {
	r.LogGroup, r.LogStream = value(op.LogGroupName), value(op.LogStreamName)
}

func (op *deleteLogStream) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.required("logStreamName", op.LogStreamName, streamNameRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	return nil, storeError(c.store.DeleteStream(*op.LogGroupName, *op.LogStreamName, mayDelete))
}

func deletionProtected() *APIError {
	return refusal(400, "ValidationException", "Deletion protection is enabled for the specified log group.")
}
