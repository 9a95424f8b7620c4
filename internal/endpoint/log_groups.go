package endpoint

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// CreateLogGroup: name, class, tags, KMS key and deletion protection are checked and stored.
//
// Not emulated: the KMS key is not looked up, so any is accepted; the quota of 1,000,000 groups;
// OperationAbortedException. A name that starts with "aws/" in any case is refused, since the
// service's error text has it in capitals.
type createLogGroup struct {
	LogGroupName              *string
	KmsKeyID                  *string
	LogGroupClass             *string
	Tags                      map[string]string
	DeletionProtectionEnabled bool
}

// CreateLogGroup creates a log group without a request.
func (s *Server) CreateLogGroup(name string) *APIError {
	return s.direct(&createLogGroup{LogGroupName: &name})
}

// DeleteLogGroup deletes a log group without a request.
func (s *Server) DeleteLogGroup(name string) *APIError {
	return s.direct(&deleteLogGroup{LogGroupName: &name})
}

// direct performs an operation without a request: no fault applies and it is not logged.
func (s *Server) direct(op operation) *APIError {
	_, err := op.handle(s.call(context.Background(), DefaultRegion))
	return err
}

const maxTags = 50 // per resource; source: API reference, TagResource

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

// DeleteLogGroup and DeleteLogStream: deletion is immediate, and refused in a group with deletion
// protection. OperationAbortedException is not emulated.
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

func deletionProtected() *APIError {
	return newError(400, "ValidationException", "Deletion protection is enabled for the specified log group.")
}

// DescribeLogGroups: by prefix, pattern, class or identifiers, in ASCII order. Tokens expire after
// 24 hours and are bound to the filters of the request.
//
// storedBytes is the size of the messages plus 26 bytes per event. There is one account: with
// includeLinkedAccounts, accountIdentifiers without it match nothing. Identifiers of groups that do
// not exist are ignored. With a pattern, a group has its ARNs, class and number of metric filters
// besides its name and creation time: the documents mention only one ARN, recorded responses of the
// service have all of them.
type describeLogGroups struct {
	AccountIdentifiers    []string
	IncludeLinkedAccounts bool
	LogGroupNamePrefix    *string
	LogGroupNamePattern   *string
	LogGroupClass         *string
	LogGroupIdentifiers   []string
	NextToken             *string
	Limit                 *int64
}

const maxDescribed = 50 // maximum and default number of entries in a page

type describeLogGroupsOutput struct {
	LogGroups []describedGroup `json:"logGroups"`
	NextToken string           `json:"nextToken,omitempty"`
}

// describedGroup has pointers for the members that a search by pattern leaves out.
type describedGroup struct {
	Arn               string `json:"arn"`
	CreationTime      int64  `json:"creationTime"`
	LogGroupName      string `json:"logGroupName"`
	LogGroupArn       string `json:"logGroupArn"`
	LogGroupClass     string `json:"logGroupClass"`
	MetricFilterCount int    `json:"metricFilterCount"`
	RetentionInDays   int    `json:"retentionInDays,omitempty"`
	KmsKeyID          string `json:"kmsKeyId,omitempty"`
	StoredBytes       *int64 `json:"storedBytes,omitempty"`
	Protected         *bool  `json:"deletionProtectionEnabled,omitempty"`
	BearerToken       *bool  `json:"bearerTokenAuthenticationEnabled,omitempty"`
}

func (op *describeLogGroups) describe(*Request) {} // the request is not about a single log group

func (op *describeLogGroups) handle(c *call) (any, *APIError) {
	if err := op.validate(); err != nil {
		return nil, err
	}
	wanted, err := op.filter()
	if err != nil {
		return nil, err
	}
	list, after := op.tokenScope(), ""
	if op.NextToken != nil {
		if after, err = parseListToken(*op.NextToken, list, c.now); err != nil {
			return nil, err
		}
	}
	limit := maxDescribed
	if op.Limit != nil {
		limit = int(*op.Limit)
	}

	out := describeLogGroupsOutput{LogGroups: []describedGroup{}}
	if !includesAccount(op.IncludeLinkedAccounts, op.AccountIdentifiers) {
		return out, nil
	}
	var failed *APIError
	err = c.eachGroup(value(op.LogGroupNamePrefix), after, func(g logstore.Group) bool {
		if !wanted(g) {
			return true
		}
		if n := len(out.LogGroups); n == limit {
			out.NextToken = listToken(list, out.LogGroups[n-1].LogGroupName, c.now)
			return false
		}
		d, err := op.show(g, c)
		if failed = err; err == nil {
			out.LogGroups = append(out.LogGroups, d)
		}
		return failed == nil
	})
	return out, cmp.Or(err, failed)
}

