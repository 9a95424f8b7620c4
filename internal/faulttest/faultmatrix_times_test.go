package faulttest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

const aDay = 24 * time.Hour

// The service takes a request, but not all events in it.
func TestFaultMatrixPartialRejection(t *testing.T) {
	at := func(i int) *int { return &i }
	var rows []faultRow
	for _, row := range []struct {
		name     string
		info     cloudwatchtest.RejectedInfo // for a batch of ten
		rejected cloudwatch.Rejected
	}{
		{"none named", cloudwatchtest.RejectedInfo{}, cloudwatch.Rejected{}},
		{"too old", cloudwatchtest.RejectedInfo{TooOldEnd: at(3)}, cloudwatch.Rejected{TooOld: 3}},
		{"expired", cloudwatchtest.RejectedInfo{ExpiredEnd: at(4)}, cloudwatch.Rejected{Expired: 4}},
		{"too new", cloudwatchtest.RejectedInfo{TooNewStart: at(8)}, cloudwatch.Rejected{TooNew: 2}},
		{"all kinds", cloudwatchtest.RejectedInfo{TooOldEnd: at(2), ExpiredEnd: at(5), TooNewStart: at(9)}, cloudwatch.Rejected{TooOld: 2, Expired: 3, TooNew: 1}},
		{"all kinds, nothing left", cloudwatchtest.RejectedInfo{TooOldEnd: at(2), ExpiredEnd: at(5), TooNewStart: at(5)}, cloudwatch.Rejected{TooOld: 2, Expired: 3, TooNew: 5}},
		{"expired within too old", cloudwatchtest.RejectedInfo{TooOldEnd: at(6), ExpiredEnd: at(1)}, cloudwatch.Rejected{TooOld: 6}},
		{"indexes beyond the end", cloudwatchtest.RejectedInfo{TooOldEnd: at(1000), ExpiredEnd: at(1 << 30), TooNewStart: at(11)}, cloudwatch.Rejected{TooOld: 10}},
		{"indexes before the start", cloudwatchtest.RejectedInfo{TooOldEnd: at(-1), ExpiredEnd: at(-1 << 30), TooNewStart: at(-7)}, cloudwatch.Rejected{TooNew: 10}},
		{"indexes that cross", cloudwatchtest.RejectedInfo{ExpiredEnd: at(7), TooNewStart: at(3)}, cloudwatch.Rejected{Expired: 7, TooNew: 3}},
	} {
		rows = append(rows,
			faultRow{35, row.name + ", Restamp", cloudwatch.Options{LogStream: testkit.Stream}, func(c *faultScene) {
				c.rejects(row.info, 1, row.rejected.Total(), cloudwatch.Rejected{})
			}},
			faultRow{35, row.name + ", DropUntimely", cloudwatch.Options{LogStream: testkit.Stream, Untimely: cloudwatch.DropUntimely}, func(c *faultScene) {
				c.rejects(row.info, 1, 0, row.rejected)
			}})
	}
	rows = append(rows, faultRow{35, "too old, and again, Restamp", cloudwatch.Options{LogStream: testkit.Stream}, func(c *faultScene) {
		c.rejects(cloudwatchtest.RejectedInfo{TooOldEnd: at(4)}, 2, 0, cloudwatch.Rejected{TooOld: 4})
	}})
	runFaults(t, rows)
}

func (c *faultScene) rejects(info cloudwatchtest.RejectedInfo, times int, restamped int64, rejected cloudwatch.Rejected) {
	c.batch(1)
	c.inject(cloudwatchtest.Fault{Times: times, Rejected: &info})
	c.batch(10)
	if s := c.Stats(); s.Rejected != rejected || s.Restamped != restamped || s.Delivered != 11-rejected.Total() {
		c.Errorf("rejected %+v, restamped %d, delivered %d; want %+v, %d", s.Rejected, s.Restamped, s.Delivered, rejected, restamped)
	}
}

