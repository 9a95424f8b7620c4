package conformance

import "strings"

// Sources of rules. A source that is not listed is an issue on GitHub, or the name of an operation
// or a structure, which has its own page in the API reference.
const (
	apiReference = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/"
	userGuide    = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/"

	patternSyntax = "Filter pattern syntax"
	regexSyntax   = "Supported regular expressions"
	quotas        = "CloudWatch Logs quotas"
	logClasses    = "Log classes"
	commonErrors  = "Common errors"
	relatedInfo   = "Related information"
	wireProtocol  = "AWS JSON 1.1 protocol"
	eventStream   = "Amazon event stream"
	awsAgent      = "CloudWatch agent"
	cliReference  = "AWS CLI reference"
	tagStructure  = "Tags"
	recorded      = "recorded responses"
)

// pages returns the addresses of the sources that are not operations.
func pages() map[string]string {
	return map[string]string{
		patternSyntax: userGuide + "FilterAndPatternSyntax.html",
		regexSyntax:   userGuide + "regex-expressions.html",
		quotas:        userGuide + "cloudwatch_limits_cwl.html",
		logClasses:    userGuide + "CloudWatch_Logs_Log_Classes.html",
		commonErrors:  apiReference + "CommonErrors.html",
		relatedInfo:   "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/adding-your-own-related-telemetry.html",
		wireProtocol:  "https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html",
		eventStream:   "https://smithy.io/2.0/aws/amazon-eventstream.html",
		awsAgent:      "https://github.com/aws/amazon-cloudwatch-agent/blob/main/handlers/compress.go",
		cliReference:  "https://docs.aws.amazon.com/cli/latest/reference/logs/",
		tagStructure:  userGuide + "Working-with-log-groups-and-streams.html",
		// Responses of the service that another project recorded in September 2026, where the
		// documents are silent or ambiguous.
		recorded: "https://github.com/radkawar/stackd/tree/9dc356f5e5cc49d2d334178a09c1398dd1c62617/testdata/aws/logs",
	}
}

// Address returns the address of the rule's documentation.
func (r Rule) Address() string {
	if page, ok := pages()[r.Source]; ok {
		return page
	}
	if repository, issue, ok := strings.Cut(r.Source, "#"); ok {
		return "https://github.com/" + repository + "/issues/" + issue
	}
	return apiReference + "API_" + r.Source + ".html"
}
