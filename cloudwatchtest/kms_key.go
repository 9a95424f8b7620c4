package cloudwatchtest

import "github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"

// AssociateKmsKey and DisassociateKmsKey: for log groups, by name or ARN. The
// key is kept and shown, but not looked up, so any is accepted; nothing is
// encrypted.
//
// Not emulated: results of queries, the other thing that can have a key. They
// are refused.
type associateKmsKey struct {
	kmsTarget
	KmsKeyID *string
}

// kmsTarget is what a key is for: exactly one of the two.
type kmsTarget struct {
	LogGroupName       *string
	ResourceIdentifier *string // an ARN
}

type disassociateKmsKey struct{ kmsTarget }

func (t *kmsTarget) describe(r *Request) {
	if r.LogGroup = value(t.LogGroupName); r.LogGroup == "" {
		r.LogGroup, _ = groupOfARN(value(t.ResourceIdentifier))
	}
}

func (op *associateKmsKey) handle(c *call) (any, *APIError) {
	var v violations
	v.required("kmsKeyId", op.KmsKeyID, kmsKeyRule)
	return nil, op.set(c, v, value(op.KmsKeyID))
}

func (op *disassociateKmsKey) handle(c *call) (any, *APIError) { return nil, op.set(c, nil, "") }

// set gives the target a key, if v and it are fine; "" = none.
func (t *kmsTarget) set(c *call, v violations, key string) *APIError {
	v.text("logGroupName", t.LogGroupName, groupNameRule)
	v.text("resourceIdentifier", t.ResourceIdentifier, resourceIdentifierRule)
	if err := v.err(); err != nil {
		return err
	}
	if (t.LogGroupName == nil) == (t.ResourceIdentifier == nil) {
		return invalidParameter("Exactly one of logGroupName and resourceIdentifier must be specified.")
	}
	group := value(t.LogGroupName)
	if t.ResourceIdentifier != nil {
		var ok bool
		if group, ok = groupOfARN(*t.ResourceIdentifier); !ok {
			return invalidParameter("resourceIdentifier %s is not supported by this endpoint: it is not the ARN of a log group.", clip(*t.ResourceIdentifier))
		}
	}
	return c.update(group, func(g *logstore.Group) *APIError {
		g.KMSKeyID = key
		return nil
	})
}
