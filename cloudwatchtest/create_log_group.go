package cloudwatchtest

import (
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// CreateLogGroup: name, class, tags, KMS key and deletion protection are
// checked and kept.
//
// Not emulated: the KMS key is not looked up, so any is accepted; the quota of
// 1,000,000 groups; OperationAbortedException. A name that starts with "aws/"
// is refused in any case of letters, as the service's error text writes it in
// capitals.
type createLogGroup struct {
	LogGroupName              *string
	KmsKeyID                  *string
	LogGroupClass             *string
	Tags                      map[string]string
	DeletionProtectionEnabled bool
}

const maxTags = 50 // a resource; source: API reference, TagResource

func (op *createLogGroup) describe(r *Request) { r.LogGroup = value(op.LogGroupName) }

func (op *createLogGroup) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.text("kmsKeyId", op.KmsKeyID, kmsKeyRule)
	v.tags("tags", op.Tags)
	validateClass(&v, op.LogGroupClass)
	if err := v.err(); err != nil {
		return nil, err
	}
	name := *op.LogGroupName
	if len(name) >= 4 && strings.EqualFold(name[:4], "aws/") {
		return nil, invalidParameter("Log groups starting with AWS/ are reserved for AWS.")
	}
	g := logstore.Group{
		Name:      name,
		Class:     classStandard,
		KMSKeyID:  value(op.KmsKeyID),
		Protected: op.DeletionProtectionEnabled,
		Tags:      op.Tags,
		Created:   c.now,
	}
	if op.LogGroupClass != nil {
		g.Class = *op.LogGroupClass
	}
	return nil, storeError(c.store.CreateGroup(g))
}

func validateClass(v *violations, class *string) {
	v.enum("logGroupClass", class, classStandard, classInfrequentAccess, classDelivery, classEssentials)
}
