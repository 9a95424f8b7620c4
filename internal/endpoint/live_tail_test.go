package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// session is a Live Tail session on the client side.
type session struct {
	*cloudwatchlogs.StartLiveTailEventStream
	start types.LiveTailSessionStart
}

// tryTail starts a session. Each session has its own client, since two streams of one client share
// a buffer (smithy-go v1.28.8) and mix up their data.
func tryTail(t testing.TB, srv *cloudwatchtest.Server, in cloudwatchlogs.StartLiveTailInput) (session, error) {
	t.Helper()
	if in.LogGroupIdentifiers == nil {
		in.LogGroupIdentifiers = []string{arnPrefix + "g"}
	}
	out, err := sdk(srv).StartLiveTail(t.Context(), &in)
	if err != nil {
		return session{}, err
	}
	s := session{StartLiveTailEventStream: out.GetStream()}
	t.Cleanup(func() { s.Close() })
	return s, nil
}

// startTail starts a session and reads its sessionStart.
func startTail(t testing.TB, srv *cloudwatchtest.Server, in cloudwatchlogs.StartLiveTailInput) session {
	t.Helper()
	s, err := tryTail(t, srv, in)
	must(t, err)
	start, ok := (<-s.Events()).(*types.StartLiveTailResponseStreamMemberSessionStart)
	if !ok {
		t.Fatalf("the stream does not begin with sessionStart: %v", s.Err())
	}
	s.start = start.Value
	return s
}

// update reads the next update.
func (s session) update(t testing.TB) types.LiveTailSessionUpdate {
	t.Helper()
	u, ok := (<-s.Events()).(*types.StartLiveTailResponseStreamMemberSessionUpdate)
	if !ok {
		t.Fatalf("no update: %v", s.Err())
	}
	return u.Value
}

// messages reads the next update and returns its messages.
func (s session) messages(t testing.TB) (messages []string) {
	t.Helper()
	for _, e := range s.update(t).SessionResults {
		messages = append(messages, *e.Message)
	}
	return messages
}

func TestLiveTail(t *testing.T) {
	both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
		must(t, srv.CreateLogGroup("g"))
		must(t, srv.CreateLogStream("g", "s"))
		c := sdk(srv)
		put(t, c, "before")
		s := startTail(t, srv, cloudwatchlogs.StartLiveTailInput{LogStreamNames: []string{"s", "later"}})
		if st := s.start; len(*st.RequestId) != 36 || len(*st.SessionId) != 36 || *st.RequestId == *st.SessionId ||
			!slices.Equal(st.LogGroupIdentifiers, []string{arnPrefix + "g"}) || !slices.Equal(st.LogStreamNames, []string{"s", "later"}) ||
			st.LogStreamNamePrefixes != nil || st.LogEventFilterPattern != nil {
			t.Errorf("sessionStart: %+v", st)
		}
		at := time.Now()
		_, err := c.PutLogEvents(t.Context(), batch(at, "one", "two <&> \u2028 é"))
		must(t, err)
		var u types.LiveTailSessionUpdate
		for len(u.SessionResults) == 0 {
			u = s.update(t)
		}
		stored := srv.Events("g", "s")
		if u.SessionMetadata == nil || u.SessionMetadata.Sampled || len(u.SessionResults) != 2 {
			t.Fatalf("got %+v", u)
		}
		e := u.SessionResults[1]
		if *e.Message != "two <&> \u2028 é" || *e.LogStreamName != "s" || *e.LogGroupIdentifier != "000000000000:g" ||
			*e.Timestamp != at.UnixMilli() || *e.IngestionTime != stored[2].IngestionTime.UnixMilli() {
			t.Errorf("got %+v", e)
		}
		r := srv.Requests()[1]
		if r.Operation != "StartLiveTail" || r.LogGroup != "g" || r.LogStream != "" || r.Status != 200 || !r.Committed {
			t.Errorf("request log: %+v", r)
		}
		must(t, s.Close())
	})
}

