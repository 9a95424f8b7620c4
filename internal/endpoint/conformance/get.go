package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// numbered returns the messages 00, 01, 02...
func numbered(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%02d", i)
	}
	return list
}

// reading sends GetLogEvents requests for a stream.
type reading struct {
	*probe
	group, stream string
	first         time.Time // time of message 00; each further one is a millisecond later
}

// read returns a stream with n messages.
func (p *probe) read(n int) reading {
	r := reading{probe: p, group: p.groupWith("s"), stream: "s"}
	batch := events(numbered(n)...)
	if n > 0 {
		r.first = time.UnixMilli(*batch[0].Timestamp)
		p.put(r.group, r.stream, batch...)
		p.visible(r.group, n)
	}
	return r
}

// at returns the time of message i, in milliseconds.
func (r reading) at(i int) *int64 { return aws.Int64(r.first.UnixMilli() + int64(i)) }

func (r reading) get(change ...func(*logs.GetLogEventsInput)) (*logs.GetLogEventsOutput, error) {
	in := &logs.GetLogEventsInput{LogGroupName: &r.group, LogStreamName: &r.stream}
	for _, f := range change {
		f(in)
	}
	return r.GetLogEvents(r.ctx, in)
}

// page is get for a request that must succeed.
func (r reading) page(change ...func(*logs.GetLogEventsInput)) *logs.GetLogEventsOutput {
	out, err := r.get(change...)
	r.must(err)
	if out.NextForwardToken == nil || out.NextBackwardToken == nil {
		r.fatalf("a response lacks a token")
	}
	return out
}

func fromHead(in *logs.GetLogEventsInput) { in.StartFromHead = aws.Bool(true) }

func limited(n int32) func(*logs.GetLogEventsInput) {
	return func(in *logs.GetLogEventsInput) { in.Limit = &n }
}

func token(t *string) func(*logs.GetLogEventsInput) {
	return func(in *logs.GetLogEventsInput) { in.NextToken = t }
}

// forward and backward read to the end, where the token repeats.
func (r reading) forward(limit int32) (pages [][]string) {
	return r.walk(limit, fromHead, func(out *logs.GetLogEventsOutput) *string { return out.NextForwardToken })
}

func (r reading) backward(limit int32) (pages [][]string) {
	return r.walk(limit, func(*logs.GetLogEventsInput) {}, func(out *logs.GetLogEventsOutput) *string { return out.NextBackwardToken })
}

func (r reading) walk(limit int32, start func(*logs.GetLogEventsInput), next func(*logs.GetLogEventsOutput) *string) (pages [][]string) {
	var t *string
	for range 50 {
		// With a time range, since the service may return empty pages otherwise.
		out := r.page(start, limited(limit), token(t), func(in *logs.GetLogEventsInput) { in.StartTime, in.EndTime = r.at(0), r.at(1000) })
		if len(out.Events) > 0 {
			pages = append(pages, texts(out.Events))
		}
		if t != nil && *next(out) == *t {
			return pages
		}
		t = next(out)
	}
	r.fatalf("after 50 pages the token still changes")
	return nil
}

