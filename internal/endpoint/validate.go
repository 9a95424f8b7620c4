package endpoint

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// violations collects the constraint violations of a request. The service reports all of them in
// one InvalidParameterException.
type violations []string

// add adds a violation. The service does not show structures: value is "" for them.
func (v *violations) add(value, path, constraint string) {
	if value != "" {
		value += " "
	}
	*v = append(*v, fmt.Sprintf("Value %sat '%s' failed to satisfy constraint: %s", value, path, constraint))
}

// nameTooLong is the service's error text for log group and log stream names that are too long, in
// place of a violation. Source: recorded responses of the service.
const nameTooLong = "Invalid LogGroup or LogStream, both must have length less than or equal to 512."

// err returns nil if there are no violations.
func (v violations) err() *APIError {
	if len(v) == 0 {
		return nil
	}
	if slices.Contains(v, nameTooLong) {
		return invalidParameter(nameTooLong)
	}
	s := ""
	if len(v) > 1 {
		s = "s"
	}
	return invalidParameter("%d validation error%s detected: %s", len(v), s, strings.Join(v, "; "))
}

// textRule is the constraint on a text: length in characters, and the allowed characters. Source:
// the service's model (botocore, logs/2014-03-28).
type textRule struct {
	min, max int
	pattern  string // of the model, for the error text; "" = any character
	allowed  func(rune) bool
}

var (
	groupNameRule          = textRule{1, 512, `[\.\-_/#A-Za-z0-9]+`, isGroupNameRune}
	groupPatternRule       = textRule{0, 512, `[\.\-_/#A-Za-z0-9]*`, isGroupNameRune}
	groupIdentifierRule    = textRule{1, 2048, `[\w#+=/:,.@-]*`, func(r rune) bool { return isWord(r) || strings.ContainsRune("#+=/:,.@-", r) }}
	streamNameRule         = textRule{1, 512, `[^:*]*`, func(r rune) bool { return r != ':' && r != '*' }}
	resourceARNRule        = textRule{1, 1011, `[\w+=/:,.@-]*`, func(r rune) bool { return isWord(r) || strings.ContainsRune("+=/:,.@-", r) }}
	resourceIdentifierRule = textRule{1, 2048, `[\w+=/:,.@\-\*]*`, func(r rune) bool { return isWord(r) || strings.ContainsRune("+=/:,.@-*", r) }}
	accountIDRule          = textRule{12, 12, `^\d{12}$`, func(r rune) bool { return '0' <= r && r <= '9' }}
	kmsKeyRule             = textRule{0, 256, "", nil}
	filterPatternRule      = textRule{0, 1024, "", nil}
	nextTokenRule          = textRule{1, 1 << 30, "", nil}
	tagKeyRule             = textRule{1, 128, `^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$`, isTagRune}
	tagValueRule           = textRule{0, 256, `^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`, isTagRune}
)

func isWord(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}

func isGroupNameRune(r rune) bool { return isWord(r) || strings.ContainsRune(".-/#", r) }

func isTagRune(r rune) bool {
	return unicode.In(r, unicode.L, unicode.Z, unicode.N) || strings.ContainsRune("_.:/=+-@", r)
}

// text checks an optional text.
func (v *violations) text(path string, s *string, rule textRule) {
	if s == nil {
		return
	}
	quoted := "'" + clip(*s) + "'"
	if rule.allowed != nil {
		bad := func(r rune) bool { return !rule.allowed(r) }
		oneOrMore := strings.HasSuffix(strings.TrimRight(rule.pattern, ")$"), "+")
		if *s == "" && oneOrMore || strings.ContainsFunc(*s, bad) {
			v.add(quoted, path, "Member must satisfy regular expression pattern: "+rule.pattern)
		}
	}
	n := utf8.RuneCountInString(*s)
	if n < rule.min {
		v.add(quoted, path, fmt.Sprintf("Member must have length greater than or equal to %d", rule.min))
	}
	switch {
	case n <= rule.max:
	case path == "logGroupName" || path == "logStreamName":
		*v = append(*v, nameTooLong)
	default:
		v.add(quoted, path, fmt.Sprintf("Member must have length less than or equal to %d", rule.max))
	}
}

// required checks a required text.
func (v *violations) required(path string, s *string, rule textRule) {
	v.present(path, s != nil)
	v.text(path, s, rule)
}

func (v *violations) present(path string, present bool) {
	if !present {
		v.add("null", path, "Member must not be null")
	}
}

