package cloudwatchtest

import "slices"

// inModel tells whether the service has an operation of that name, emulated or
// not.
func inModel(name string) bool {
	_, found := slices.BinarySearch(operationNames[:], name)
	return found
}

// operationNames are all operations of the service, sorted. Source: the
// service's model, as in cloudwatchlogs v1.92.0 of the SDK. A test compares
// the two, and docs/endpoint.md, which says of each whether it is emulated.
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
