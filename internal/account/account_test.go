package account_test

import (
	"log/slog"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
)

func TestLoss(t *testing.T) {
	var sum account.Loss
	sum.Merge(&account.Loss{}) // nothing
	if sum != (account.Loss{}) {
		t.Errorf("nothing and nothing make %+v", sum)
	}
	sum.Add(50, 10, account.Warn)
	if want := (account.Loss{Events: 1, Bytes: 10, First: 50, Last: 50, Levels: [account.Levels]int64{account.Warn: 1}}); sum != want {
		t.Errorf("one event makes %+v, want %+v", sum, want)
	}
	sum.Add(70, 5, account.None)
	sum.Add(20, 0, account.Warn)
	want := account.Loss{Events: 3, Bytes: 15, First: 20, Last: 70, Levels: [account.Levels]int64{account.Warn: 2, account.None: 1}}
	if sum != want {
		t.Errorf("three events make %+v, want %+v", sum, want)
	}
	sum.Merge(&account.Loss{}) // its times are not times
	if sum != want {
		t.Errorf("then with nothing %+v, want %+v", sum, want)
	}
}

func TestMerge(t *testing.T) {
	of := func(times ...int64) (l account.Loss) {
		for _, at := range times {
			l.Add(at, 1, account.Level(at%int64(account.Levels)))
		}
		return l
	}
	tests := []struct {
		rule string
		a, b account.Loss
		want account.Loss
	}{
		{"behind", of(1, 2), of(3, 4), of(1, 2, 3, 4)},
		{"before", of(3, 4), of(1, 2), of(1, 2, 3, 4)},
		{"within", of(1, 4), of(2, 3), of(1, 2, 3, 4)},
		{"around", of(2, 3), of(1, 4), of(1, 2, 3, 4)},
		{"into nothing", of(), of(1, 2), of(1, 2)},
		{"nothing", of(1, 2), of(), of(1, 2)},
		{"time 0", of(5), of(0), of(0, 5)},
	}
	for _, tt := range tests {
		got, b := tt.a, tt.b
		if got.Merge(&b); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.rule, got, tt.want)
		}
		if b != tt.b {
			t.Errorf("%s: what was added has changed", tt.rule)
		}
		got.Subtract(&b)
		got.First, got.Last = tt.a.First, tt.a.Last // Subtract cannot know them
		if got != tt.a {
			t.Errorf("%s: taken off again it makes %+v, want %+v", tt.rule, got, tt.a)
		}
	}
}

func TestSubtractKeepsTheTimes(t *testing.T) {
	l := account.Loss{Events: 2, Bytes: 3, First: 10, Last: 20}
	l.Subtract(&account.Loss{Events: 1, Bytes: 1, First: 10, Last: 10})
	if want := (account.Loss{Events: 1, Bytes: 2, First: 10, Last: 20}); l != want {
		t.Errorf("got %+v, want %+v", l, want)
	}
}

func TestLedger(t *testing.T) {
	l := account.Ledger{Accepted: 10}
	o := account.Outcome{Delivered: 3, Bytes: 100, Restamped: 1, Settled: account.Loss{Events: 6}}
	o.Lost[account.TooOld].Events = 2
	o.Lost[account.Refused].Events = 1
	l.Settle(&o)
	l.Settle(&account.Outcome{}) // a request that was refused
	lost := account.Outcome{}
	lost.Lost[account.TooOld].Events = 1
	l.Settle(&lost)
	want := account.Ledger{Accepted: 10, Delivered: 3, Restamped: 1, Batches: 1, DeliveredBytes: 100}
	want.Lost[account.TooOld] = 3
	want.Lost[account.Refused] = 1
	if l != want {
		t.Errorf("got %+v, want %+v", l, want)
	}
}

func TestLevelOf(t *testing.T) {
	tests := []struct {
		level slog.Level
		want  account.Level
		name  string
	}{
		{-1000, account.Debug, "DEBUG"},
		{slog.LevelDebug, account.Debug, "DEBUG"},
		{slog.LevelInfo - 1, account.Debug, "DEBUG"},
		{slog.LevelInfo, account.Info, "INFO"},
		{slog.LevelWarn - 1, account.Info, "INFO"},
		{slog.LevelWarn, account.Warn, "WARN"},
		{slog.LevelError - 1, account.Warn, "WARN"},
		{slog.LevelError, account.Error, "ERROR"},
		{1000, account.Error, "ERROR"},
	}
	for _, tt := range tests {
		if got := account.LevelOf(tt.level); got != tt.want || got.String() != tt.name {
			t.Errorf("%v is %v, want %v", tt.level, got, tt.name)
		}
	}
	if got := account.None.String(); got != "NONE" {
		t.Errorf("none is %q", got)
	}
}
