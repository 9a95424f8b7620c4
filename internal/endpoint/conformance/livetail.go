package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// session is a Live Tail session.
type session struct {
	p      *probe
	events *logs.StartLiveTailEventStream
}

// tail starts a session. Each session has its own client: two concurrent sessions of one client are
// a data race in the SDK (smithy-go v1.28.8, its eventstream.Codec).
func (p *probe) tail(in *logs.StartLiveTailInput) (*session, error) {
	out, err := p.target.client().StartLiveTail(p.ctx, in)
	if err != nil {
		return nil, err
	}
	return &session{p, out.GetStream()}, nil
}

func (s *session) close() { _ = s.events.Close() } // the session ends either way

// next returns the next event of the stream, or nil after the end.
func (s *session) next() types.StartLiveTailResponseStream {
	select {
	case e := <-s.events.Events():
		return e
	case <-time.After(15*time.Second + s.p.target.Patience):
		s.p.fatalf("no further event arrives")
	case <-s.p.ctx.Done():
		s.p.fatalf("%w", s.p.ctx.Err())
	}
	return nil
}

// start starts a session and returns its sessionStart.
func (p *probe) start(in *logs.StartLiveTailInput) (*session, types.LiveTailSessionStart) {
	s, err := p.tail(in)
	p.must(err)
	first, ok := s.next().(*types.StartLiveTailResponseStreamMemberSessionStart)
	if !ok {
		s.close()
		p.fatalf("a session does not begin with sessionStart")
	}
	return s, first.Value
}

// update returns the next update.
func (s *session) update() types.LiveTailSessionUpdate {
	e := s.next()
	u, ok := e.(*types.StartLiveTailResponseStreamMemberSessionUpdate)
	if !ok {
		s.p.fatalf("got %T instead of an update (%v)", e, s.events.Err())
	}
	if u.Value.SessionMetadata == nil {
		s.p.fatalf("an update lacks its metadata")
	}
	return u.Value
}

// collect reads updates until there are n events, and one more to see that there are no others.
func (s *session) collect(n int) (all []types.LiveTailSessionLogEvent) {
	for end := time.Now().Add(5*time.Second + s.p.target.Patience); len(all) < n && time.Now().Before(end); {
		all = append(all, s.update().SessionResults...)
	}
	return append(all, s.update().SessionResults...)
}

func tailed(events []types.LiveTailSessionLogEvent) []string {
	list := []string{}
	for _, e := range events {
		list = append(list, aws.ToString(e.Message))
	}
	return list
}

