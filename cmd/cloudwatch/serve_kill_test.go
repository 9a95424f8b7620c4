package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

var serveKills = flag.Int("serve-kills", 15, "kill the endpoint so many `TIMES`")

// TestServeKill kills "cloudwatch serve" with SIGKILL at random moments while
// several clients put events and create streams. It must start again each time,
// and every event whose request was answered must be there, once, in its place;
// a request that was not answered must be there as a whole or not at all.
// "make kill-serve" does it 200 times.
func TestServeKill(t *testing.T) {
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	var writers []*killWriter
	var names []string
	for i := range 4 {
		writers = append(writers, &killWriter{stream: fmt.Sprint("writer-", i)})
		names = append(names, writers[i].stream)
	}
	var created []string // streams whose creation was answered
	answered := 0
	for n := range *serveKills + 1 {
		e := launch(t, "--data", dir)
		c := client(e.url)
		if n == 0 {
			createStreams(t, c, "g", names...)
		}
		for _, w := range writers {
			answered += w.verify(t, c)
		}
		for _, name := range created {
			out, err := c.DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("g"), LogStreamNamePrefix: &name})
			if err != nil || len(out.LogStreams) != 1 {
				t.Fatalf("start %d: stream %s, whose creation was answered: %v, %v", n, name, out, err)
			}
		}
		created = nil
		if n == *serveKills {
			e.interrupt(t)
			break
		}
		c = clientOnce(e.url)
		var wg sync.WaitGroup
		for _, w := range writers {
			wg.Go(func() { w.run(t, c) })
		}
		wg.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("created-%d-%d/", n, i)
				_, err := c.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: &name})
				if err != nil {
					return
				}
				created = append(created, name)
				time.Sleep(10 * time.Millisecond)
			}
		})
		time.Sleep(time.Duration(rnd.IntN(300)) * time.Millisecond)
		e.kill(t)
		wg.Wait()
	}
	if answered == 0 {
		t.Fatal("no request was answered: nothing was tested")
	}
	t.Logf("killed %d times; %s of requests that were answered are all there", *serveKills, events(int64(answered)))
}

// killWriter puts numbered events into a stream of its own, one request after
// the other, and knows what it was answered.
type killWriter struct {
	stream string
	next   int // number of the next event
	time   int64
	sent   []killBatch // since verify
	token  *string     // where verify goes on reading
}

type killBatch struct {
	first, end int // events [first, end)
	answered   bool
}

// run puts events until a request fails.
func (w *killWriter) run(t *testing.T, c *cloudwatchlogs.Client) {
	for {
		b := killBatch{first: w.next, end: w.next + 1 + rand.IntN(200)}
		w.next = b.end
		w.time = max(w.time, time.Now().UnixMilli()) // times go up, so that reading finds the order of writing
		in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: &w.stream}
		for i := b.first; i < b.end; i++ {
			in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: &w.time, Message: aws.String(w.message(i))})
		}
		_, err := c.PutLogEvents(t.Context(), in)
		b.answered = err == nil
		w.sent = append(w.sent, b)
		if err != nil {
			return
		}
	}
}

func (w *killWriter) message(i int) string {
	return fmt.Sprintf("%s %d %s", w.stream, i, strings.Repeat("x", i%500))
}

// verify reads what has come since the last time, with the token of then, and
// compares. It returns how many answered events are there.
func (w *killWriter) verify(t *testing.T, c *cloudwatchlogs.Client) (answered int) {
	t.Helper()
	var got []string
	for {
		out, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: aws.String("g"), LogStreamName: &w.stream, StartFromHead: aws.Bool(true), NextToken: w.token})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			got = append(got, *e.Message)
		}
		if w.token = out.NextForwardToken; len(out.Events) == 0 {
			break
		}
	}
	for _, b := range w.sent {
		if !b.answered && (len(got) == 0 || got[0] != w.message(b.first)) {
			continue // it is not there, and need not be
		}
		for i := b.first; i < b.end; i++ {
			if len(got) == 0 {
				t.Fatalf("%s: event %d of a request [%d, %d), answered: %v, is missing", w.stream, i, b.first, b.end, b.answered)
			}
			if got[0] != w.message(i) {
				t.Fatalf("%s: got %.40q, want event %d of a request [%d, %d), answered: %v", w.stream, got[0], i, b.first, b.end, b.answered)
			}
			got = got[1:]
		}
		if b.answered {
			answered += b.end - b.first
		}
	}
	if len(got) > 0 {
		t.Fatalf("%s: %d events that nobody sent, or twice: %.40q", w.stream, len(got), got[0])
	}
	w.sent = nil
	return answered
}
