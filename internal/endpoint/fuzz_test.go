package endpoint_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// fuzzErrors are the errors that any request may return: those of the service's model, the common
// ones in its documents, and those of the protocol.
var fuzzErrors = []string{
	"InvalidOperationException", "InvalidParameterException", "LimitExceededException", "ResourceAlreadyExistsException", "ResourceNotFoundException",
	"TooManyTagsException", "ValidationException",
	"MalformedHttpRequestException", "RequestEntityTooLargeException", "SerializationException", "UnknownOperationException",
}

// FuzzRequest checks that the endpoint responds to any request with success or with an error that
// the service has, and never with a server error.
func FuzzRequest(f *testing.F) {
	now := time.Now().UnixMilli()
	for _, seed := range []struct{ operation, encoding, body string }{
		{"AssociateKmsKey", "", `{"kmsKeyId":"k","resourceIdentifier":"arn:aws:logs:us-east-1:0:log-group:g"}`},
		{"CreateLogGroup", "", `{"logGroupName":"\ud800","tags":{"":null}}`},
		{"CreateLogGroup", "", `{"logGroupName":"h","logGroupClass":"DELIVERY","kmsKeyId":"k","tags":{"a":"b"},"deletionProtectionEnabled":true}`},
		{"CreateLogStream", "", `{"logGroupName":"g","logStreamName":"t"}`},
		{"DeleteLogGroup", "", `{"logGroupName":"g"}`},
		{"DeleteLogStream", "", `{"logGroupName":"g","logStreamName":"s"}`},
		{"DeleteMetricFilter", "", `{"logGroupName":"g","filterName":"f"}`},
		{"DeleteRetentionPolicy", "", `{"logGroupName":"g"}`},
		{"DescribeLogGroups", "", `{"logGroupNamePattern":"","nextToken":"AAAAAAAAAAAAAAAA"}`},
		{"DescribeLogGroups", "", `{"logGroupIdentifiers":["g"],"includeLinkedAccounts":true,"accountIdentifiers":["000000000000"]}`},
		{"DescribeLogStreams", "", `{"logGroupName":"g","orderBy":"LastEventTime","descending":true,"limit":1}`},
		{"DescribeMetricFilters", "", `{"logGroupName":"g","filterNamePrefix":"f","limit":1}`},
		{"DescribeMetricFilters", "", `{"metricName":"m","metricNamespace":"n"}`},
		{"DisassociateKmsKey", "", `{"logGroupName":"g"}`},
		{"FilterLogEvents", "", `{"logGroupIdentifier":"arn:aws:logs:::log-group:g","endTime":9223372036854775807,"startTime":9223372036854775807}`},
		{"FilterLogEvents", "", `{"logGroupName":"g","logStreamNames":["s"],"filterPattern":"{ $.a[*] = %x% || $.b IS NULL }"}`},
		{"GetLogEvents", "", `{"logGroupName":"g","logStreamName":"s","limit":1,"startFromHead":true,"nextToken":"f/00000000000000000000000000000000000000000000000000000000/s"}`},
		{"GetLogRecord", "", `{"logRecordPointer":"30000000000000000000000000000000000000000000000000000000"}`},
		{"GetLogRecord", "", fmt.Sprintf(`{"logRecordPointer":"3%019d%036d"}`, fuzzTime, 1)},
		{"ListLogGroups", "", `{"logGroupNamePattern":"^abc|d.f","logGroupClass":"STANDARD","logGroupTags":[{"key":"k","values":["!*x*",""]}],"limit":1000}`},
		{"ListTagsForResource", "", `{"resourceArn":"arn:aws:logs:us-east-1:0:log-group:g"}`},
		{"ListTagsLogGroup", "", `{"logGroupName":"g"}`},
		{"PutLogEvents", "", fmt.Sprintf(`{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":%d,"message":"x"}]}`, now)},
		{"PutLogEvents", "", `{"logGroupName":"g","logStreamName":"s","logEvents":[null,{"timestamp":-1},{"message":""}],"entity":{"keyAttributes":{"Type":"x","":""}}}`},
		{"PutLogEvents", "gzip", compress(f, `{"logGroupName":"g"}`)},
		{"PutLogGroupDeletionProtection", "", `{"logGroupIdentifier":"g","deletionProtectionEnabled":false}`},
		{"PutMetricFilter", "", `{"logGroupName":"g","filterName":"f2","filterPattern":"{ $.a = * }","metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"$.a","dimensions":{"D":"$.b"},"unit":"None"}],"fieldSelectionCriteria":"@aws.region IN [\"x\"] AND (@aws.account = \"1\")","emitSystemFieldDimensions":["@source.log"]}`},
		{"PutRetentionPolicy", "", `{"logGroupName":"g","retentionInDays":1e2}`},
		{"StartLiveTail", "", `{"logGroupIdentifiers":["arn:aws:logs:us-east-1:0:log-group:g"],"logStreamNamePrefixes":["s"],"logEventFilterPattern":"x"}`},
		{"StartLiveTail", "", "\xff"},
		{"StartQuery", "", `{}`},
		{"TagLogGroup", "", `{"logGroupName":"g","tags":{"a":"b"}}`},
		{"TagResource", "", `{"resourceArn":"arn:aws:logs:us-east-1:0:log-group:g","tags":{"k":"v"}}`},
		{"TestMetricFilter", "", `{"filterPattern":"[a=1*, ..., b]","logEventMessages":["1 2 3","\"x y\" [z]"]}`},
		{"UntagLogGroup", "", `{"logGroupName":"g","tags":["a"]}`},
		{"UntagResource", "", `{"resourceArn":"arn:aws:logs:us-east-1:0:log-group:g","tagKeys":[""]}`},
		{"", "zstd", ""},
	} {
		f.Add(seed.operation, seed.encoding, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, operation, encoding string, body []byte) {
		srv := cloudwatchtest.New()
		defer srv.Close()
		fuzzState(t, srv)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := leavingRecorder{httptest.NewRecorder(), cancel}
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
		r.Header.Set("Content-Encoding", encoding)
		before := len(srv.Requests())
		srv.ServeHTTP(w, r)
		if w.Code != 200 {
			code, _ := rawResponse{w.Code, w.Header(), w.Body.String()}.error(t)
			if w.Code < 400 || w.Code >= 500 || !slices.Contains(fuzzErrors, code) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		if got := srv.Requests()[before:]; len(got) != 1 || got[0].Status != w.Code {
			t.Errorf("request log: %+v", got)
		}
	})
}

// fuzzTime is the timestamp of the event in fuzzState.
const fuzzTime int64 = 4_000_000_000_000

// fuzzState gives a server one of everything, so that requests find something.
func fuzzState(t *testing.T, srv *cloudwatchtest.Server) {
	t.Helper()
	must(t, srv.CreateLogGroup("g"))
	must(t, srv.CreateLogStream("g", "s"))
	srv.SetClockOffset(time.Until(time.UnixMilli(fuzzTime)))
	for _, r := range [][2]string{
		{"PutLogEvents", fmt.Sprintf(`{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":%d,"message":"{\"a\":[1,\"x\"]}"}]}`, fuzzTime)},
		{"PutMetricFilter", `{"logGroupName":"g","filterName":"f","filterPattern":"%x%","metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"1"}]}`},
		{"TagLogGroup", `{"logGroupName":"g","tags":{"k":"v"}}`},
	} {
		if a := post(t, srv, r[0], r[1]); a.status != 200 {
			t.Fatalf("%s: %d %s", r[0], a.status, a.body)
		}
	}
}

// leavingRecorder is a client that goes away when a stream begins.
type leavingRecorder struct {
	*httptest.ResponseRecorder
	leave context.CancelFunc
}

func (r leavingRecorder) Flush() { r.leave() }