func getRules() []Rule {
	const source = "GetLogEvents"
	type in = logs.GetLogEventsInput
	return area("GetLogEvents",
		rule(source, "the start is inclusive", func(p *probe) {
			r := p.read(5)
			if got := texts(r.page(fromHead, func(in *in) { in.StartTime = r.at(2) }).Events); !slices.Equal(got, []string{"02", "03", "04"}) {
				p.errorf("from message 2: %q", got)
			}
		}),
		rule(source, "the end is exclusive", func(p *probe) {
			r := p.read(5)
			if got := texts(r.page(fromHead, func(in *in) { in.EndTime = r.at(2) }).Events); !slices.Equal(got, []string{"00", "01"}) {
				p.errorf("to message 2: %q", got)
			}
		}),
		rule(source, "the latest events come first by default", func(p *probe) {
			if got := texts(p.read(5).page(limited(2)).Events); !slices.Equal(got, []string{"03", "04"}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "with startFromHead the earliest events come first", func(p *probe) {
			if got := texts(p.read(5).page(fromHead, limited(2)).Events); !slices.Equal(got, []string{"00", "01"}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "a forward token returns the next events", func(p *probe) {
			if got := p.read(5).forward(2); fmt.Sprint(got) != "[[00 01] [02 03] [04]]" {
				p.errorf("got %v", got)
			}
		}),
		rule(source, "a backward token returns the previous events", func(p *probe) {
			if got := p.read(5).backward(2); fmt.Sprint(got) != "[[03 04] [01 02] [00]]" {
				p.errorf("got %v", got)
			}
		}),
		rule(source, "the direction can be reversed at any page", func(p *probe) {
			r := p.read(6)
			one := r.page(fromHead, limited(2))
			two := r.page(fromHead, limited(2), token(one.NextForwardToken))
			if back := texts(r.page(limited(2), token(two.NextBackwardToken)).Events); !slices.Equal(back, []string{"00", "01"}) {
				p.errorf("before the second page: %q", back)
			}
		}),
		rule(source, "the token repeats at the end", func(p *probe) {
			r := p.read(3)
			t := r.page(fromHead).NextForwardToken
			for range 3 {
				out := r.page(fromHead, token(t))
				if len(out.Events) > 0 {
					p.errorf("at the end there are %q", texts(out.Events))
				}
				if *out.NextForwardToken == *t {
					return
				}
				t = out.NextForwardToken
			}
			p.errorf("the token never repeats")
		}),
		rule(source, "a token also returns events that are added later", func(p *probe) {
			r := p.read(2)
			out := r.page(fromHead)
			p.put(r.group, r.stream, events("later")...)
			p.want("after the end", []string{"later"}, func() []string { return texts(r.page(fromHead, token(out.NextForwardToken)).Events) })
		}),
		rule(source, "a response has both tokens, even without events", func(p *probe) { p.read(0).page(fromHead) }),
		rule(source, "events are in order of their timestamps", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			now := time.Now()
			for _, i := range []int{3, 1, 2} {
				p.put(group, stream, event(now.Add(time.Duration(i)*time.Millisecond), fmt.Sprint(i)))
			}
			p.wantStored(group, stream, "1", "2", "3")
		}),
		rule(recorded, "events with the same timestamp are in order of ingestion", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			now := time.Now()
			for i := range 3 {
				p.put(group, stream, event(now, fmt.Sprint(i)))
				p.sleep(20 * time.Millisecond)
			}
			p.wantStored(group, stream, "0", "1", "2")
		}),
		rule("OutputLogEvent", "an event has its timestamp, its message and its ingestion time", func(p *probe) {
			r := p.read(1)
			got := r.page(fromHead).Events
			if len(got) != 1 || *got[0].Timestamp != *r.at(0) || *got[0].Message != "00" || time.Since(time.UnixMilli(*got[0].IngestionTime)).Abs() > 5*time.Minute {
				p.errorf("got %s", plain(got))
			}
		}),
		rule(source, "a page has at most 1 MB of events", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			for range 3 {
				p.put(group, stream, events(strings.Repeat("x", 400_000))...)
			}
			p.visible(group, 3)
			out, err := p.GetLogEvents(p.ctx, &in{LogGroupName: &group, LogStreamName: &stream, StartFromHead: aws.Bool(true)})
			p.must(err)
			if n := len(out.Events); n > 2 {
				p.errorf("a page has %d events of 400,000 bytes", n)
			}
		}),
		rule(source, "the limit is 1 to 10,000", func(p *probe) {
			r := p.read(1)
			r.page(limited(1))
			r.page(limited(10_000))
			for _, n := range []int32{0, 10_001} {
				_, err := r.get(limited(n))
				p.refused(invalid, err)
			}
		}),
		rule(source, "times must not be negative", func(p *probe) {
			r := p.read(0)
			_, err := r.get(func(in *in) { in.StartTime = aws.Int64(-1) })
			p.refused(invalid, err)
			_, err = r.get(func(in *in) { in.EndTime = aws.Int64(-1) })
			p.refused(invalid, err)
		}),
		rule(source, "a made-up token is refused", func(p *probe) {
			r := p.read(1)
			for _, t := range []string{"", "next", "f/" + strings.Repeat("3", 56)} {
				_, err := r.get(fromHead, token(&t))
				p.refused(invalid, err)
			}
		}),
		clockRule(source, "a token expires after 24 hours", func(p *probe) {
			r := p.read(1)
			t := r.page(fromHead).NextForwardToken
			p.sleep(24 * time.Hour)
			r.page(fromHead, token(t))
			p.sleep(time.Second)
			_, err := r.get(fromHead, token(t))
			p.refused(invalid, err)
		}),
		rule(source, "a log group may be identified by name or ARN", func(p *probe) {
			p.groupWith("s") // must not be found
			r := p.read(1)
			p.groupWith("s")
			for _, identifier := range []string{r.group, p.arn(r.group)} {
				out, err := r.get(fromHead, func(in *in) { in.LogGroupName, in.LogGroupIdentifier = nil, &identifier })
				p.must(err)
				if got := texts(out.Events); !slices.Equal(got, []string{"00"}) {
					p.errorf("in %s there are %q", identifier, got)
				}
			}
		}),
		rule(source, "an identifier must not end with an asterisk", func(p *probe) {
			r := p.read(0)
			_, err := r.get(func(in *in) { in.LogGroupName, in.LogGroupIdentifier = nil, aws.String(p.arn(r.group)+":*") })
			p.refused(invalid, err)
		}),
		rule(source, "exactly one of name and identifier is required", func(p *probe) {
			r := p.read(0)
			_, err := r.get(func(in *in) { in.LogGroupIdentifier = &r.group })
			p.refusedSomehow(err)
			_, err = r.get(func(in *in) { in.LogGroupName = nil })
			p.refusedSomehow(err)
		}),
		rule(source, "a stream name is required", func(p *probe) {
			_, err := p.read(0).get(func(in *in) { in.LogStreamName = nil })
			p.refused(invalid, err)
		}),
		rule(source, "the log group must exist", func(p *probe) {
			_, err := p.read(0).get(func(in *in) { in.LogGroupName = aws.String(p.newName("")) })
			p.refused(notFound, err)
		}),
		rule(source, "the log stream must exist", func(p *probe) {
			_, err := p.read(0).get(func(in *in) { in.LogStreamName = aws.String("other") })
			p.refused(notFound, err)
		}),
	)
}

// filtering sends FilterLogEvents requests for a group.
type filtering struct {
	*probe
	group string
	first time.Time // time of message 00; each further one is a millisecond later
}

// filter returns a group with n messages, alternating between the streams a1, a2 and b.
func (p *probe) filter(n int) filtering {
	f := filtering{probe: p, group: p.groupWith("a1", "a2", "b"), first: time.Now().Add(-time.Minute)}
	batches := make(map[string][]types.InputLogEvent)
	for i, m := range numbered(n) {
		stream := []string{"a1", "a2", "b"}[i%3]
		batches[stream] = append(batches[stream], event(f.first.Add(time.Duration(i)*time.Millisecond), m))
	}
	for stream, batch := range batches {
		p.put(f.group, stream, batch...)
	}
	p.visible(f.group, n)
	return f
}

func (f filtering) at(i int) *int64 { return aws.Int64(f.first.UnixMilli() + int64(i)) }

func (f filtering) get(change ...func(*logs.FilterLogEventsInput)) (*logs.FilterLogEventsOutput, error) {
	in := &logs.FilterLogEventsInput{LogGroupName: &f.group}
	for _, c := range change {
		c(in)
	}
	return f.FilterLogEvents(f.ctx, in)
}

// found reads to the end, and returns the messages sorted: the order of the events has a separate
// rule.
func (f filtering) found(change ...func(*logs.FilterLogEventsInput)) []string {
	events, _ := f.walk(change...)
	return slices.Sorted(slices.Values(filtered(events)))
}

// walk reads to the end, and returns the events.
func (f filtering) walk(change ...func(*logs.FilterLogEventsInput)) (all []types.FilteredLogEvent, pages int) {
	in := logs.FilterLogEventsInput{LogGroupName: &f.group}
	for _, c := range change {
		c(&in)
	}
	pages = f.pages(&in.NextToken, func() (next *string) {
		out, err := f.FilterLogEvents(f.ctx, &in)
		f.must(err)
		all = append(all, out.Events...)
		return out.NextToken
	})
	return all, pages
}

func filterRules() []Rule {
	const source = "FilterLogEvents"
	type in = logs.FilterLogEventsInput
	year2024 := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	limit := func(n int32) func(*in) { return func(in *in) { in.Limit = &n } }
	return area("FilterLogEvents",
		rule(source, "events of all streams are merged in order of their timestamps", func(p *probe) {
			got, _ := p.filter(9).walk()
			if !slices.Equal(filtered(got), numbered(9)) {
				p.errorf("got %q", filtered(got))
			}
		}),
		rule(source, "the start is inclusive", func(p *probe) {
			f := p.filter(6)
			if got := f.found(func(in *in) { in.StartTime = f.at(3) }); !slices.Equal(got, numbered(6)[3:]) {
				p.errorf("from message 3: %q", got)
			}
		}),
		rule(source, "the end is inclusive", func(p *probe) {
			f := p.filter(6)
			if got := f.found(func(in *in) { in.EndTime = f.at(3) }); !slices.Equal(got, numbered(4)) {
				p.errorf("to message 3: %q", got)
			}
		}),
		rule(source, "streams may be selected by name", func(p *probe) {
			got := p.filter(9).found(func(in *in) { in.LogStreamNames = []string{"b", "a1"} })
			if !slices.Equal(got, []string{"00", "02", "03", "05", "06", "08"}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "streams may be selected by a prefix", func(p *probe) {
			got := p.filter(9).found(func(in *in) { in.LogStreamNamePrefix = aws.String("a") })
			if !slices.Equal(got, []string{"00", "01", "03", "04", "06", "07"}) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "names and prefix exclude each other", func(p *probe) {
			_, err := p.filter(0).get(func(in *in) { in.LogStreamNames, in.LogStreamNamePrefix = []string{"b"}, aws.String("a") })
			p.refused(invalid, err)
		}),
		rule(source, "1 to 100 stream names are allowed", func(p *probe) {
			f := p.filter(0)
			for _, n := range []int{0, 101} {
				_, err := f.get(func(in *in) { in.LogStreamNames = slices.Repeat([]string{"b"}, n) })
				p.refused(invalid, err)
			}
			_, err := f.get(func(in *in) { in.LogStreamNames = slices.Repeat([]string{"b"}, 100) })
			p.must(err)
		}),
		rule(source, "names and prefix are checked", func(p *probe) {
			f := p.filter(0)
			_, err := f.get(func(in *in) { in.LogStreamNames = []string{"a*"} })
			p.refused(invalid, err)
			_, err = f.get(func(in *in) { in.LogStreamNamePrefix = aws.String("a:") })
			p.refused(invalid, err)
		}),
		rule(source, "the last page has no token", func(p *probe) {
			events, pages := p.filter(9).walk(limit(2))
			if got := filtered(events); !slices.Equal(slices.Sorted(slices.Values(got)), numbered(9)) || pages < 5 {
				p.errorf("got %q in %d pages", got, pages)
			}
		}),
		rule(source, "the limit is 1 to 10,000", func(p *probe) {
			f := p.filter(3)
			got, err := f.get(limit(1))
			p.must(err)
			if len(got.Events) > 1 {
				p.errorf("%d events with a limit of 1", len(got.Events))
			}
			_, err = f.get(limit(10_000))
			p.must(err)
			for _, n := range []int32{0, 10_001} {
				_, err := f.get(limit(n))
				p.refused(invalid, err)
			}
		}),
		rule(source, "a page has at most 1 MB of events", func(p *probe) {
			group, stream := p.groupWith("s"), "s"
			for range 3 {
				p.put(group, stream, events(strings.Repeat("x", 400_000))...)
			}
			p.visible(group, 3)
			out, err := p.FilterLogEvents(p.ctx, &in{LogGroupName: &group})
			p.must(err)
			if n := len(out.Events); n > 2 || out.NextToken == nil {
				p.errorf("a page has %d events of 400,000 bytes", n)
			}
		}),
		rule("FilteredLogEvent", "an event has a stable ID", func(p *probe) {
			f := p.filter(9)
			ids := func(events []types.FilteredLogEvent) (list []string) {
				for _, e := range events {
					list = append(list, aws.ToString(e.EventId))
				}
				return list
			}
			first, _ := f.walk()
			again, _ := f.walk(limit(2))
			seen := make(map[string]bool)
			for _, id := range ids(first) {
				if id == "" || seen[id] {
					p.errorf("the id %q is not unique", id)
				}
				seen[id] = true
			}
			if !slices.Equal(ids(first), ids(again)) {
				p.errorf("ids changed")
			}
		}),
		rule("FilteredLogEvent", "an event has its stream, its timestamp, its message and its ingestion time", func(p *probe) {
			f := p.filter(3)
			got, _ := f.walk()
			if len(got) != 3 || aws.ToString(got[1].LogStreamName) != "a2" || aws.ToInt64(got[1].Timestamp) != *f.at(1) || time.Since(time.UnixMilli(aws.ToInt64(got[1].IngestionTime))).Abs() > 5*time.Minute {
				p.errorf("got %s", plain(got))
			}
		}),
		rule(source, "searchedLogStreams is always empty", func(p *probe) {
			out, err := p.filter(3).get()
			p.must(err)
			if len(out.SearchedLogStreams) != 0 {
				p.errorf("it holds %d streams", len(out.SearchedLogStreams))
			}
		}),
		rule(source, "interleaved is ignored", func(p *probe) {
			//lint:ignore SA1019 a deprecated member still has to be accepted
			got := p.filter(9).found(func(in *in) { in.Interleaved = aws.Bool(false) })
			if !slices.Equal(got, numbered(9)) {
				p.errorf("got %q", got)
			}
		}),
		rule(source, "with startFromHead=false the latest events come first", func(p *probe) {
			f := p.filter(9)
			got, _ := f.walk(limit(2), func(in *in) { in.StartFromHead, in.StartTime = aws.Bool(false), f.at(0) })
			want := numbered(9)
			slices.Reverse(want)
			if !slices.Equal(filtered(got), want) {
				p.errorf("got %q", filtered(got))
			}
		}),
		rule(source, "startFromHead=false requires a startTime of 2024 or later", func(p *probe) {
			f := p.filter(0)
			back := func(start int64) error {
				_, err := f.get(func(in *in) { in.StartFromHead, in.StartTime = aws.Bool(false), &start })
				return err
			}
			p.must(back(year2024))
			p.refused(invalid, back(year2024-1))
		}),
		rule(source, "a token decides the direction, not startFromHead", func(p *probe) {
			f := p.filter(9)
			back := func(in *in) { in.StartFromHead, in.StartTime, in.Limit = aws.Bool(false), f.at(0), aws.Int32(2) }
			one, err := f.get(back)
			p.must(err)
			two, err := f.get(back, func(in *in) { in.StartFromHead, in.NextToken = aws.Bool(true), one.NextToken })
			p.must(err)
			if got := filtered(two.Events); !slices.Equal(got, []string{"06", "05"}) {
				p.errorf("the second page has %q", got)
			}
		}),
		rule(source, "a pattern has at most 1,024 characters", func(p *probe) {
			f := p.filter(0)
			_, err := f.get(func(in *in) { in.FilterPattern = aws.String(strings.Repeat("x", 1024)) })
			p.must(err)
			_, err = f.get(func(in *in) { in.FilterPattern = aws.String(strings.Repeat("x", 1025)) })
			p.refused(invalid, err)
		}),
		rule(source, "times must not be negative", func(p *probe) {
			f := p.filter(0)
			_, err := f.get(func(in *in) { in.StartTime = aws.Int64(-1) })
			p.refused(invalid, err)
			_, err = f.get(func(in *in) { in.EndTime = aws.Int64(-1) })
			p.refused(invalid, err)
		}),
		rule(source, "a made-up token is refused", func(p *probe) {
			f := p.filter(1)
			for _, t := range []string{"", "Bxkq6kVGFtq2y"} {
				_, err := f.get(func(in *in) { in.NextToken = &t })
				p.refused(invalid, err)
			}
		}),
		clockRule(source, "a token expires after 24 hours", func(p *probe) {
			f := p.filter(3)
			out, err := f.get(limit(1))
			p.must(err)
			next := func(in *in) { in.NextToken = out.NextToken }
			p.sleep(24 * time.Hour)
			_, err = f.get(limit(1), next)
			p.must(err)
			p.sleep(time.Second)
			_, err = f.get(limit(1), next)
			p.refused(invalid, err)
		}),
		rule(source, "a log group may be identified by name or ARN", func(p *probe) {
			p.filter(0) // must not be found
			f := p.filter(3)
			p.filter(0)
			for _, identifier := range []string{f.group, p.arn(f.group)} {
				out, err := f.get(func(in *in) { in.LogGroupName, in.LogGroupIdentifier = nil, &identifier })
				p.must(err)
				if got := filtered(out.Events); !slices.Equal(got, numbered(3)) {
					p.errorf("in %s there are %q", identifier, got)
				}
			}
		}),
		rule(source, "exactly one of name and identifier is required", func(p *probe) {
			f := p.filter(0)
			_, err := f.get(func(in *in) { in.LogGroupIdentifier = &f.group })
			p.refusedSomehow(err)
			_, err = f.get(func(in *in) { in.LogGroupName = nil })
			p.refusedSomehow(err)
		}),
		rule(source, "the log group must exist", func(p *probe) {
			_, err := p.filter(0).get(func(in *in) { in.LogGroupName = aws.String(p.newName("")) })
			p.refused(notFound, err)
		}),
		rule(source, "streams selected by name must exist", func(p *probe) {
			_, err := p.filter(0).get(func(in *in) { in.LogStreamNames = []string{"a1", "other"} })
			p.refused(notFound, err)
		}),
	)
}
