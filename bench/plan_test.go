package main

import (
	"slices"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/bench/internal/child"
	"github.com/cloudwatch-go/cloudwatch/bench/internal/contender"
)

func TestPlanHasEveryRun(t *testing.T) {
	jobs := plan(extent{events: 500_000, largest: 10_000_000, pace: time.Second, spools: spools})
	seen := map[key]int{}
	for _, j := range jobs {
		seen[j.key]++
		if j.tls != (j.scenario == burstTLS) || j.spec.Contender != j.contender {
			t.Errorf("%s: %+v", j.key, j)
		}
		if j.spec.Mode != child.Paced && j.spec.Events < 1 {
			t.Errorf("%s logs nothing", j.key)
		}
		if (j.rounds > 0) != (j.x > huge) {
			t.Errorf("%s runs in %d rounds", j.key, j.rounds)
		}
	}
	for _, k := range []key{
		{burstTLS, contender.Mec07, 0}, {paced, contender.Lzap, 0}, {latency, contender.Discard, 0},
		{burst, contender.Hot, 0}, {burst, contender.Zap, 0}, {burst, contender.ZerologDiscard, 0}, {goroutines, contender.Typed, 64}, {sizes, contender.Cloudwatch, 100_000}, {growth, contender.Cloudwatch, 10_000_000},
	} {
		if seen[k] == 0 {
			t.Errorf("no %s", k)
		}
	}
	for k, n := range seen {
		important := slices.Contains([]string{callAlone, burst, burstTLS}, k.scenario) &&
			(k.contender == contender.Cloudwatch || k.contender == contender.Discard)
		important = important || k.scenario == callWhole || k.scenario == varied || isLogger(k.contender)
		if want := map[bool]int{true: takes, false: 1}[important]; n != want {
			t.Errorf("%s occurs %d times, want %d", k, n, want)
		}
	}
}

func isLogger(name string) bool {
	return slices.ContainsFunc(loggers, func(pair [2]string) bool { return slices.Contains(pair[:], name) })
}

func TestOnlyLosslessContendersMustDeliver(t *testing.T) {
	for _, j := range plan(extent{events: 1000, largest: 1000, pace: time.Second, spools: spools}) {
		lossless := slices.Contains([]string{contender.Cloudwatch, contender.Compressed, contender.Hot, contender.Direct, contender.Typed, contender.Zap, contender.Zerolog}, j.contender)
		counted := slices.Contains([]string{burst, burstTLS, varied, paced, latency, goroutines, sizes}, j.scenario)
		if j.delivers() != (lossless && counted) {
			t.Errorf("%s: delivers is %v", j.key, j.delivers())
		}
	}
}

func TestPlanOmitsContendersThatCannotRun(t *testing.T) {
	for _, j := range plan(extent{events: 1000, largest: 1000, pace: time.Second, spools: []string{contender.Direct}}) {
		if j.contender == contender.Hot {
			t.Errorf("the plan has %s", j.key)
		}
	}
}

func TestParse(t *testing.T) {
	o, err := parse([]string{"--quick", "--events", "7000"})
	if err != nil || o.events != 7000 || o.rounds != 1 || o.docs != "" || o.binary {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = parse(nil)
	if err != nil || o.events != 500_000 || o.rounds != 5 || o.docs != "../docs" || !o.binary {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range [][]string{{"x"}, {"--rounds", "0"}, {"--events", "1"}} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

func TestEnvironmentHasNoSettingsOfContenders(t *testing.T) {
	env := environment([]string{"PATH=/bin", "AWS_REGION=x", "AWS_ENDPOINT_URL=x", "https_proxy=x", "GOGC=off", "TZ=Asia/Tokyo"})
	for _, bad := range []string{"AWS_REGION=x", "AWS_ENDPOINT_URL=x", "https_proxy=x", "GOGC=off", "TZ=Asia/Tokyo"} {
		if slices.Contains(env, bad) {
			t.Errorf("%s is left", bad)
		}
	}
	if !slices.Contains(env, "PATH=/bin") || !slices.Contains(env, "TZ=UTC") {
		t.Errorf("%v", env)
	}
}
