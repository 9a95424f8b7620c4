package cloudwatchtest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// DescribeLogGroups: by prefix, pattern, class or identifiers, in ASCII order.
// Tokens live 24 hours and are bound to the filters of their request.
//
// storedBytes is the size of the messages plus 26 bytes an event. Of several
// accounts there is one: with includeLinkedAccounts, accountIdentifiers without
// it find nothing. Identifiers without a group are passed over. By pattern, a
// group shows its ARNs, class and count of metric filters besides its name and
// creation time: the documents know of one ARN only, recorded answers of the
// service show them all.
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

const maxDescribed = 50 // entries of a page, and the default

type describeLogGroupsOutput struct {
	LogGroups []describedGroup `json:"logGroups"`
	NextToken string           `json:"nextToken,omitempty"`
}

// describedGroup has pointers for what a search by pattern leaves out.
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

func (op *describeLogGroups) describe(*Request) {} // it is about no one group

func (op *describeLogGroups) handle(c *call) (any, *APIError) {
	if err := op.validate(); err != nil {
		return nil, err
	}
	wanted, err := op.wanted()
	if err != nil {
		return nil, err
	}
	list, after := op.list(), ""
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
	if !ownAccount(op.IncludeLinkedAccounts, op.AccountIdentifiers) {
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

// wanted returns the test a group must pass to be listed.
func (op *describeLogGroups) wanted() (func(logstore.Group) bool, *APIError) {
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
		// Asking for either returns both, as the SDK's documentation says.
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
	if err != nil && !isMissing(err) { // it may have been deleted meanwhile
		return d, storeError(err)
	}
	d.RetentionInDays, d.KmsKeyID = retention(g), g.KMSKeyID
	d.StoredBytes, d.Protected, d.BearerToken = &stored, &g.Protected, new(bool)
	return d, nil
}

// list names the list a token belongs to.
func (op *describeLogGroups) list() string {
	return strings.Join([]string{"DescribeLogGroups", value(op.LogGroupNamePrefix), value(op.LogGroupNamePattern),
		value(op.LogGroupClass), strings.Join(op.LogGroupIdentifiers, ",")}, "\x00")
}
