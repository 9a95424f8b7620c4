package access_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// The region in a name is that of the requests, wherever it was set.
func TestRegionInNames(t *testing.T) {
	const region = "eu-north-1"
	file := filepath.Join(t.TempDir(), "config")
	testkit.WriteFile(t, file, "[profile north]\nregion = "+region+"\n")
	t.Setenv("AWS_CONFIG_FILE", file)
	for about, row := range map[string]struct {
		variable string
		opts     cloudwatch.Options
	}{
		"Options.Region": {"us-east-1", cloudwatch.Options{Region: region}},
		"Options.Config": {"us-east-1", cloudwatch.Options{Config: &aws.Config{Region: region}}},
		"AWS_REGION":     {region, cloudwatch.Options{}},
		"Profile":        {"", cloudwatch.Options{Profile: "north"}},
		"ClientOptions": {"us-east-1", cloudwatch.Options{ClientOptions: []func(*cloudwatchlogs.Options){
			func(o *cloudwatchlogs.Options) { o.Region = region },
		}}},
	} {
		t.Run(about, func(t *testing.T) {
			t.Setenv("AWS_REGION", row.variable)
			row.opts.LogStream = "{region}/{random}"
			w, err := cloudwatch.NewWriter("app/{region}", &row.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if got := w.LogGroup(); got != "app/"+region {
				t.Errorf("log group %s", got)
			}
			if got := w.LogStream(); !strings.HasPrefix(got, region+"/") || len(got) != len(region)+9 {
				t.Errorf("log stream %s", got)
			}
		})
	}
}

// What is wrong about a name is found however late its placeholders are known, and told with
// the other mistakes where that is possible.
func TestMistakesInNamesThatAreKnownLate(t *testing.T) {
	for _, row := range []struct{ group, stream, want string }{
		{"{region} x", "", `log group "x x": only letters`},
		{"{region}", "{region}:x", `Options.LogStream "x:x": the characters`},
		{"{region}", "{region}{env:NO_SUCH_VARIABLE}", "NO_SUCH_VARIABLE is not set"},
		{"{region}", strings.Repeat("x", 505) + "{region}", "longer than 512 characters"},
		{"{region:x}", "", "log group: placeholder {region} takes no argument"},
	} {
		_, err := cloudwatch.NewWriter(row.group, &cloudwatch.Options{LogStream: row.stream})
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s, %s: got %v, want %s", row.group, row.stream, err, row.want)
		}
	}
	_, err := cloudwatch.NewWriter("{region}", &cloudwatch.Options{LogStream: "{env:NO_SUCH_VARIABLE}", RetentionDays: 2})
	if err == nil || !strings.Contains(err.Error(), "NO_SUCH_VARIABLE") || !strings.Contains(err.Error(), "RetentionDays") {
		t.Errorf("got %v", err)
	}
}

// The metadata service is asked once if a name needs it. What it does not say, the host name
// stands in for, OnError is told, and the events arrive.
func TestInstanceIDInNames(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	const id = "i-0123456789abcdef0"
	var asked atomic.Int64
	metadata := func(answer http.HandlerFunc) *httptest.Server {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
				fmt.Fprint(w, "token")
				return
			}
			asked.Add(1)
			answer(w, r)
		}))
		t.Cleanup(srv.Close)
		return srv
	}
	works := metadata(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, id) })
	hangs := metadata(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for about, row := range map[string]struct {
		srv      *httptest.Server
		disabled string
		stream   string
		want     string
		calls    int64
		report   string
	}{
		"it answers":              {works, "", "{instance_id}/{instance_id}", id + "/" + id, 1, ""},
		"it hangs":                {hangs, "", "{instance_id}/x", host + "/x", 1, "within 1s"},
		"it must not be asked":    {works, "true", "{instance_id}/x", host + "/x", 0, "AWS_EC2_METADATA_DISABLED"},
		"nobody wants to know it": {works, "", "x", "x", 0, ""},
	} {
		t.Run(about, func(t *testing.T) {
			t.Setenv("AWS_EC2_METADATA_DISABLED", row.disabled)
			t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", row.srv.URL)
			asked.Store(0)
			srv := newCapture(t)
			var told testkit.ErrorLog
			began := time.Now()
			w, err := cloudwatch.NewWriter(testkit.Group, &cloudwatch.Options{
				LogStream: row.stream, OnError: told.Add, ClientOptions: []func(*cloudwatchlogs.Options){srv.transport},
			})
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("the constructor took %v", took)
			}
			w.WriteString("a line\n")
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			if w.LogStream() != row.want || asked.Load() != row.calls || len(srv.Messages(testkit.Group, row.want)) != 1 {
				t.Errorf("log stream %s, %d requests, messages %q", w.LogStream(), asked.Load(), srv.Messages(testkit.Group, row.want))
			}
			switch reports := told.Errors(); {
			case row.report == "" && len(reports) > 0:
				t.Errorf("OnError was told %v", reports)
			case row.report != "" && (len(reports) != 1 || !strings.Contains(reports[0].Error(), row.report) ||
				!strings.HasPrefix(reports[0].Error(), "cloudwatch: fill in {instance_id}: ") || !strings.Contains(reports[0].Error(), "stands in for it")):
				t.Errorf("OnError was told %v", reports)
			}
		})
	}
}
