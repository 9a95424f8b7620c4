package sqlite

import (
	"zombiezen.com/go/sqlite"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Append implements [logstore.Store].
func (s *Store) Append(groupName, name string, ingestion int64, events []logstore.NewEvent) (last int64, err error) {
	size := len(events) * logstore.Overhead
	for i := range events {
		size += len(events[i].Message)
	}
	err = s.write(size, func(c *conn) error {
		_, id, groupID, err := c.stream(groupName, name)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			last = s.last
			return nil
		}
		insert, err := c.prepare("INSERT INTO log_events (group_id, stream_id, ingestion, time, number, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			groupID, id, ingestion)
		if err != nil {
			return err
		}
		for i := range events {
			s.last++
			insert.BindInt64(4, events[i].Timestamp)
			insert.BindInt64(5, s.last)
			insert.BindText(6, events[i].Message)
			if _, err := insert.Step(); err != nil {
				return failing(err)
			}
			if err := insert.Reset(); err != nil {
				return failing(err)
			}
		}
		last = s.last
		return c.do(`UPDATE log_streams SET
			first_event = CASE last_number WHEN 0 THEN ?2 ELSE min(first_event, ?2) END,
			last_event = CASE last_number WHEN 0 THEN ?3 ELSE max(last_event, ?3) END,
			last_ingestion = ?4, last_number = ?5, bytes = bytes + ?6
			WHERE id = ?1`, id, events[0].Timestamp, events[len(events)-1].Timestamp, ingestion, last, int64(size))
	})
	return last, err
}

// Arrived implements [logstore.Store].
func (s *Store) Arrived(groupName, name string) (events []logstore.Event, err error) {
	err = s.read(func(c *conn) error {
		_, id, _, err := c.stream(groupName, name)
		if err != nil {
			return err
		}
		events, err = c.arrived(id, name)
		return err
	})
	return events, err
}

// Take implements [logstore.Store].
func (s *Store) Take(groupName, name string) (events []logstore.Event, err error) {
	err = s.write(0, func(c *conn) error {
		stream, id, groupID, err := c.stream(groupName, name)
		if err != nil {
			return err
		}
		if events, err = c.arrived(id, name); err != nil {
			return err
		}
		s.unclean = true
		if err := c.deleteStream(id); err != nil {
			return err
		}
		return c.createStream(groupID, name, stream.Created)
	})
	return events, err
}

// arrived returns the events of a stream by number.
func (c *conn) arrived(id int64, name string) (events []logstore.Event, err error) {
	err = c.rows("SELECT time, number, ingestion, message FROM log_events WHERE stream_id = ?1 ORDER BY number", func(st *sqlite.Stmt) error {
		events = append(events, logstore.Event{
			Position:  logstore.Position{Time: st.ColumnInt64(0), Number: st.ColumnInt64(1)},
			Stream:    name,
			Ingestion: st.ColumnInt64(2),
			Message:   text(st, 3),
		})
		return nil
	}, id)
	return events, err
}

// text returns a text whole, even if it has a zero byte in it.
func text(st *sqlite.Stmt, column int) string {
	b := make([]byte, st.ColumnLen(column))
	return string(b[:st.ColumnBytes(column, b)])
}
