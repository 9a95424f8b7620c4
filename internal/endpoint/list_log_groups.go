package endpoint

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// ListLogGroups: by pattern, class and tags, all of which must match. Tokens expire after 24 hours
// and are bound to the filters of the request.
//
// Where the documents leave room: the order is that of DescribeLogGroups; a dot in the pattern
// matches any character, since it is a regular expression; a tag filter matches only groups that
// have the tag, even with a negated value. There is one account: with includeLinkedAccounts,
// accountIdentifiers without it match nothing.
//
// Not emulated: dataSources and fieldIndexNames, which are refused.
type listLogGroups struct {
	AccountIdentifiers    []string
	DataSources           []json.RawMessage
	FieldIndexNames       []string
	IncludeLinkedAccounts bool
	Limit                 *int64
	LogGroupClass         *string
	LogGroupNamePattern   *string
	LogGroupTags          []tagFilter
	NextToken             *string
}

const (
	maxListed     = 1000
	defaultListed = 50
)

type listLogGroupsOutput struct {
	LogGroups []listedGroup `json:"logGroups"`
	NextToken string        `json:"nextToken,omitempty"`
}

type listedGroup struct {
	LogGroupArn   string `json:"logGroupArn"`
	LogGroupClass string `json:"logGroupClass"`
	LogGroupName  string `json:"logGroupName"`
}

func (op *listLogGroups) describe(*Request) {} // the request is not about a single log group

func (op *listLogGroups) handle(c *call) (any, *APIError) {
	if err := op.validate(); err != nil {
		return nil, err
	}
	pattern, bad := regexp.Compile(value(op.LogGroupNamePattern))
	if bad != nil {
		return nil, invalidParameter("Invalid logGroupNamePattern: %v", bad)
	}
	list, after := op.tokenScope(), ""
	if op.NextToken != nil {
		var err *APIError
		if after, err = parseListToken(*op.NextToken, list, c.now); err != nil {
			return nil, err
		}
	}
	limit := defaultListed
	if op.Limit != nil {
		limit = int(*op.Limit)
	}

	out := listLogGroupsOutput{LogGroups: []listedGroup{}}
	if !includesAccount(op.IncludeLinkedAccounts, op.AccountIdentifiers) {
		return out, nil
	}
	err := c.eachGroup("", after, func(g logstore.Group) bool {
		if !pattern.MatchString(g.Name) || op.LogGroupClass != nil && g.Class != *op.LogGroupClass || !matchesTags(g, op.LogGroupTags) {
			return true
		}
		if n := len(out.LogGroups); n == limit {
			out.NextToken = listToken(list, out.LogGroups[n-1].LogGroupName, c.now)
			return false
		}
		out.LogGroups = append(out.LogGroups, listedGroup{groupARN(c.region, g.Name), g.Class, g.Name})
		return true
	})
	return out, err
}

func (op *listLogGroups) validate() *APIError {
	var v violations
	v.texts("accountIdentifiers", op.AccountIdentifiers, 0, 20, accountIDRule)
	v.groupRegex("logGroupNamePattern", op.LogGroupNamePattern)
	validateClass(&v, op.LogGroupClass)
	if op.LogGroupTags != nil {
		v.count("logGroupTags", fmt.Sprintf("[%d filters]", len(op.LogGroupTags)), len(op.LogGroupTags), 1, 5)
	}
	for i, f := range op.LogGroupTags {
		f.validate(&v, fmt.Sprintf("logGroupTags.%d.member", i+1))
	}
	v.text("nextToken", op.NextToken, nextTokenRule)
	v.number("limit", op.Limit, 1, maxListed)
	if err := v.err(); err != nil {
		return err
	}
	if op.DataSources != nil {
		return invalidParameter("dataSources is not supported by this endpoint.")
	}
	if op.FieldIndexNames != nil {
		return invalidParameter("fieldIndexNames is not supported by this endpoint.")
	}
	return nil
}

// tokenScope identifies the list that a token belongs to.
func (op *listLogGroups) tokenScope() string {
	tags, _ := json.Marshal(op.LogGroupTags) // strings always encode
	return strings.Join([]string{"ListLogGroups", value(op.LogGroupNamePattern), value(op.LogGroupClass), string(tags)}, "\x00")
}

// groupRegex checks a name pattern: up to five texts separated by "|", each with an optional "^" in
// front.
func (v *violations) groupRegex(path string, pattern *string) {
	v.text(path, pattern, textRule{3, 129, "", nil})
	if pattern == nil {
		return
	}
	texts := strings.Split(*pattern, "|")
	ok := len(texts) <= 5
	for _, text := range texts {
		text = strings.TrimPrefix(text, "^")
		ok = ok && len(text) >= 3 && len(text) <= 24 && !strings.ContainsFunc(text, func(r rune) bool { return !isGroupNameRune(r) })
	}
	if !ok {
		v.add("'"+clip(*pattern)+"'", path, `Member must satisfy regular expression pattern: (\^?[\.\-_\/#A-Za-z0-9]{3,24})(\|\^?[\.\-_\/#A-Za-z0-9]{3,24}){0,4}`)
	}
}

// tagFilter is a condition on the tags of a group.
type tagFilter struct {
	Key    *string
	Values []string // none = any value
}

func (f *tagFilter) validate(v *violations, path string) {
	v.required(path+".key", f.Key, tagKeyRule)
	if f.Values != nil {
		v.count(path+".values", "["+strings.Join(f.Values, ", ")+"]", len(f.Values), 0, 5)
	}
	for i, value := range f.Values {
		path := fmt.Sprintf("%s.values.%d.member", path, i+1)
		v.text(path, &value, textRule{0, 259, "", nil})
		_, _, _, text := parseTagValue(value)
		if strings.ContainsFunc(text, func(r rune) bool { return !isTagRune(r) }) {
			v.add("'"+clip(value)+"'", path, `Member must satisfy regular expression pattern: ^!?\*?([\p{L}\p{Z}\p{N}_.:/=+\-@]*)\*?$`)
		}
	}
}

// parseTagValue parses a value of a tag filter: a leading "!" negates it, "*" at either end matches
// any text.
func parseTagValue(value string) (negated, anyStart, anyEnd bool, text string) {
	value, negated = strings.CutPrefix(value, "!")
	value, anyStart = strings.CutPrefix(value, "*")
	value, anyEnd = strings.CutSuffix(value, "*")
	return negated, anyStart, anyEnd, value
}

// matchesTags reports whether a group matches all filters.
func matchesTags(g logstore.Group, filters []tagFilter) bool {
	for _, f := range filters {
		tag, there := g.Tags[*f.Key]
		if !there || len(f.Values) > 0 && !slices.ContainsFunc(f.Values, func(value string) bool { return matchesTagValue(tag, value) }) {
			return false
		}
	}
	return true
}

// matchesTagValue compares exactly, or without regard to case if the value has a wildcard.
func matchesTagValue(tag, value string) bool {
	negated, anyStart, anyEnd, text := parseTagValue(value)
	if anyStart || anyEnd {
		tag, text = strings.ToLower(tag), strings.ToLower(text)
	}
	var fits bool
	switch {
	case anyStart && anyEnd:
		fits = strings.Contains(tag, text)
	case anyStart:
		fits = strings.HasSuffix(tag, text)
	case anyEnd:
		fits = strings.HasPrefix(tag, text)
	default:
		fits = tag == text
	}
	return fits != negated
}

// includesAccount reports whether a request for log groups includes the endpoint's account.
func includesAccount(linked bool, accounts []string) bool {
	return !linked || len(accounts) == 0 || slices.Contains(accounts, account)
}