// texts checks the members of a list and their number.
func (v *violations) texts(path string, list []string, min, max int, rule textRule) {
	if list == nil {
		return
	}
	v.count(path, "["+strings.Join(list, ", ")+"]", len(list), min, max)
	for i := range list {
		v.text(fmt.Sprintf("%s.%d.member", path, i+1), &list[i], rule)
	}
}

// count checks the number of members of a list or map. shown is "" for values that are not shown.
func (v *violations) count(path, shown string, n, min, max int) {
	if shown != "" {
		shown = "'" + clip(shown) + "'"
	}
	if n < min {
		v.add(shown, path, fmt.Sprintf("Member must have length greater than or equal to %d", min))
	}
	if n > max {
		v.add(shown, path, fmt.Sprintf("Member must have length less than or equal to %d", max))
	}
}

// number checks an optional number.
func (v *violations) number(path string, p *int64, min, max int64) {
	if p == nil {
		return
	}
	quoted := "'" + strconv.FormatInt(*p, 10) + "'"
	if *p < min {
		v.add(quoted, path, fmt.Sprintf("Member must have value greater than or equal to %d", min))
	}
	if *p > max {
		v.add(quoted, path, fmt.Sprintf("Member must have value less than or equal to %d", max))
	}
}

// enum checks an optional text against a set of values.
func (v *violations) enum(path string, s *string, set ...string) {
	if s != nil && !slices.Contains(set, *s) {
		v.add("'"+clip(*s)+"'", path, "Member must satisfy enum value set: ["+strings.Join(set, ", ")+"]")
	}
}

// tags checks tags: 1 to 50 pairs.
func (v *violations) tags(path string, tags map[string]string) {
	if tags == nil {
		return
	}
	v.count(path, fmt.Sprintf("{%d tags}", len(tags)), len(tags), 1, maxTags)
	for _, k := range sortedKeys(tags) {
		v.text(path+"."+clip(k)+".key", &k, tagKeyRule)
		value := tags[k]
		v.text(path+"."+clip(k)+".member", &value, tagValueRule)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

// clip truncates a text that is repeated in an error or log entry.
func clip(s string) string {
	const most = 1024
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// groupRef identifies a log group in several operations: exactly one of the two fields is set.
type groupRef struct {
	LogGroupName       *string
	LogGroupIdentifier *string // a name or an ARN
}

func (g *groupRef) validate(v *violations) {
	v.text("logGroupName", g.LogGroupName, groupNameRule)
	v.text("logGroupIdentifier", g.LogGroupIdentifier, groupIdentifierRule)
}

// resolve returns the name of the log group.
func (g *groupRef) resolve() (string, *APIError) {
	switch {
	case g.LogGroupName != nil && g.LogGroupIdentifier != nil:
		return "", invalidParameter("logGroupName and logGroupIdentifier are mutually exclusive parameters.")
	case g.LogGroupName != nil:
		return *g.LogGroupName, nil
	case g.LogGroupIdentifier != nil:
		return identifiedGroup(*g.LogGroupIdentifier)
	}
	return "", invalidParameter("Either logGroupName or logGroupIdentifier must be specified.")
}

// name returns the name of the log group for the request log, if possible.
func (g *groupRef) name() string {
	name, err := g.resolve()
	if err != nil {
		return value(g.LogGroupName)
	}
	return name
}

const (
	account       = "000000000000"
	DefaultRegion = "us-east-1"
)

// groupARN returns the ARN that tag operations and identifiers use. DescribeLogGroups also returns
// a form that ends in ":*".
func groupARN(region, group string) string {
	return "arn:aws:logs:" + region + ":" + account + ":log-group:" + group
}

func streamARN(region, group, stream string) string {
	return groupARN(region, group) + ":log-stream:" + stream
}

// groupOfARN returns the name in the ARN of a log group without a trailing ":*". Partition, region
// and account are not compared.
func groupOfARN(arn string) (name string, ok bool) {
	p := strings.SplitN(arn, ":", 7)
	if len(p) != 7 || p[0] != "arn" || p[2] != "logs" || p[5] != "log-group" {
		return "", false
	}
	return p[6], p[6] != "" && !strings.Contains(p[6], ":")
}

// identifiedGroup returns the name of the log group of a logGroupIdentifier.
func identifiedGroup(identifier string) (string, *APIError) {
	if !strings.HasPrefix(identifier, "arn:") {
		return identifier, nil
	}
	name, ok := groupOfARN(identifier)
	if !ok {
		return "", invalidParameter("Invalid logGroupIdentifier: %s", clip(identifier))
	}
	return name, nil
}

func isRegion(s string) bool {
	return s != "" && len(s) <= 32 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
}
