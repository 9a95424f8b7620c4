package endpoint_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// documented is a row of the table in docs/endpoint.md.
type documented struct{ name, support, missing string }

func documentedOperations(t *testing.T) (rows []documented) {
	t.Helper()
	text, err := os.ReadFile("../../docs/endpoint.md")
	must(t, err)
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-Z]\w+) \| (\w+) \|(.*)\|\r?$`).FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, documented{m[1], m[2], strings.TrimSpace(m[3])})
	}
	return rows
}

// modelOperations returns the operations of the SDK, sorted.
func modelOperations(t *testing.T) (names []string) {
	t.Helper()
	client := reflect.TypeFor[*cloudwatchlogs.Client]()
	for i := range client.NumMethod() {
		if name := client.Method(i).Name; name != "Options" {
			names = append(names, name)
		}
	}
	if len(names) < 100 {
		t.Fatalf("only %d operations found", len(names))
	}
	return names
}

// TestEveryOperationIsDocumented checks that docs/endpoint.md has a row for each operation of the
// service, and that the endpoint does what the row says. An operation that is not supported is
// refused by name.
func TestEveryOperationIsDocumented(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	var names []string
	for _, row := range documentedOperations(t) {
		names = append(names, row.name)
		a := post(t, srv, row.name, "{}")
		code, text := a.error2(t)
		switch row.support {
		case "yes", "partly":
			if a.status >= 500 || code == "UnknownOperationException" {
				t.Errorf("%s: got %d %s", row.name, a.status, text)
			}
			if (row.support == "partly") != (row.missing != "") {
				t.Errorf("%s: %s, but missing is %q", row.name, row.support, row.missing)
			}
		case "no":
			if a.status != 400 || code != "UnknownOperationException" || text != "The operation "+row.name+" is not supported by this endpoint." {
				t.Errorf("%s: got %d %s: %s", row.name, a.status, code, text)
			}
		default:
			t.Errorf("%s is documented as %q", row.name, row.support)
		}
	}
	if want := modelOperations(t); !slices.Equal(names, want) {
		t.Errorf("documented: %v\nof the service: %v", names, want)
	}
}

// The error text distinguishes operations that the service does not have.
func TestUnknownOperations(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	for _, name := range []string{"NoSuchOperation", "putlogevents", "Options", "Logs_20140328.PutLogEvents", strings.Repeat("x", 5000)} {
		a := post(t, srv, name, "{}")
		code, text := a.error(t)
		if a.status != 400 || code != "UnknownOperationException" || !strings.HasPrefix(text, "CloudWatch Logs has no operation "+name[:min(len(name), 100)]) || len(text) > 2000 {
			t.Errorf("%.100s: got %d %s: %s", name, a.status, code, text)
		}
	}
	a := post(t, srv, "", "{}")
	if code, text := a.error(t); a.status != 400 || code != "UnknownOperationException" || !strings.Contains(text, "X-Amz-Target") {
		t.Errorf("without a target: %d %s", a.status, a.body)
	}
	a = post(t, srv, "", "{}", "X-Amz-Target", "DynamoDB_20120810.GetItem")
	if code, text := a.error(t); code != "UnknownOperationException" || !strings.Contains(text, "DynamoDB_20120810.GetItem") {
		t.Errorf("another service: %d %s", a.status, a.body)
	}
}

// The SDK does not retry an operation that is not supported.
func TestUnsupportedOperationIsNotRetried(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	_, err := cloudwatchlogs.NewFromConfig(srv.Config()).StartQuery(t.Context(), &cloudwatchlogs.StartQueryInput{
		QueryString: aws.String("fields @message"), StartTime: aws.Int64(1), EndTime: aws.Int64(2)})
	wantAPIError(t, err, "UnknownOperationException", "The operation StartQuery is not supported by this endpoint.")
	if n := srv.RequestCount(""); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// error2 is error for responses that may be a success.
func (a rawResponse) error2(t testing.TB) (code, text string) {
	if a.status == 200 {
		return "", ""
	}
	return a.error(t)
}
