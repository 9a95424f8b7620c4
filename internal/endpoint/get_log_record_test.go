package endpoint_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// pointers returns the event IDs of g/s in the order of time.
func pointers(t testing.TB, c *cloudwatchlogs.Client) (ids []string) {
	t.Helper()
	out, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g")})
	must(t, err)
	for _, e := range out.Events {
		ids = append(ids, *e.EventId)
	}
	return ids
}

func TestGetLogRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		for _, group := range []string{"before", "other"} {
			must(t, srv.CreateLogGroup(group))
			must(t, srv.CreateLogStream(group, "s"))
			in := batch(time.Now(), "another")
			in.LogGroupName = &group
			_, err := c.PutLogEvents(t.Context(), in)
			must(t, err)
		}
		var many []string
		for i := range 300 {
			many = append(many, fmt.Sprintf(`"f%03d":%d`, i, i))
		}
		rows := []struct {
			message string
			fields  map[string]string
		}{
			{"Hello World", nil},
			{`{"a":"x","b":{"c":1.50,"d":[{"id":"i-1"},true,null]},"e":1e400,"f":false,"g":null,"h":{},"i":[],"":"empty"}`,
				map[string]string{"a": "x", "b.c": "1.50", "b.d.0.id": "i-1", "b.d.1": "true", "e": "1e400", "f": "false", "": "empty"}},
			{"  {\"a\\u002eb\":\"\\u00e9\\n\"}\n", map[string]string{"a.b": "é\n"}},
			{`{"@message":"mine","x":{"@y":"z"}}`, map[string]string{"@@message": "mine", "x.@y": "z"}},
			{`{"a":1,"a":2}`, map[string]string{"a": "2"}},
			{`{"a":1} {"b":2}`, nil},
			{`{"a":1`, nil},
			{`[{"a":1}]`, nil},
			{"{" + strings.Join(many, ",") + "}", nil}, // checked below
		}
		at := time.Now()
		in := batch(at)
		for i, r := range rows {
			in.LogEvents = append(in.LogEvents, event(at.Add(time.Duration(i)*ms), r.message))
		}
		time.Sleep(time.Second)
		_, err := c.PutLogEvents(t.Context(), in)
		must(t, err)

		for i, id := range pointers(t, c) {
			out, err := c.GetLogRecord(t.Context(), &cloudwatchlogs.GetLogRecordInput{LogRecordPointer: &id})
			must(t, err)
			want := map[string]string{
				"@message":       rows[i].message,
				"@timestamp":     fmt.Sprint(at.UnixMilli() + int64(i)),
				"@ingestionTime": fmt.Sprint(at.UnixMilli() + 1000),
				"@logStream":     "s",
				"@log":           "000000000000:g",
			}
			maps.Copy(want, rows[i].fields)
			if i < len(rows)-1 && !maps.Equal(out.LogRecord, want) {
				t.Errorf("%s:\ngot  %v\nwant %v", rows[i].message, out.LogRecord, want)
			}
			if i == len(rows)-1 && (len(out.LogRecord) != 205 || out.LogRecord["f199"] != "199") {
				t.Errorf("of 300 fields, %d were found", len(out.LogRecord)-5)
			}
		}
	})
}

func TestGetLogRecordRules(t *testing.T) {
	get := func(pointer string) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.GetLogRecord(ctx, &cloudwatchlogs.GetLogRecordInput{LogRecordPointer: &pointer, Unmask: true})
			return err
		}
	}
	checkRules(t, []rule{
		{"a made-up pointer is invalid", get("123456789"), invalid, "The specified logRecordPointer is invalid."},
		{"a pointer without digits is invalid", get("3" + strings.Repeat("x", 55)), invalid, "The specified logRecordPointer is invalid."},
		{"an empty pointer is invalid", get(""), invalid, "The specified logRecordPointer is invalid."},
		{"the event must exist", get("3" + strings.Repeat("1", 18) + strings.Repeat("0", 37)), notFound, "The specified log record does not exist."},
		{"an event beyond the retention is not found", func(ctx context.Context, c *cloudwatchlogs.Client) error {
			_, err := c.PutLogEvents(ctx, batch(time.Now().Add(-25*time.Hour), "old"))
			if err != nil {
				return err
			}
			out, err := c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: s("g")})
			if err != nil {
				return err
			}
			_, err = c.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: s("g"), RetentionInDays: aws.Int32(1)})
			if err != nil {
				return err
			}
			return get(*out.Events[0].EventId)(ctx, c)
		}, notFound, "The specified log record does not exist."},
	})
}
