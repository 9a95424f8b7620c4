package sqlite

import (
	"math"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Importer adds events that have been accepted before, by this store or
// another one, with their ingestion times and in their order. It is for one
// goroutine.
type Importer struct {
	store  *Store
	offset int64 // is added to the numbers events bring along
}

// NewImporter returns an importer. Into a store that never had an event, events
// come with the numbers they have, so that their ids stay; otherwise with such
// that come after all that are there.
func (s *Store) NewImporter() (*Importer, error) {
	i := &Importer{store: s}
	err := s.write(0, func(*conn) error {
		i.offset = s.last
		return nil
	})
	return i, err
}

// Add adds events of a group, in one transaction. Group and streams are created
// if they are missing. An event with number 0, and one with a number that is
// taken, gets the next free one.
func (i *Importer) Add(group string, events []logstore.Event) error {
	size := 0
	for n := range events {
		size += events[n].Size()
	}
	return i.store.write(size, func(c *conn) error {
		groupID, err := c.importGroup(group, events)
		if err != nil {
			return err
		}
		ids := make(map[string]int64)
		for n := range events {
			e := events[n]
			id := ids[e.Stream]
			if id == 0 {
				if id, err = c.importStream(groupID, e); err != nil {
					return err
				}
				ids[e.Stream] = id
			}
			if err := i.add(c, groupID, id, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (i *Importer) add(c *conn, groupID, streamID int64, e logstore.Event) error {
	if e.Number > 0 && e.Number < math.MaxInt64-i.offset {
		e.Number += i.offset
	} else {
		e.Number = i.store.last + 1
	}
	for {
		err := c.do("INSERT OR IGNORE INTO log_events (group_id, stream_id, ingestion, time, number, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			groupID, streamID, e.Ingestion, e.Time, e.Number, e.Message)
		if err != nil {
			return err
		}
		if c.Changes() > 0 {
			break
		}
		e.Number = i.store.last + 1
	}
	i.store.last = max(i.store.last, e.Number)
	return c.do(`UPDATE log_streams SET
		first_event = CASE last_number WHEN 0 THEN ?2 ELSE min(first_event, ?2) END,
		last_event = CASE last_number WHEN 0 THEN ?2 ELSE max(last_event, ?2) END,
		last_ingestion = max(last_ingestion, ?3), last_number = max(last_number, ?4), bytes = bytes + ?5
		WHERE id = ?1`, streamID, e.Time, e.Ingestion, e.Number, int64(e.Size()))
}

// importGroup returns the id of a group, which it creates if it is missing.
func (c *conn) importGroup(name string, events []logstore.Event) (int64, error) {
	id, err := c.groupID(name)
	if err != logstore.ErrNoGroup || len(events) == 0 {
		return id, err
	}
	g := logstore.Group{Name: name, Class: "STANDARD", Created: events[0].Ingestion}
	if err := c.createGroup(g); err != nil {
		return 0, err
	}
	return c.LastInsertRowID(), nil
}

// importStream returns the id of an event's stream, which it creates if it is
// missing.
func (c *conn) importStream(groupID int64, e logstore.Event) (int64, error) {
	id, err := c.number("SELECT id FROM log_streams WHERE group_id = ?1 AND name = ?2", groupID, e.Stream)
	if err != nil || id != 0 {
		return id, err
	}
	if err := c.createStream(groupID, e.Stream, e.Ingestion); err != nil {
		return 0, err
	}
	return c.LastInsertRowID(), nil
}