// Events get older than the service takes, for it is out of order.
func TestFaultMatrixLongOutage(t *testing.T) {
	drop := cloudwatch.DropUntimely
	runFaults(t, []faultRow{
		{36, "an outage of 16 days, Restamp", cloudwatch.Options{LogStream: testkit.Stream}, longOutage(16*aDay, 49, cloudwatch.Rejected{})},
		{36, "an outage beyond the retention, Restamp", cloudwatch.Options{LogStream: testkit.Stream, RetentionDays: 1}, longOutage(2*aDay, 25, cloudwatch.Rejected{})},
		{36, "an outage beyond the retention, DropUntimely", cloudwatch.Options{LogStream: testkit.Stream, RetentionDays: 1, Untimely: drop}, longOutage(2*aDay, 0, cloudwatch.Rejected{Expired: 25})},
		{36, "an outage of 16 days and a retention, DropUntimely", cloudwatch.Options{LogStream: testkit.Stream, RetentionDays: 1, Untimely: drop}, longOutage(16*aDay, 0, cloudwatch.Rejected{TooOld: 49, Expired: 15*24 + 1 - 49})},
	})
}

// longOutage has an event each hour, and the outage end half an hour after the
// last one: between two of them is the age that the service takes.
func longOutage(lasts time.Duration, restamped int64, rejected cloudwatch.Rejected) func(c *faultScene) {
	return func(c *faultScene) {
		c.batch(1)
		time.Sleep(time.Minute) // the retention is set
		down := cloudwatchtest.ServiceUnavailable()
		down.RetryAfter = 5 * time.Minute
		end := c.inject(cloudwatchtest.Fault{Error: down})
		events := int64(lasts/time.Hour) + 1
		before := c.Stats()
		c.logs(c.loggers[0], int(events)-1, time.Hour)
		c.logs(c.loggers[0], 1, 30*time.Minute)
		c.wantFew(int64(lasts/(5*time.Minute)), before)
		end()
		time.Sleep(20 * time.Minute)
		c.checkQuiet()
		if s := c.Stats(); s.Rejected != rejected || s.Restamped != restamped || s.Delivered != 1+events-rejected.Total() {
			c.Errorf("rejected %+v, restamped %d, delivered %d of %d; want %+v, %d", s.Rejected, s.Restamped, s.Delivered, events+1, rejected, restamped)
		}
	}
}

// Two clocks do not agree.
func TestFaultMatrixClocks(t *testing.T) {
	opts := cloudwatch.Options{LogStream: testkit.Stream}
	var rows []faultRow
	for _, off := range []time.Duration{time.Hour, -time.Hour, aDay, -aDay, 20 * 365 * aDay, -20 * 365 * aDay} {
		rows = append(rows, faultRow{37, fmt.Sprintf("the service's clock is off by %v", off), opts, func(c *faultScene) {
			c.logs(c.loggers[0], 30, time.Second)
			c.srv.SetClockOffset(off)
			c.faults = append(c.faults, func() { c.srv.SetClockOffset(0) })
			c.logs(c.loggers[0], 120, time.Second)
			c.srv.SetClockOffset(0)
			c.logs(c.loggers[0], 30, time.Second)
			c.delivered(180)
			c.Logf("%d restamped", c.Stats().Restamped)
		}})
		for policy, name := range []string{cloudwatch.Restamp: "Restamp", cloudwatch.DropUntimely: "DropUntimely"} {
			policy := cloudwatch.Untimely(policy)
			rows = append(rows, faultRow{37, fmt.Sprintf("one answer has a Date that is off by %v, %s", off, name), cloudwatch.Options{LogStream: testkit.Stream, Untimely: policy}, func(c *faultScene) {
				c.logs(c.loggers[0], 30, time.Second)
				c.inject(cloudwatchtest.Fault{Operation: "PutLogEvents", Times: 1, DateOffset: off})
				c.logs(c.loggers[0], 300, 3*time.Second)
				s := c.Stats()
				c.Logf("%d restamped, %+v rejected", s.Restamped, s.Rejected)
				if s.Rejected.Total() > 0 || s.Restamped > 0 {
					c.Errorf("%d restamped, %+v rejected", s.Restamped, s.Rejected)
				}
			}})
		}
	}
	runFaults(t, rows)
}
