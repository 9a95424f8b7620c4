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

// violations collects what is wrong with the form of a request. The service
// reports all of it in one InvalidParameterException.
type violations []string

// add enters what is wrong with a value. The service does not show structures:
// value is "" then.
func (v *violations) add(value, path, constraint string) {
	if value != "" {
		value += " "
	}
	*v = append(*v, fmt.Sprintf("Value %sat '%s' failed to satisfy constraint: %s", value, path, constraint))
}

// nameTooLong is how the service refuses names of log groups and log streams
// that are too long, instead of by a violation like others. Source: recorded
// answers of the service.
const nameTooLong = "Invalid LogGroup or LogStream, both must have length less than or equal to 512."

// err returns nil if nothing is wrong.
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

// textRule is the constraint on a text: length in characters, and the
// characters allowed. Source: the service's model (botocore, logs/2014-03-28).
type textRule struct {
	min, max int
	pattern  string // as the model has it, for the error text; "" = any character
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

// required checks a text that must be there.
func (v *violations) required(path string, s *string, rule textRule) {
	v.present(path, s != nil)
	v.text(path, s, rule)
}

func (v *violations) present(path string, present bool) {
	if !present {
		v.add("null", path, "Member must not be null")
	}
}

// texts checks the members of a list, and how many there are.
func (v *violations) texts(path string, list []string, min, max int, rule textRule) {
	if list == nil {
		return
	}
	v.count(path, "["+strings.Join(list, ", ")+"]", len(list), min, max)
	for i := range list {
		v.text(fmt.Sprintf("%s.%d.member", path, i+1), &list[i], rule)
	}
}

// count checks how many members a list or map has. What cannot be shown is "".
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

// enum checks an optional text that is one of a set.
func (v *violations) enum(path string, s *string, set ...string) {
	if s != nil && !slices.Contains(set, *s) {
		v.add("'"+clip(*s)+"'", path, "Member must satisfy enum value set: ["+strings.Join(set, ", ")+"]")
	}
}

// tags checks the form of tags: 1 to 50 pairs.
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

// clip bounds a text that is repeated in an error.
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

// groupRef is how several operations name a log group: exactly one of the two.
type groupRef struct {
	LogGroupName       *string
	LogGroupIdentifier *string // a name or an ARN
}

func (g *groupRef) validate(v *violations) {
	v.text("logGroupName", g.LogGroupName, groupNameRule)
	v.text("logGroupIdentifier", g.LogGroupIdentifier, groupIdentifierRule)
}

// resolve returns the group's name.
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

// name is the group's name as far as it can be told, for the request log.
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

// groupARN is the form that tag calls and identifiers want. DescribeLogGroups
// shows a second form that ends in ":*".
func groupARN(region, group string) string {
	return "arn:aws:logs:" + region + ":" + account + ":log-group:" + group
}

func streamARN(region, group, stream string) string {
	return groupARN(region, group) + ":log-stream:" + stream
}

// groupOfARN returns the name in a log group's ARN without a final ":*".
// Partition, region and account are not compared with anything.
func groupOfARN(arn string) (name string, ok bool) {
	p := strings.SplitN(arn, ":", 7)
	if len(p) != 7 || p[0] != "arn" || p[2] != "logs" || p[5] != "log-group" {
		return "", false
	}
	return p[6], p[6] != "" && !strings.Contains(p[6], ":")
}

// identifiedGroup returns the group that a logGroupIdentifier names.
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
