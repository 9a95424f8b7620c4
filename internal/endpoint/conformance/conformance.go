// Package conformance holds the documented rules of CloudWatch Logs, each with
// a probe that tells whether an endpoint keeps it: the endpoint of this
// project, another emulator, or the service itself.
//
// A probe uses the SDK's real client, with the checks removed that the client
// would make before it sends a request. It works in log groups of its own,
// whose names nobody else uses, and deletes them at the end.
//
// The tests of this package check the endpoint of this project. They also
// check any other one:
//
//	go test ./internal/endpoint/conformance -run TestEndpoint -v -args -endpoint http://127.0.0.1:5000
//
// docs/conformance.md is the list of the rules with what came of them.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Rule is a documented rule of the service.
type Rule struct {
	Area   string // what it is about, the heading of a list
	Text   string // the rule in one sentence; no two in an area are the same
	Source string // where it is documented: an operation, or a page of sources

	// Clock says that hours have to pass. Such a rule can only be checked where
	// time is fake: in a testing/synctest bubble that the endpoint runs in too.
	Clock bool

	probe    func(*probe)
	examples []match // of a rule about filter patterns
}

// Name is the rule's name as a test: area and text.
func (r Rule) Name() string { return r.Area + ": " + r.Text }

// Rules returns all rules, area by area.
func Rules() []Rule {
	var all []Rule
	for _, area := range [][]Rule{
		protocolRules(),
		logGroupRules(),
		logStreamRules(),
		deletionRules(),
		putRules(),
		rejectionRules(),
		entityRules(),
		getRules(),
		filterRules(),
		describeGroupRules(),
		describeStreamRules(),
		retentionRules(),
		tagRules(),
		classRules(),
		termRules(),
		regexRules(),
		jsonRules(),
		spaceRules(),
		metricFilterRules(),
		testMetricFilterRules(),
		liveTailRules(),
		listGroupRules(),
		queryRules(),
		wordingRules(),
	} {
		all = append(all, area...)
	}
	return all
}

// area makes the rules of an area.
func area(name string, rules ...Rule) []Rule {
	for i := range rules {
		rules[i].Area = name
	}
	return rules
}

func rule(source, text string, probe func(*probe)) Rule {
	return Rule{Source: source, Text: text, probe: probe}
}

// clockRule is a rule for which hours have to pass.
func clockRule(source, text string, probe func(*probe)) Rule {
	return Rule{Source: source, Text: text, Clock: true, probe: probe}
}

// Target is an endpoint to check.
type Target struct {
	// Config reaches it. Without a BaseEndpoint that is the service itself.
	Config aws.Config

	// Patience is how long it may take until what was accepted can be read, and
	// for how long requests above a quota are repeated. 0 = both at once, and
	// each request is made once.
	Patience time.Duration
}

// patienceOfRule is how long a probe may take besides the endpoint's patience.
const patienceOfRule = time.Minute

// Check returns nil if the endpoint keeps the rule. Otherwise the error says
// what it did instead.
func (t Target) Check(ctx context.Context, r Rule) error {
	if !r.Clock {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patienceOfRule+4*t.Patience)
		defer cancel()
	}
	p := newProbe(ctx, t)
	done := make(chan struct{})
	// A goroutine of its own, so that a probe can end in the middle.
	go func() {
		defer close(done)
		defer p.deleteGroups()
		defer func() {
			if r := recover(); r != nil {
				// An answer that lacks what all answers have.
				p.errorf("%v at %s", r, place(debug.Stack()))
			}
		}()
		r.probe(p)
	}()
	<-done
	return errors.Join(p.complaints...)
}

// Finding is what came of a rule. Err is nil if it is kept.
type Finding struct {
	Rule Rule
	Err  error
}

// CheckAll checks the rules that need no fake time. Many are checked at the
// same time, since most of the time of some goes by with waiting; but few where
// patience is needed, since there are quotas too.
func CheckAll(ctx context.Context, target Target) []Finding {
	var found []Finding
	for _, r := range Rules() {
		if !r.Clock {
			found = append(found, Finding{Rule: r})
		}
	}
	atOnce := 16
	if target.Patience > 0 {
		atOnce = 4
	}
	var wg sync.WaitGroup
	next := make(chan *Finding)
	for range atOnce {
		wg.Go(func() {
			for f := range next {
				f.Err = target.Check(ctx, f.Rule)
			}
		})
	}
	for i := range found {
		next <- &found[i]
	}
	close(next)
	wg.Wait()
	return found
}

// place finds the line of a probe in the stack of a panic.
func place(stack []byte) string {
	_, after, _ := strings.Cut(string(stack), "panic(")
	for line := range strings.Lines(after) {
		if _, file, found := strings.Cut(strings.TrimSpace(line), "internal/endpoint/conformance/"); found && strings.Contains(file, ".go:") {
			name, _, _ := strings.Cut(file, " ")
			return name
		}
	}
	return "an unknown place"
}

// errorf notes that a rule is not kept, and goes on.
func (p *probe) errorf(format string, args ...any) {
	p.complaints = append(p.complaints, fmt.Errorf(format, args...))
}