// An update comes every second, with what was accepted since the previous one, or empty.
func TestLiveTailUpdatesEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		s := startTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
		start := time.Now()
		for i, want := range [][]string{nil, {"a", "b"}, nil, {"c"}} {
			for _, m := range want {
				time.Sleep(100 * ms)
				put(t, c, m)
			}
			if got := s.messages(t); !slices.Equal(got, want) {
				t.Errorf("update %d holds %q, want %q", i, got, want)
			}
			if got := time.Since(start); got != time.Duration(i+1)*time.Second {
				t.Errorf("update %d came after %v", i, got)
			}
		}
		// Events that PutLogEvents rejects are not shown.
		out, err := c.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"),
			LogEvents: []types.InputLogEvent{event(time.Now(), "in time"), event(time.Now().Add(3*time.Hour), "too new")}})
		must(t, err)
		if out.RejectedLogEventsInfo == nil {
			t.Fatal("nothing was rejected")
		}
		if got := s.messages(t); !slices.Equal(got, []string{"in time"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestLiveTailSelection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		must(t, srv.CreateLogGroup("h"))
		for _, name := range []string{"g/a1", "g/a2", "g/b", "h/s"} {
			group, stream, _ := strings.Cut(name, "/")
			must(t, srv.CreateLogStream(group, stream))
		}
		both := []string{arnPrefix + "g", arnPrefix + "h"}
		for _, r := range []struct {
			name string
			in   cloudwatchlogs.StartLiveTailInput
			want string
		}{
			{"a group", cloudwatchlogs.StartLiveTailInput{}, "g/a1 g/a2 g/b g/s"},
			{"two groups", cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: both}, "g/a1 g/a2 g/b g/s h/s"},
			{"a group twice", cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: []string{arnPrefix + "h", arnPrefix + "h"}}, "h/s"},
			{"an ARN of another region and account", cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: []string{"arn:aws-cn:logs:cn-north-1:123456789012:log-group:h"}}, "h/s"},
			{"streams by name", cloudwatchlogs.StartLiveTailInput{LogStreamNames: []string{"a1", "s", "a"}}, "g/a1 g/s"},
			{"streams by prefix", cloudwatchlogs.StartLiveTailInput{LogStreamNamePrefixes: []string{"a", "b"}}, "g/a1 g/a2 g/b"},
			{"a pattern", cloudwatchlogs.StartLiveTailInput{LogEventFilterPattern: aws.String("%g/[as]%")}, "g/a1 g/a2 g/s"},
			{"an empty pattern", cloudwatchlogs.StartLiveTailInput{LogEventFilterPattern: aws.String("")}, "g/a1 g/a2 g/b g/s"},
		} {
			s := startTail(t, srv, r.in)
			for _, name := range []string{"g/a1", "g/a2", "g/b", "g/s", "h/s"} {
				group, stream, _ := strings.Cut(name, "/")
				in := batch(time.Now(), name)
				in.LogGroupName, in.LogStreamName = &group, &stream
				_, err := c.PutLogEvents(t.Context(), in)
				must(t, err)
			}
			if got := strings.Join(s.messages(t), " "); got != r.want {
				t.Errorf("%s: got %s, want %s", r.name, got, r.want)
			}
			must(t, s.Close())
		}
		// A session continues with a group that was deleted and created again.
		s := startTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
		must(t, srv.DeleteLogGroup("g"))
		must(t, srv.CreateLogGroup("g"))
		must(t, srv.CreateLogStream("g", "s"))
		put(t, c, "new")
		if got := s.messages(t); !slices.Equal(got, []string{"new"}) {
			t.Errorf("after the group was created again: %q", got)
		}
	})
}

// Of more than 500 events, 500 are shown, in order, and every event has the same chance.
func TestLiveTailSamplesUniformly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		s := startTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
		shown := make([]int, 4) // by quarter
		for range 20 {
			for batch := range 4 {
				var events []types.InputLogEvent
				for i := range 500 {
					events = append(events, event(time.Now(), fmt.Sprintf("%04d", batch*500+i)))
				}
				must(t, putEvents(events...)(t.Context(), c))
			}
			u := s.update(t)
			if len(u.SessionResults) != 500 || !u.SessionMetadata.Sampled {
				t.Fatalf("%d events, sampled %v", len(u.SessionResults), u.SessionMetadata.Sampled)
			}
			last := ""
			for _, e := range u.SessionResults {
				if *e.Message <= last {
					t.Fatalf("%s after %s", *e.Message, last)
				}
				last = *e.Message
				i, err := strconv.Atoi(last)
				must(t, err)
				shown[i/500]++
			}
		}
		// 2,500 of each quarter are expected; the standard deviation is 38.
		for i, n := range shown {
			if n < 2200 || n > 2800 {
				t.Errorf("%d events of quarter %d were shown, of %v", n, i, shown)
			}
		}
		must(t, putEvents(repeat(500, event(time.Now(), "x"))...)(t.Context(), c))
		if u := s.update(t); len(u.SessionResults) != 500 || u.SessionMetadata.Sampled {
			t.Errorf("of 500 events: %d, sampled %v", len(u.SessionResults), u.SessionMetadata.Sampled)
		}
	})
}

// openTail starts a session without the SDK, which would read ahead.
func openTail(t testing.TB, ctx context.Context, srv *cloudwatchtest.Server, client *http.Client) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+"/", strings.NewReader(`{"logGroupIdentifiers":["`+arnPrefix+`g"]}`))
	must(t, err)
	req.Header.Set("X-Amz-Target", "Logs_20140328.StartLiveTail")
	res, err := client.Do(req)
	must(t, err)
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/vnd.amazon.eventstream" || res.ContentLength != -1 {
		t.Fatalf("got %d, %v, %d bytes", res.StatusCode, res.Header, res.ContentLength)
	}
	return res
}

