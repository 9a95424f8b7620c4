package endpoint

import (
	"context"
	"slices"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// operation is a decoded request.
type operation interface {
	// describe fills in the properties of the request for the request log.
	describe(*Request)
	// handle checks the request and carries it out. A nil output is an empty response, a *session
	// is a stream.
	handle(*call) (output any, err *APIError)
}

// call is the context of one operation.
type call struct {
	ctx       context.Context // of the request
	store     logstore.Store
	arrivals  *arrivals
	sessions  *sessionCount
	now       int64         // milliseconds since 1970
	region    string        // for ARNs
	body      []byte        // the request's JSON
	rejection *RejectedInfo // of a fault, for PutLogEvents; nil = the rules apply

	// Set by PutLogEvents: number of events rejected in a response with status 200, in total and by
	// reason.
	rejected, tooOld, expired, tooNew int
}

// Supports reports whether the endpoint emulates an operation, such as "PutLogEvents".
func Supports(operation string) bool { return newOperation(operation) != nil }

// newOperation returns an empty request of an operation to decode into, or nil if the operation is
// not emulated.
func newOperation(name string) operation {
	switch name {
	case "AssociateKmsKey":
		return new(associateKmsKey)
	case "CreateLogGroup":
		return new(createLogGroup)
	case "CreateLogStream":
		return new(createLogStream)
	case "DeleteLogGroup":
		return new(deleteLogGroup)
	case "DeleteLogStream":
		return new(deleteLogStream)
	case "DeleteMetricFilter":
		return new(deleteMetricFilter)
	case "DeleteRetentionPolicy":
		return new(deleteRetentionPolicy)
	case "DescribeLogGroups":
		return new(describeLogGroups)
	case "DescribeLogStreams":
		return new(describeLogStreams)
	case "DescribeMetricFilters":
		return new(describeMetricFilters)
	case "DisassociateKmsKey":
		return new(disassociateKmsKey)
	case "FilterLogEvents":
		return new(filterLogEvents)
	case "GetLogEvents":
		return new(getLogEvents)
	case "GetLogRecord":
		return new(getLogRecord)
	case "ListLogGroups":
		return new(listLogGroups)
	case "ListTagsForResource":
		return new(listTagsForResource)
	case "ListTagsLogGroup":
		return new(listTagsLogGroup)
	case "PutLogEvents":
		return new(putLogEvents)
	case "PutLogGroupDeletionProtection":
		return new(putLogGroupDeletionProtection)
	case "PutMetricFilter":
		return new(putMetricFilter)
	case "PutRetentionPolicy":
		return new(putRetentionPolicy)
	case "StartLiveTail":
		return new(startLiveTail)
	case "TagLogGroup":
		return new(tagLogGroup)
	case "TagResource":
		return new(tagResource)
	case "TestMetricFilter":
		return new(testMetricFilter)
	case "UntagLogGroup":
		return new(untagLogGroup)
	case "UntagResource":
		return new(untagResource)
	}
	return nil
}

// value returns what p points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// clone returns a pointer to a copy of what p points to, or nil.
func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// inModel reports whether the service has an operation of that name, emulated or not.
func inModel(name string) bool {
	_, found := slices.BinarySearch(operationNames[:], name)
	return found
}

// operationNames are all operations of the service, sorted. Source: the service's model, as in
// cloudwatchlogs v1.92.0 of the SDK. A test compares the list with the SDK and with
// docs/endpoint.md, which says for each operation whether it is emulated.
var operationNames = [...]string{
	"AssociateKmsKey", "AssociateSourceToS3TableIntegration", "CancelExportTask", "CancelImportTask",
	"CreateDelivery", "CreateExportTask", "CreateImportTask", "CreateLogAnomalyDetector", "CreateLogGroup",
	"CreateLogStream", "CreateLookupTable", "CreateScheduledQuery", "DeleteAccountPolicy",
	"DeleteDataProtectionPolicy", "DeleteDelivery", "DeleteDeliveryDestination",
	"DeleteDeliveryDestinationPolicy", "DeleteDeliverySource", "DeleteDestination", "DeleteIndexPolicy",
	"DeleteIntegration", "DeleteLogAnomalyDetector", "DeleteLogGroup", "DeleteLogStream", "DeleteLookupTable",
	"DeleteMetricFilter", "DeleteQueryDefinition", "DeleteResourcePolicy", "DeleteRetentionPolicy",
	"DeleteScheduledQuery", "DeleteSubscriptionFilter", "DeleteSyslogConfiguration", "DeleteTransformer",
	"DescribeAccountPolicies", "DescribeConfigurationTemplates", "DescribeDeliveries",
	"DescribeDeliveryDestinations", "DescribeDeliverySources", "DescribeDestinations", "DescribeExportTasks",
	"DescribeFieldIndexes", "DescribeImportTaskBatches", "DescribeImportTasks", "DescribeIndexPolicies",
	"DescribeLogGroups", "DescribeLogStreams", "DescribeLookupTables", "DescribeMetricFilters",
	"DescribeQueries", "DescribeQueryDefinitions", "DescribeResourcePolicies", "DescribeSubscriptionFilters",
	"DisassociateKmsKey", "DisassociateSourceFromS3TableIntegration", "FilterLogEvents",
	"GetDataProtectionPolicy", "GetDelivery", "GetDeliveryDestination", "GetDeliveryDestinationPolicy",
	"GetDeliverySource", "GetIntegration", "GetLogAnomalyDetector", "GetLogEvents", "GetLogFields",
	"GetLogGroupFields", "GetLogObject", "GetLogRecord", "GetLookupTable", "GetQueryResults",
	"GetScheduledQuery", "GetScheduledQueryHistory", "GetStorageTierPolicy", "GetTransformer",
	"ListAggregateLogGroupSummaries", "ListAnomalies", "ListIntegrations", "ListLogAnomalyDetectors",
	"ListLogGroups", "ListLogGroupsForQuery", "ListScheduledQueries", "ListSourcesForS3TableIntegration",
	"ListSyslogConfigurations", "ListTagsForResource", "ListTagsLogGroup", "PutAccountPolicy",
	"PutBearerTokenAuthentication", "PutDataProtectionPolicy", "PutDeliveryDestination",
	"PutDeliveryDestinationPolicy", "PutDeliverySource", "PutDestination", "PutDestinationPolicy",
	"PutIndexPolicy", "PutIntegration", "PutLogEvents", "PutLogGroupDeletionProtection", "PutMetricFilter",
	"PutQueryDefinition", "PutResourcePolicy", "PutRetentionPolicy", "PutStorageTierPolicy",
	"PutSubscriptionFilter", "PutSyslogConfiguration", "PutTransformer", "StartLiveTail", "StartQuery",
	"StopQuery", "TagLogGroup", "TagResource", "TestMetricFilter", "TestTransformer", "UntagLogGroup",
	"UntagResource", "UpdateAnomaly", "UpdateDeliveryConfiguration", "UpdateLogAnomalyDetector",
	"UpdateLookupTable", "UpdateScheduledQuery",
}
