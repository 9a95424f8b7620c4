package cloudwatchtest

import "strings"

const (
	account       = "000000000000"
	defaultRegion = "us-east-1"
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