// For a client that does not read, the ten latest updates are kept, and nothing else waits.
func TestLiveTailKeepsTenUpdatesForASlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		res := openTail(t, t.Context(), srv, srv.Client())
		time.Sleep(500 * ms) // between two updates
		for i := range 60 {
			put(t, c, fmt.Sprintf("%02d.", i))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		start := time.Now()
		must(t, srv.Close())
		if d := time.Since(start); d > time.Second {
			t.Errorf("Close took %v", d)
		}
		if n := len(srv.Events("g", "s")); n != 60 {
			t.Errorf("%d events were accepted", n)
		}
		body, err := io.ReadAll(res.Body)
		if err == nil || strings.Contains(string(body), "SessionStreamingException") {
			t.Errorf("the client did not read, and got %v", err)
		}
	})
	// The same with a client that begins to read in time.
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		res := openTail(t, t.Context(), srv, srv.Client())
		time.Sleep(500 * ms) // between two updates
		for i := range 60 {
			put(t, c, fmt.Sprintf("%02d.", i))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		go srv.Close()
		body, err := io.ReadAll(res.Body)
		must(t, err)
		var got []string
		for i := range 60 {
			if m := fmt.Sprintf("%02d.", i); strings.Contains(string(body), `"`+m) {
				got = append(got, m)
			}
		}
		// One update was in flight when the client stopped reading; ten were pending.
		want := strings.Split("00. 50. 51. 52. 53. 54. 55. 56. 57. 58. 59.", " ")
		if !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		if !strings.Contains(string(body), "SessionStreamingException") {
			t.Error("the stream does not end with the exception")
		}
	})
}

func TestLiveTailEnds(t *testing.T) {
	t.Run("when the server closes", func(t *testing.T) {
		both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
			must(t, srv.CreateLogGroup("g"))
			s := startTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
			closed := make(chan error)
			go func() { closed <- srv.Close() }()
			for range s.Events() {
			}
			var streaming *types.SessionStreamingException
			if err := s.Err(); !errors.As(err, &streaming) || streaming.ErrorMessage() == "" {
				t.Errorf("got %v", err)
			}
			must(t, <-closed)
		})
	})
	t.Run("when the context of its client ends", func(t *testing.T) {
		both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
			must(t, srv.CreateLogGroup("g"))
			ctx, cancel := context.WithCancel(t.Context())
			res := openTail(t, ctx, srv, srv.Client())
			cancel()
			if _, err := io.ReadAll(res.Body); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	})
}

// wantFree waits until n more sessions can be started, and starts them.
func wantFree(t *testing.T, srv *cloudwatchtest.Server, n int) (sessions []session) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); len(sessions) < n; {
		s, err := tryTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
		if err == nil {
			sessions = append(sessions, s)
		} else if time.Now().After(deadline) {
			t.Fatalf("%d sessions could be started, want %d: %v", len(sessions), n, err)
		}
		runtime.Gosched()
	}
	return sessions
}

// An account has 15 sessions, and a session ends when its client goes away.
func TestLiveTailSessionQuota(t *testing.T) {
	both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
		must(t, srv.CreateLogGroup("g"))
		sessions := wantFree(t, srv, 15)
		_, err := tryTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
		wantAPIError(t, err, "LimitExceededException", "Rate exceeded")
		must(t, sessions[3].Close())
		must(t, sessions[14].Close())
		wantFree(t, srv, 2)
		_, err = tryTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
		wantAPIError(t, err, "LimitExceededException", "Rate exceeded")
		for _, s := range sessions {
			s.Close()
		}
		wantFree(t, srv, 13)
	})
}

// A session whose start fails does not count.
func TestFailedLiveTailStartDoesNotCount(t *testing.T) {
	both(t, func(t *testing.T, srv *cloudwatchtest.Server) {
		must(t, srv.CreateLogGroup("g"))
		start := func() error {
			_, err := tryTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
			return err
		}
		for range 16 {
			srv.Inject(cloudwatchtest.Fault{Times: 1, Cut: cloudwatchtest.CutAfter})
			wantCut(t, start())
			srv.Inject(cloudwatchtest.Fault{Times: 1, Cut: cloudwatchtest.CutMiddle})
			// The SDK takes the cut for the end of the stream (smithy-go v1.28.8).
			if _, err := io.ReadAll(openTail(t, t.Context(), srv, srv.Client()).Body); err != io.ErrUnexpectedEOF {
				t.Errorf("the stream was cut, and got %v", err)
			}
		}
		srv.Inject(cloudwatchtest.Fault{Times: 1, Error: cloudwatchtest.AccessDenied("StartLiveTail")})
		wantAPIError(t, start(), "AccessDeniedException", "logs:StartLiveTail")
		wantFree(t, srv, 15)
	})
}

func TestLiveTailLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, make := range []func() (*cloudwatchtest.Server, error){
		cloudwatchtest.NewServer,
		func() (*cloudwatchtest.Server, error) { return cloudwatchtest.New(), nil },
	} {
		srv, err := make()
		must(t, err)
		must(t, srv.CreateLogGroup("g"))
		must(t, srv.CreateLogStream("g", "s"))
		c := sdk(srv)
		gone := startTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
		must(t, gone.Close())
		open := startTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
		stuck := openTail(t, t.Context(), srv, srv.Client()) // not read
		put(t, c, strings.Repeat("x", 1_000_000))
		must(t, srv.Close())
		stuck.Body.Close()
		open.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}

// If a client does not read and the socket buffers are full, PutLogEvents does not wait, and Close
// waits only briefly.
func TestStuckLiveTailClientDelaysNothing(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	must(t, srv.CreateLogGroup("g"))
	must(t, srv.CreateLogStream("g", "s"))
	small := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(4096)
		}
		return c, err
	}}
	defer small.CloseIdleConnections()
	openTail(t, t.Context(), srv, &http.Client{Transport: small})
	c, large := sdk(srv), strings.Repeat("x", 1_000_000)
	for start := time.Now(); time.Since(start) < 3500*ms; { // three updates of 3 MB
		put(t, c, large)
		srv.TakeEvents("g", "s")
	}
	start := time.Now()
	must(t, srv.Close())
	if d := time.Since(start); d < 500*ms {
		t.Errorf("Close took %v: the client was not stuck", d)
	} else if d > 5*time.Second {
		t.Errorf("Close took %v", d)
	}
}

// No event is lost or shown twice while sessions start and end.
func TestLiveTailUnderConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, c := ready(t)
		const writers, rounds = 4, 50
		s := startTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range rounds {
					put(t, c, fmt.Sprint(w, "-", i))
					time.Sleep(70 * ms)
				}
			})
			wg.Go(func() {
				for range rounds {
					other := startTail(t, srv, cloudwatchlogs.StartLiveTailInput{})
					time.Sleep(time.Duration(w*30) * ms)
					other.Close()
				}
			})
		}
		done := make(chan bool)
		go func() { wg.Wait(); close(done) }()
		seen := make(map[string]int)
		for i := 0; i < 10; i++ {
			for _, m := range s.messages(t) {
				seen[m]++
			}
		}
		<-done
		if len(seen) != writers*rounds {
			t.Errorf("%d events were shown, want %d", len(seen), writers*rounds)
		}
		for m, n := range seen {
			if n != 1 {
				t.Errorf("%s was shown %d times", m, n)
			}
		}
	})
}

func TestStartLiveTailRules(t *testing.T) {
	start := func(in cloudwatchlogs.StartLiveTailInput) func(context.Context, *cloudwatchlogs.Client) error {
		return func(ctx context.Context, c *cloudwatchlogs.Client) error {
			out, err := c.StartLiveTail(ctx, &in)
			if err == nil {
				err = out.GetStream().Close()
			}
			return err
		}
	}
	type in = cloudwatchlogs.StartLiveTailInput
	groups := func(n int) []string { return slices.Repeat([]string{arnPrefix + "g"}, n) }
	checkRules(t, []rule{
		{"a bare group name is refused", start(in{LogGroupIdentifiers: []string{"g"}}), invalid, "Invalid logGroupIdentifier: g"},
		{"an ARN must be that of a group", start(in{LogGroupIdentifiers: []string{"arn:aws:s3:::bucket"}}), invalid, "Invalid logGroupIdentifier"},
		{"all groups must exist", start(in{LogGroupIdentifiers: []string{arnPrefix + "g", arnPrefix + "other"}}), notFound, "The specified log group does not exist."},
		{"INFREQUENT_ACCESS has no Live Tail", start(in{LogGroupIdentifiers: []string{arnPrefix + "ia"}}), "InvalidOperationException", "StartLiveTail is not supported for this log class."},
		{"stream names are checked", start(in{LogGroupIdentifiers: groups(1), LogStreamNames: []string{"a*"}}), invalid, "Value 'a*' at 'logStreamNames.1.member' failed to satisfy constraint: " + streamPattern},
		{"streams may not exist yet", start(in{LogGroupIdentifiers: groups(1), LogStreamNames: []string{"other"}}), "", ""},
		{"prefixes are checked", start(in{LogGroupIdentifiers: groups(1), LogStreamNamePrefixes: []string{""}}), invalid, "at 'logStreamNamePrefixes.1.member'"},
	})
}
