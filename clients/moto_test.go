package clients_test

import (
	"bufio"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// The other way round: this project's handler is a client of moto, a server of
// another project, which accepts much but is not made by us.
func TestHandlerWithMoto(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("moto_server")
	if err != nil {
		absent(t, "moto's server", err.Error())
	}
	e := &endpoint{env: environment(t, "")}
	server := e.command(t, program, "-H", "127.0.0.1", "-p", "0")
	stderr, err := server.StderrPipe()
	must(t, err)
	must(t, server.Start())
	t.Cleanup(func() {
		must(t, server.Cancel())
		_ = server.Wait() // killed
	})
	url := ""
	lines := bufio.NewScanner(stderr)
	for address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`); url == "" && lines.Scan(); {
		url = address.FindString(lines.Text())
	}
	go func() {
		for lines.Scan() { // it logs each request
		}
	}()
	e.env = append(e.env, "AWS_ENDPOINT_URL="+url)
	shop(t, e)("order 1 paid é")

	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"), config.WithBaseEndpoint(url),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("test", "test", "")))
	must(t, err)
	c := cloudwatchlogs.NewFromConfig(cfg)
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		out, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("shop"), LogStreamName: aws.String("till-1")})
		if err == nil && len(out.Events) == 1 {
			if m := *out.Events[0].Message; !regexp.MustCompile(`"msg":"order 1 paid é"`).MatchString(m) {
				t.Errorf("moto has %q", m)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("moto has not got the line: %v", err)
		}
	}
}
