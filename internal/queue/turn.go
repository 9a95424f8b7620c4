package queue

import "github.com/cloudwatch-go/cloudwatch/internal/batch"

// Turn keeps the events of several calls of [Queue.AppendAll] together. Use a pointer to one for
// each series of calls; the zero value is ready to use and may be reused.
type Turn struct {
	_ byte // not empty: two Turns must have different addresses
}

// AppendAll adds copies of the events, in order and without events of another Append or AppendAll
// in between, even while it waits for room. If last is false, the next call with the same turn
// continues the series, and other callers wait for it. A series must be ended, if only by a call
// without events.
//
// Each event is added or dropped on its own, as by [Queue.Append]. dropped is the number of
// events that found no room. After Stop all are refused with [ErrClosed].
func (q *Queue) AppendAll(turn *Turn, events []batch.Event, last bool) (dropped int, err error) {
	q.mu.Lock()
	q.awaitTurn(turn)
	q.turn = turn
	before := q.appended
	for _, e := range events {
		switch q.admit(e, turn, true) {
		case ErrFull:
			dropped++
		case ErrClosed:
			err = ErrClosed
		}
	}
	after := q.appended
	if last {
		q.turn = nil
		q.turnEnded.Broadcast()
	}
	q.mu.Unlock()
	if q.replica != nil && after > before {
		q.replica.Wait(after) // waits for all of them
		for position := before + 1; position < after; position++ {
			q.replica.Wait(position) // returns at once, but a stalled disk is counted for each event
		}
	}
	return dropped, err
}

// awaitTurn waits while another turn is active. It must be called again after any other wait,
// before an event is appended.
func (q *Queue) awaitTurn(turn *Turn) {
	for q.turn != nil && q.turn != turn && !q.closed {
		q.turnEnded.Wait()
	}
}
