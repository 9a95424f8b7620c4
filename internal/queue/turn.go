package queue

import "github.com/cloudwatch-go/cloudwatch/internal/batch"

// Turn lets the events of several calls of AppendAll stay together. Use a pointer to one
// for each series of calls; the zero value is ready, also to be used again.
type Turn struct {
	_ byte // two of them must not have the same address
}

// AppendAll takes copies of the events, in order, and lets no event of another Append or
// AppendAll in between, even while it waits for room. Unless it is the last call of a turn,
// the next one with the same turn goes on where this one ends, and the others wait for it.
// The turn must be ended, if only by a call without events.
//
// Each event is let in or dropped by itself, as by Append. dropped is how many found no
// room. After Close all are refused, and the error is ErrClosed.
func (q *Queue) AppendAll(turn *Turn, events []batch.Event, last bool) (dropped int, err error) {
	q.mu.Lock()
	q.awaitTurn(turn)
	q.turn = turn
	before := q.taken
	for _, e := range events {
		switch q.admit(e, turn, true) {
		case ErrFull:
			dropped++
		case ErrClosed:
			err = ErrClosed
		}
	}
	after := q.taken
	if last {
		q.turn = nil
		q.turnEnded.Broadcast()
	}
	q.mu.Unlock()
	if q.replica != nil && after > before {
		q.replica.Wait(after) // for all of them at once
		for position := before + 1; position < after; position++ {
			q.replica.Wait(position) // none any more, but where the disk stalls each is counted
		}
	}
	return dropped, err
}

// awaitTurn waits while another turn goes on. After any other wait, it must be called again
// before an event is appended.
func (q *Queue) awaitTurn(turn *Turn) {
	for q.turn != nil && q.turn != turn && !q.closed {
		q.turnEnded.Wait()
	}
}
