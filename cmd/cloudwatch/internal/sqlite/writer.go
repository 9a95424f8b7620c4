package sqlite

import (
	"errors"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// write is a change somebody waits for.
type write struct {
	// do makes the change inside a transaction. When it returns an error that
	// is no failure, it has changed nothing.
	do    func(*conn) error
	bytes int        // about so many are written
	done  chan error // has room for the answer
}

// maxTransaction bounds how many bytes become one transaction, unless a single
// change has more.
const maxTransaction = 8 << 20

// changeBytes is what any change adds to the log, about, besides its events.
const changeBytes = 4 * pageSize

// write has a change made and returns when it is committed.
func (s *Store) write(bytes int, do func(*conn) error) error {
	w := &write{do, bytes, make(chan error, 1)}
	s.writes <- w
	return <-w.done
}

// run makes changes. All that wait become one transaction. When nobody waits,
// and now and then if there is always somebody, events of what was deleted are
// removed.
func (s *Store) run() {
	defer close(s.ended)
	for n := 1; ; n++ {
		first, ok := s.next(n%cleanEvery == 0)
		if !ok {
			return
		}
		if first == nil {
			s.clean()
			continue
		}
		batch, bytes := []*write{first}, first.bytes
	gather:
		for bytes < maxTransaction {
			select {
			case w, ok := <-s.writes:
				if !ok {
					break gather
				}
				batch, bytes = append(batch, w), bytes+w.bytes
			default:
				break gather
			}
		}
		s.commit(batch)
		s.checkpointer.committed(&s.log, bytes+changeBytes*len(batch))
	}
}

const (
	cleanEvery  = 16   // transactions for one that only cleans up
	cleanEvents = 2000 // removed at once: few, since somebody may come meanwhile
)

// next returns the next change; nil if it is time to clean up first. ok is
// false when the store closes.
func (s *Store) next(mayClean bool) (w *write, ok bool) {
	if !s.unclean {
		w, ok = <-s.writes
		return w, ok
	}
	if mayClean {
		return nil, true
	}
	select {
	case w, ok = <-s.writes:
		return w, ok
	default:
		return nil, true
	}
}

// clean removes some events of what was deleted. What fails is tried again
// with the next deletion, or start.
func (s *Store) clean() {
	removed := 0
	err := s.transaction(func() (err error) {
		removed, err = s.writer.removeDeleted(cleanEvents)
		if err != nil || removed == cleanEvents {
			return err
		}
		left, err := s.writer.number("SELECT count(*) FROM deleted_streams")
		s.unclean = left > 0
		return err
	})
	if err != nil {
		s.unclean = false
	}
	s.checkpointer.committed(&s.log, removed*logstore.Overhead+changeBytes)
}

// commit makes the changes of a batch and answers those who wait. If it fails,
// each change is tried alone, so that one cannot make others fail.
func (s *Store) commit(batch []*write) {
	answers := make([]error, len(batch))
	last := s.last
	err := s.transaction(func() error {
		for i, w := range batch {
			if answers[i] = w.do(s.writer); isFailure(answers[i]) {
				return answers[i]
			}
		}
		if s.last == last {
			return nil
		}
		return s.writer.do("UPDATE counters SET value = ?1 WHERE name = 'last_number'", s.last)
	})
	if err != nil {
		s.last = last
		if len(batch) > 1 {
			for i := range batch {
				s.commit(batch[i : i+1])
			}
			return
		}
		answers[0] = err
	}
	for i, w := range batch {
		w.done <- answers[i]
	}
}

func (s *Store) transaction(do func() error) error {
	if err := s.writer.do("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := do()
	if err == nil {
		err = s.writer.do("COMMIT")
	}
	if err != nil && !s.writer.AutocommitEnabled() { // some errors have rolled back already
		err = errors.Join(err, s.writer.do("ROLLBACK"))
	}
	return err
}