func liveTailRules() []Rule {
	const source = "StartLiveTail"
	type in = logs.StartLiveTailInput
	// watch starts a session on a group with the streams a1, a2 and b.
	watch := func(p *probe, change ...func(*in)) (s *session, group string, begin types.LiveTailSessionStart) {
		group = p.groupWith("a1", "a2", "b")
		i := &in{LogGroupIdentifiers: []string{p.arn(group)}}
		for _, f := range change {
			f(i)
		}
		s, begin = p.start(i)
		return s, group, begin
	}
	refusedSession := func(p *probe, code string, i *in) {
		s, err := p.tail(i)
		if err == nil {
			s.close()
		}
		p.refused(code, err)
	}
	// each puts a message into each stream.
	each := func(p *probe, group string) {
		for _, stream := range []string{"a1", "a2", "b"} {
			p.put(group, stream, events("in "+stream)...)
		}
	}
	pattern := func(text string) func(*in) { return func(i *in) { i.LogEventFilterPattern = &text } }
	return area("Live Tail",
		rule(source, "a session begins with sessionStart, with its ID and parameters", func(p *probe) {
			s, group, begin := watch(p, pattern("ERROR"), func(i *in) { i.LogStreamNamePrefixes = []string{"a"} })
			defer s.close()
			arn := p.arn(group)
			if aws.ToString(begin.SessionId) == "" || aws.ToString(begin.RequestId) == "" || !slices.Equal(begin.LogGroupIdentifiers, []string{arn}) ||
				aws.ToString(begin.LogEventFilterPattern) != "ERROR" || !slices.Equal(begin.LogStreamNamePrefixes, []string{"a"}) {
				p.errorf("got %s", plain(begin))
			}
		}),
		rule(source, "an update is sent every second, even without events", func(p *probe) {
			s, _, _ := watch(p)
			defer s.close()
			s.update()
			began := time.Now()
			for range 3 {
				if u := s.update(); len(u.SessionResults) != 0 || u.SessionMetadata.Sampled {
					p.errorf("got %s", plain(u))
				}
			}
			if took := time.Since(began); took < 2*time.Second || took > 5*time.Second {
				p.errorf("3 updates took %v", took)
			}
		}),
		rule(source, "events are shown as they are ingested", func(p *probe) {
			s, group, _ := watch(p)
			defer s.close()
			p.put(group, "b", events("one", "two")...)
			if got := tailed(s.collect(2)); !slices.Equal(got, []string{"one", "two"}) {
				p.errorf("got %q", got)
			}
			p.put(group, "b", events("three")...)
			if got := tailed(s.collect(1)); !slices.Equal(got, []string{"three"}) {
				p.errorf("then %q", got)
			}
		}),
		rule("LiveTailSessionLogEvent", "an event has its group, its stream, its message, its timestamp and its ingestion time", func(p *probe) {
			s, group, _ := watch(p)
			defer s.close()
			batch := events("one")
			p.put(group, "b", batch...)
			got := s.collect(1)
			if len(got) != 1 {
				p.fatalf("%d events", len(got))
			}
			e := got[0]
			if aws.ToString(e.LogStreamName) != "b" || aws.ToInt64(e.Timestamp) != *batch[0].Timestamp || time.Since(time.UnixMilli(aws.ToInt64(e.IngestionTime))).Abs() > 5*time.Minute ||
				!strings.HasSuffix(aws.ToString(e.LogGroupIdentifier), group) {
				p.errorf("got %s", plain(e))
			}
		}),
		rule(source, "events before the session are not shown", func(p *probe) {
			group, _ := p.stored("before")
			p.visible(group, 1)
			if p.target.Patience > 0 {
				p.sleep(10 * time.Second)
			}
			s, _ := p.start(&in{LogGroupIdentifiers: []string{p.arn(group)}})
			defer s.close()
			p.put(group, "s", events("after")...)
			if got := tailed(s.collect(1)); !slices.Equal(got, []string{"after"}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "other log groups are not shown", func(p *probe) {
			other := p.groupWith("s")
			s, group, _ := watch(p)
			defer s.close()
			p.put(other, "s", events("other")...)
			p.put(group, "b", events("ours")...)
			if got := tailed(s.collect(1)); !slices.Equal(got, []string{"ours"}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "a pattern selects events", func(p *probe) {
			s, group, _ := watch(p, pattern(`{ $.level = "ERROR" }`))
			defer s.close()
			p.put(group, "b", events(`{"level":"INFO"}`, `{"level":"ERROR"}`, "ERROR")...)
			if got := tailed(s.collect(1)); !slices.Equal(got, []string{`{"level":"ERROR"}`}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "streams may be selected by name", func(p *probe) {
			s, group, _ := watch(p, func(i *in) { i.LogStreamNames = []string{"a1", "b"} })
			defer s.close()
			each(p, group)
			if got := tailed(s.collect(2)); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"in a1", "in b"}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "streams may be selected by prefixes", func(p *probe) {
			s, group, _ := watch(p, func(i *in) { i.LogStreamNamePrefixes = []string{"a"} })
			defer s.close()
			each(p, group)
			if got := tailed(s.collect(2)); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"in a1", "in a2"}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "a new stream is shown", func(p *probe) {
			s, group, _ := watch(p)
			defer s.close()
			p.stream(group, "new")
			p.put(group, "new", events("hello")...)
			if got := tailed(s.collect(1)); !slices.Equal(got, []string{"hello"}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "up to 10 log groups may be shown", func(p *probe) {
			i := &in{}
			var groups []string
			for range 10 {
				g := p.groupWith("s")
				groups = append(groups, g)
				i.LogGroupIdentifiers = append(i.LogGroupIdentifiers, p.arn(g))
			}
			s, _ := p.start(i)
			defer s.close()
			p.put(groups[0], "s", events("first")...)
			p.put(groups[9], "s", events("last")...)
			if got := tailed(s.collect(2)); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"first", "last"}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "1 to 10 log groups are allowed", func(p *probe) {
			arn := p.arn(p.group())
			refusedSession(p, invalid, &in{})
			refusedSession(p, invalid, &in{LogGroupIdentifiers: []string{}})
			i := &in{}
			for n := range 11 {
				i.LogGroupIdentifiers = append(i.LogGroupIdentifiers, fmt.Sprint(arn, n))
			}
			refusedSession(p, invalid, i)
		}),
		rule(source, "an ARN must not end with an asterisk", func(p *probe) {
			refusedSession(p, invalid, &in{LogGroupIdentifiers: []string{p.arn(p.group()) + ":*"}})
		}),
		rule(source, "the log groups must exist", func(p *probe) {
			refusedSession(p, notFound, &in{LogGroupIdentifiers: []string{p.arn(p.group()) + "-other"}})
		}),
		rule(source, "names and prefixes exclude each other", func(p *probe) {
			refusedSession(p, invalid, &in{LogGroupIdentifiers: []string{p.arn(p.group())}, LogStreamNames: []string{"a"}, LogStreamNamePrefixes: []string{"b"}})
		}),
		rule(source, "names and prefixes are allowed with one log group only", func(p *probe) {
			two := []string{p.arn(p.group()), p.arn(p.group())}
			refusedSession(p, invalid, &in{LogGroupIdentifiers: two, LogStreamNames: []string{"a"}})
			refusedSession(p, invalid, &in{LogGroupIdentifiers: two, LogStreamNamePrefixes: []string{"a"}})
		}),
		rule(source, "1 to 100 names or prefixes are allowed", func(p *probe) {
			arn := []string{p.arn(p.group())}
			for _, n := range []int{0, 101} {
				refusedSession(p, invalid, &in{LogGroupIdentifiers: arn, LogStreamNames: slices.Repeat([]string{"a"}, n)})
				refusedSession(p, invalid, &in{LogGroupIdentifiers: arn, LogStreamNamePrefixes: slices.Repeat([]string{"a"}, n)})
			}
		}),
		rule(source, "a malformed pattern is refused", func(p *probe) {
			refusedSession(p, invalid, &in{LogGroupIdentifiers: []string{p.arn(p.group())}, LogEventFilterPattern: aws.String("{ $.v = }")})
		}),
		rule(source, "a pattern has at most 1,024 characters", func(p *probe) {
			refusedSession(p, invalid, &in{LogGroupIdentifiers: []string{p.arn(p.group())}, LogEventFilterPattern: aws.String(strings.Repeat("x", 1025))})
		}),
		rule(source, "an update has at most 500 events, and says when it is sampled", func(p *probe) {
			s, group, _ := watch(p)
			defer s.close()
			p.put(group, "b", events(slices.Repeat([]string{"x"}, 2000)...)...)
			for end := time.Now().Add(5*time.Second + p.target.Patience); time.Now().Before(end); {
				switch u := s.update(); {
				case len(u.SessionResults) > 500:
					p.fatalf("an update has %d events", len(u.SessionResults))
				case u.SessionMetadata.Sampled && len(u.SessionResults) != 500:
					p.fatalf("a sample has %d events", len(u.SessionResults))
				case u.SessionMetadata.Sampled:
					return
				}
			}
			p.errorf("no update is sampled")
		}),
		rule("LiveTailSessionMetadata", "500 events are not sampled", func(p *probe) {
			s, group, _ := watch(p)
			defer s.close()
			s.update() // the events then fit into one update
			p.put(group, "b", events(slices.Repeat([]string{"x"}, 500)...)...)
			n := 0
			for end := time.Now().Add(5*time.Second + p.target.Patience); n < 500 && time.Now().Before(end); {
				u := s.update()
				n += len(u.SessionResults)
				if u.SessionMetadata.Sampled {
					p.errorf("an update of %d events is sampled", len(u.SessionResults))
				}
			}
			if n != 500 {
				p.errorf("got %d events", n)
			}
		}),
		rule(eventStream, "a response is an event stream that begins with initial-response", func(p *probe) {
			group := p.group()
			body, err := json.Marshal(map[string]any{"logGroupIdentifiers": []string{p.arn(group)}})
			p.must(err)
			res := p.post("stream-logs", source, body)
			defer res.Body.Close()
			if got := res.Header.Get("Content-Type"); got != "application/vnd.amazon.eventstream" {
				p.errorf("the content type is %q", got)
			}
			first, err := eventstream.NewDecoder().Decode(res.Body, nil)
			p.must(err)
			for header, want := range map[string]string{":message-type": "event", ":event-type": "initial-response"} {
				if v := first.Headers.Get(header); v == nil || v.String() != want {
					p.errorf("%s of the first frame is %v", header, v)
				}
			}
		}),
		rule(source, "several sessions may watch one log group", func(p *probe) {
			s, group, _ := watch(p)
			defer s.close()
			other, _ := p.start(&in{LogGroupIdentifiers: []string{p.arn(group)}})
			defer other.close()
			p.put(group, "b", events("x")...)
			for _, s := range []*session{s, other} {
				if got := tailed(s.collect(1)); !slices.Equal(got, []string{"x"}) {
					p.errorf("got %q", got)
				}
			}
		}),
		clockRule(source, "a session ends after 3 hours, with SessionTimeoutException", func(p *probe) {
			s, _, _ := watch(p)
			defer s.close()
			began := time.Now()
			for {
				e := s.next()
				if e != nil {
					continue
				}
				var timeout *types.SessionTimeoutException
				if err := s.events.Err(); !errors.As(err, &timeout) {
					p.errorf("it ends with %v", err)
				}
				if took := time.Since(began); took < 3*time.Hour-time.Minute || took > 3*time.Hour+time.Minute {
					p.errorf("it ends after %v", took)
				}
				return
			}
		}),
	)
}
