// Package conformance contains the documented rules of CloudWatch Logs, each with a probe that
// checks whether an endpoint follows it: the endpoint of this project, another emulator, or the
// service itself.
//
// A probe uses the SDK's real client, without the validation that the client would do before it
// sends a request. It works in its own log groups, with unique names, and deletes them at the end.
//
// The tests of this package check the endpoint of this project. They can also check any other one:
//
//	go test ./internal/endpoint/conformance -run TestEndpoint -v -args -endpoint http://127.0.0.1:5000
//
// docs/conformance.md lists the rules with their results.
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
	Area   string // subject, the heading of a list
	Text   string // the rule in one sentence, unique in its area
	Source string // where it is documented: an operation, or a page of sources

	// Clock says that checking the rule takes hours. Such a rule can only be checked with fake
	// time: in a testing/synctest bubble that the endpoint runs in as well.
	Clock bool

	probe    func(*probe)
	examples []match // for a rule about filter patterns
}

// Name returns the name of the rule as a test: area and text.
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

// area sets the area of rules.
func area(name string, rules ...Rule) []Rule {
	for i := range rules {
		rules[i].Area = name
	}
	return rules
}

func rule(source, text string, probe func(*probe)) Rule {
	return Rule{Source: source, Text: text, probe: probe}
}

// clockRule returns a rule whose check takes hours.
func clockRule(source, text string, probe func(*probe)) Rule {
	return Rule{Source: source, Text: text, Clock: true, probe: probe}
}

// Target is an endpoint to check.
type Target struct {
	// Config reaches the endpoint. Without a BaseEndpoint that is the service itself.
	Config aws.Config

	// Patience is how long it may take until accepted data can be read, and for how long throttled
	// requests are retried. 0 = data is readable immediately, and no request is retried.
	Patience time.Duration
}

// probeTimeout is the maximum time of a probe, in addition to the endpoint's patience.
const probeTimeout = time.Minute

// Check returns nil if the endpoint follows the rule. Otherwise the error says what it did instead.
func (t Target) Check(ctx context.Context, r Rule) error {
	if !r.Clock {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, probeTimeout+4*t.Patience)
		defer cancel()
	}
	p := newProbe(ctx, t)
	done := make(chan struct{})
	// A separate goroutine, so that a probe can end anywhere with Goexit.
	go func() {
		defer close(done)
		defer p.deleteGroups()
		defer func() {
			if r := recover(); r != nil {
				// A response without a member that all responses have.
				p.errorf("%v at %s", r, place(debug.Stack()))
			}
		}()
		r.probe(p)
	}()
	<-done
	return errors.Join(p.errs...)
}

// Finding is the result of a rule. Err is nil if the endpoint follows it.
type Finding struct {
	Rule Rule
	Err  error
}

// CheckAll checks the rules that do not need fake time. It checks many at once, since some of them
// mostly wait, but few if patience is set, because of the quotas.
func CheckAll(ctx context.Context, target Target) []Finding {
	var found []Finding
	for _, r := range Rules() {
		if !r.Clock {
			found = append(found, Finding{Rule: r})
		}
	}
	concurrent := 16
	if target.Patience > 0 {
		concurrent = 4
	}
	var wg sync.WaitGroup
	next := make(chan *Finding)
	for range concurrent {
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

// place returns the line of a probe in the stack of a panic.
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

// errorf records that the endpoint does not follow the rule, and continues.
func (p *probe) errorf(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf(format, args...))
}