func (op *describeLogGroups) validate() *APIError {
	var v violations
	v.texts("accountIdentifiers", op.AccountIdentifiers, 0, 20, accountIDRule)
	v.text("logGroupNamePrefix", op.LogGroupNamePrefix, groupNameRule)
	v.text("logGroupNamePattern", op.LogGroupNamePattern, groupPatternRule)
	validateClass(&v, op.LogGroupClass)
	v.texts("logGroupIdentifiers", op.LogGroupIdentifiers, 1, 50, groupIdentifierRule)
	v.text("nextToken", op.NextToken, nextTokenRule)
	v.number("limit", op.Limit, 1, maxDescribed)
	if err := v.err(); err != nil {
		return err
	}
	if op.LogGroupNamePrefix != nil && op.LogGroupNamePattern != nil {
		return invalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	if op.LogGroupIdentifiers != nil && (op.LogGroupNamePrefix != nil || op.LogGroupNamePattern != nil || op.LogGroupClass != nil) {
		return invalidParameter("With logGroupIdentifiers, the only other filter allowed is includeLinkedAccounts.")
	}
	return nil
}

// filter returns the condition a group must meet to be listed.
func (op *describeLogGroups) filter() (func(logstore.Group) bool, *APIError) {
	if op.LogGroupIdentifiers != nil {
		names := make(map[string]bool)
		for _, identifier := range op.LogGroupIdentifiers {
			name, err := identifiedGroup(identifier)
			if err != nil {
				return nil, err
			}
			names[name] = true
		}
		return func(g logstore.Group) bool { return names[g.Name] }, nil
	}
	classes := []string{value(op.LogGroupClass)}
	if classes[0] == classInfrequentAccess || classes[0] == classEssentials {
		// A request for either class returns both, as the SDK's documentation says.
		classes = []string{classInfrequentAccess, classEssentials}
	}
	return func(g logstore.Group) bool {
		return strings.Contains(g.Name, value(op.LogGroupNamePattern)) &&
			(op.LogGroupClass == nil || slices.Contains(classes, g.Class))
	}, nil
}

func (op *describeLogGroups) show(g logstore.Group, c *call) (describedGroup, *APIError) {
	arn := groupARN(c.region, g.Name)
	d := describedGroup{Arn: arn + ":*", CreationTime: g.Created, LogGroupName: g.Name, LogGroupArn: arn, LogGroupClass: g.Class, MetricFilterCount: countMetricFilters(g)}
	if op.LogGroupNamePattern != nil {
		return d, nil
	}
	stored, err := c.store.StoredBytes(g.Name, cutoff(g, c.now))
	if err != nil && !isNotFound(err) { // not found = deleted concurrently
		return d, storeError(err)
	}
	d.RetentionInDays, d.KmsKeyID = RetentionDays(g), g.KMSKeyID
	d.StoredBytes, d.Protected, d.BearerToken = &stored, &g.Protected, new(bool)
	return d, nil
}

// tokenScope identifies the list that a token belongs to.
func (op *describeLogGroups) tokenScope() string {
	return strings.Join([]string{"DescribeLogGroups", value(op.LogGroupNamePrefix), value(op.LogGroupNamePattern),
		value(op.LogGroupClass), strings.Join(op.LogGroupIdentifiers, ",")}, "\x00")
}

const (
	classStandard         = "STANDARD"
	classInfrequentAccess = "INFREQUENT_ACCESS"
	classDelivery         = "DELIVERY"
	classEssentials       = "ESSENTIALS"
)

// RetentionDays returns the effective retention of a log group, in days; 0 = unlimited.
func RetentionDays(g logstore.Group) int {
	if g.Class == classDelivery {
		return deliveryRetentionDays
	}
	return g.Retention
}

// cutoff returns the time of the oldest event of a group that is within the retention.
func cutoff(g logstore.Group, now int64) int64 { return retentionCutoff(RetentionDays(g), now) }

// group returns a log group.
func (c *call) group(name string) (logstore.Group, *APIError) {
	g, err := c.store.Group(name)
	return g, storeError(err)
}

// update applies change to a log group.
func (c *call) update(group string, change func(*logstore.Group) *APIError) *APIError {
	return storeError(c.store.UpdateGroup(group, func(g *logstore.Group) error {
		return asError(change(g))
	}))
}

// mayDelete returns an error if deletion protection forbids the deletion of g.
func mayDelete(g logstore.Group) error {
	if g.Protected {
		return deletionProtected()
	}
	return nil
}

// asError keeps a nil *APIError from becoming a non-nil error.
func asError(e *APIError) error {
	if e == nil {
		return nil
	}
	return e
}

// eachGroup calls visit for the groups with a name prefix that sort after a name, in order of their
// names, until visit returns false.
func (c *call) eachGroup(prefix, after string, visit func(logstore.Group) (more bool)) *APIError {
	const some = 100
	for {
		groups, err := c.store.Groups(prefix, after, some)
		if err != nil {
			return storeError(err)
		}
		for _, g := range groups {
			if !visit(g) {
				return nil
			}
		}
		if len(groups) < some {
			return nil
		}
		after = groups[some-1].Name
	}
}

// isNotFound reports whether an error of the store means that a group or stream does not exist.
func isNotFound(err error) bool {
	return errors.Is(err, logstore.ErrNoGroup) || errors.Is(err, logstore.ErrNoStream)
}
