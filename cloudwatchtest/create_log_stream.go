package cloudwatchtest

// CreateLogStream: complete.
type createLogStream struct {
	LogGroupName  *string
	LogStreamName *string
}

func (op *createLogStream) describe(r *Request) {
	r.LogGroup, r.LogStream = value(op.LogGroupName), value(op.LogStreamName)
}

func (op *createLogStream) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.required("logStreamName", op.LogStreamName, streamNameRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	return nil, storeError(c.store.CreateStream(*op.LogGroupName, *op.LogStreamName, c.now))
}
