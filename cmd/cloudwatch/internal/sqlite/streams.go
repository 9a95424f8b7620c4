package sqlite

import (
	"zombiezen.com/go/sqlite"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

const streamColumns = "name, created, first_event, last_event, last_ingestion, last_number, bytes"

// stream reads a stream from the columns of streamColumns.
func stream(st *sqlite.Stmt) logstore.Stream {
	return logstore.Stream{
		Name:          st.ColumnText(0),
		Created:       st.ColumnInt64(1),
		First:         st.ColumnInt64(2),
		Last:          st.ColumnInt64(3),
		LastIngestion: st.ColumnInt64(4),
		LastNumber:    st.ColumnInt64(5),
		Bytes:         st.ColumnInt64(6),
	}
}

// stream returns a stream and the ids of it and its group.
func (c *conn) stream(groupName, name string) (s logstore.Stream, id, groupID int64, err error) {
	if groupID, err = c.groupID(groupName); err != nil {
		return s, 0, 0, err
	}
	err = c.rows("SELECT "+streamColumns+", id FROM log_streams WHERE group_id = ?1 AND name = ?2", func(st *sqlite.Stmt) error {
		s, id = stream(st), st.ColumnInt64(7)
		return nil
	}, groupID, name)
	if err == nil && id == 0 {
		err = logstore.ErrNoStream
	}
	return s, id, groupID, err
}

// CreateStream implements [logstore.Store].
func (s *Store) CreateStream(groupName, name string, created int64) error {
	return s.write(0, func(c *conn) error {
		_, _, groupID, err := c.stream(groupName, name)
		switch err {
		case nil:
			return logstore.ErrStreamExists
		case logstore.ErrNoStream:
			return c.createStream(groupID, name, created)
		}
		return err
	})
}

func (c *conn) createStream(groupID int64, name string, created int64) error {
	return c.do("INSERT INTO log_streams (group_id, name, created) VALUES (?1, ?2, ?3)", groupID, name, created)
}

// Stream implements [logstore.Store].
func (s *Store) Stream(groupName, name string) (found logstore.Stream, err error) {
	err = s.read(func(c *conn) error {
		found, _, _, err = c.stream(groupName, name)
		return err
	})
	return found, err
}

// Streams implements [logstore.Store].
func (s *Store) Streams(l logstore.StreamList) (list []logstore.Stream, err error) {
	err = s.read(func(c *conn) error {
		groupID, err := c.groupID(l.Group)
		if err != nil {
			return err
		}
		query, args := streamQuery(l, groupID)
		return c.rows(query, func(st *sqlite.Stmt) error {
			list = append(list, stream(st))
			return nil
		}, args...)
	})
	return list, err
}

func streamQuery(l logstore.StreamList, groupID int64) (query string, args []any) {
	query = "SELECT " + streamColumns + " FROM log_streams WHERE group_id = ?1 AND name >= ?2 AND name < ?3"
	args = []any{groupID, l.Prefix, beyond(l.Prefix), int64(l.Limit)}
	after, direction := ">", ""
	if l.Descending {
		after, direction = "<", " DESC"
	}
	if l.After != nil {
		args = append(args, l.After.Name)
		if l.ByTime {
			query += " AND (last_event, name) " + after + " (?6, ?5)"
			args = append(args, l.After.Last)
		} else {
			query += " AND name " + after + " ?5"
		}
	}
	query += " ORDER BY "
	if l.ByTime {
		query += "last_event" + direction + ", "
	}
	return query + "name" + direction + " LIMIT ?4", args
}

// DeleteStream implements [logstore.Store]. Its events are out of sight at once
// and removed later.
func (s *Store) DeleteStream(groupName, name string, allow func(logstore.Group) error) error {
	return s.write(0, func(c *conn) error {
		g, _, err := c.group(groupName)
		if err != nil {
			return err
		}
		_, id, _, err := c.stream(groupName, name)
		if err != nil {
			return err
		}
		if err := allow(g); err != nil {
			return err
		}
		s.unclean = true
		return c.deleteStream(id)
	})
}

func (c *conn) deleteStream(id int64) error {
	if err := c.do("INSERT INTO deleted_streams (id) VALUES (?1)", id); err != nil {
		return err
	}
	return c.do("DELETE FROM log_streams WHERE id = ?1", id)
}
