package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/pipeline"
)

// Error texts use the right number, and say how the wait ended.
func TestErrorTexts(t *testing.T) {
	because := errors.New("because")
	for _, row := range []struct {
		err  error
		want string
	}{
		{&UndeliveredError{Events: 1, Bytes: 1}, "cloudwatch: 1 event (1 byte) not delivered"},
		{&UndeliveredError{Events: 2, Bytes: 70, Err: context.DeadlineExceeded, Last: because}, "cloudwatch: 2 events (70 bytes) not delivered in time: because"},
		{&UndeliveredError{Events: 2, Err: context.Canceled, Last: because}, "cloudwatch: 2 events not delivered before the context was canceled: because"},
		{&UndeliveredError{Events: 3, Spooled: 1, Err: context.DeadlineExceeded, Last: because}, "cloudwatch: 3 events, 1 of them kept in the spool: not delivered in time: because"},
		{&UndeliveredError{Events: 1, Spooled: 1, Err: pipeline.ErrUnreachable, Last: because}, "cloudwatch: kept in the spool, 1 event: not delivered: because"},
		{&UndeliveredError{Events: 1, Spooled: 1, Err: pipeline.ErrUnreachable}, "cloudwatch: kept in the spool, 1 event: not delivered: the service cannot be reached"},
		{&UndeliveredError{Events: 4, Spooled: 4, Leftover: 3, Err: ErrClosed}, "cloudwatch: kept in the spool, 4 events, 3 of them of ended processes: not delivered: closed, event dropped"},
		{&UndeliveredError{Err: context.DeadlineExceeded}, "cloudwatch: kept in the spool, events of ended processes: not delivered in time"},
		{&LossError{Events: 1, Reason: LossBufferFull}, "cloudwatch: 1 event lost: buffer full"},
		{&LossError{Events: 2, Reason: LossUndelivered, Err: because}, "cloudwatch: 2 events lost: undelivered at shutdown: because"},
		{&DeliveryError{Failures: 1, Err: because}, "cloudwatch: because; retrying"},
		{&DeliveryError{Failures: 2, Err: because}, "cloudwatch: because; retrying after 2 failed attempts"},
	} {
		if got := row.err.Error(); got != row.want {
			t.Errorf("got  %s\nwant %s", got, row.want)
		}
	}
}

// Every loss that is printed comes with advice.
func TestEachLossHasAdvice(t *testing.T) {
	for reason := range account.Reason(account.Reasons) {
		switch reason {
		case account.Empty, account.Closed, account.Undelivered: // not printed
			continue
		}
		loss := public(&pipeline.Loss{Reason: reason})
		if advice(loss) == "" {
			t.Errorf("%v: no advice", loss)
		}
	}
	for _, err := range []error{ErrSpoolFull, ErrSpoolLow, errors.New("no space left on device")} {
		if advice(&SpoolError{Op: "write segment", Path: "/spool", Err: fmt.Errorf("wrapped: %w", err)}) == "" {
			t.Errorf("%v: no advice", err)
		}
	}
}
