package cloudwatchtest_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func TestLogGroupReturnsACopyOfTheState(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	_, err := cloudwatchlogs.NewFromConfig(srv.Config()).CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{
		LogGroupName: aws.String("g"), Tags: map[string]string{"b": "3", "c": ""}, KmsKeyId: aws.String("key")})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"s", "another"} {
		if err := srv.CreateLogStream("g", name); err != nil {
			t.Fatal(err)
		}
	}
	check := func() cloudwatchtest.LogGroup {
		t.Helper()
		g, ok := srv.LogGroup("g")
		if !ok || len(g.Tags) != 2 || g.Tags["b"] != "3" || g.Class != "STANDARD" || g.KMSKeyID != "key" || g.RetentionDays != 0 ||
			!slices.Equal(g.Streams, []string{"another", "s"}) || g.CreationTime.IsZero() {
			t.Errorf("got %+v", g)
		}
		return g
	}
	g := check()
	g.Tags["x"], g.Streams[0] = "y", "x"
	check()

	if err := srv.CreateLogGroup("a"); err != nil {
		t.Fatal(err)
	}
	if list := srv.LogGroups(); len(list) != 2 || list[0].Name != "a" || list[1].Name != "g" {
		t.Errorf("LogGroups: %+v", list)
	}
	if _, ok := srv.LogGroup("none"); ok {
		t.Error("LogGroup finds a group that does not exist")
	}
}
