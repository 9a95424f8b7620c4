package endpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// PutRetentionPolicy and DeleteRetentionPolicy: retention takes effect immediately. PutLogEvents
// rejects older events, the read operations hide them, and storedBytes does not count them. The
// service deletes them up to 72 hours later; here they stay in the store until a sweep, and a
// longer retention shows them again.
//
// Log groups of class DELIVERY have a fixed retention of one day (the service's model says one, its
// user guide two), so setting another is refused. Account-wide retention is not emulated.
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

// AssociateKmsKey and DisassociateKmsKey: for log groups, by name or ARN. The key is stored and
// shown, but not looked up, so any key is accepted; nothing is encrypted.
//
// Not emulated: query results, the other resource that can have a key. They are refused.
type associateKmsKey struct {
	kmsTarget
	KmsKeyID *string
}

// kmsTarget identifies the log group: exactly one of the two fields is set.
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

// set sets the key of the log group if v and the target are valid; "" removes the key.
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

// PutLogGroupDeletionProtection: takes effect immediately, for DeleteLogGroup and DeleteLogStream.
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
