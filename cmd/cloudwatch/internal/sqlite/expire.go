package sqlite

import (
	"math"

	"zombiezen.com/go/sqlite"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Expire implements [logstore.Store].
func (s *Store) Expire(groupName string, before int64, limit int) (removed int, err error) {
	some := false
	err = s.read(func(c *conn) error { // most of the time there is nothing
		id, err := c.groupID(groupName)
		if err != nil {
			return err
		}
		return c.rows("SELECT 1 FROM log_events WHERE group_id = ?1 AND time < ?2 LIMIT 1", func(*sqlite.Stmt) error {
			some = true
			return nil
		}, id, before)
	})
	if err != nil || !some {
		return 0, err
	}
	err = s.write(0, func(c *conn) error {
		id, err := c.groupID(groupName)
		if err != nil {
			return err
		}
		removed, err = c.expire(id, before, limit, math.MaxInt64)
		return err
	})
	return removed, err
}

// expire removes the earliest events of a group from before a time, until so
// many bytes are removed.
func (c *conn) expire(groupID, before int64, limit int, bytes int64) (removed int, err error) {
	var end logstore.Position // the events before it go
	err = c.rows("SELECT time, number, octet_length(message) FROM log_events WHERE group_id = ?1 AND time < ?2 ORDER BY time, number LIMIT ?3",
		func(st *sqlite.Stmt) error {
			if bytes > 0 {
				bytes -= st.ColumnInt64(2) + logstore.Overhead
				end = logstore.Position{Time: st.ColumnInt64(0), Number: st.ColumnInt64(1) + 1}
			}
			return nil
		}, groupID, before, int64(limit))
	if err != nil {
		return 0, err
	}
	const gone = "FROM log_events WHERE group_id = ?1 AND (time, number) < (?2, ?3)"
	err = c.do(`UPDATE log_streams SET bytes = bytes - gone.size
		FROM (SELECT stream_id, sum(octet_length(message) + ?4) AS size `+gone+` GROUP BY stream_id) AS gone
		WHERE log_streams.id = gone.stream_id`, groupID, end.Time, end.Number, int64(logstore.Overhead))
	if err != nil {
		return 0, err
	}
	if err := c.do("DELETE "+gone, groupID, end.Time, end.Number); err != nil {
		return 0, err
	}
	return c.Changes(), nil
}

// removeDeleted removes events of streams that were deleted.
func (c *conn) removeDeleted(limit int) (removed int, err error) {
	id, err := c.number("SELECT id FROM deleted_streams LIMIT 1")
	if err != nil || id == 0 {
		return 0, err
	}
	err = c.do(`DELETE FROM log_events WHERE (group_id, time, number) IN
		(SELECT group_id, time, number FROM log_events INDEXED BY log_events_by_stream WHERE stream_id = ?1 LIMIT ?2)`, id, int64(limit))
	if err != nil {
		return 0, err
	}
	if removed = c.Changes(); removed < limit { // that was all of it
		err = c.do("DELETE FROM deleted_streams WHERE id = ?1", id)
	}
	return removed, err
}

// Trim implements [logstore.Store]. It counts the pages of the database that
// are in use, since the file does not become smaller. Events of what was
// deleted go first, and count as removed.
func (s *Store) Trim(bytes int64, limit int) (removed int, err error) {
	var used int64
	err = s.read(func(c *conn) error {
		used, err = c.number("SELECT (p.page_count - f.freelist_count) * ?1 FROM pragma_page_count AS p, pragma_freelist_count AS f", int64(pageSize))
		return err
	})
	if err != nil || used <= bytes {
		return 0, err
	}
	err = s.write(0, func(c *conn) error {
		if removed, err = c.removeDeleted(limit); err != nil || removed > 0 {
			return err
		}
		id, err := c.oldestGroup()
		if err != nil || id == 0 {
			return err
		}
		removed, err = c.expire(id, math.MaxInt64, limit, used-bytes)
		return err
	})
	return removed, err
}

// oldestGroup returns the id of the group that has the earliest event.
func (c *conn) oldestGroup() (int64, error) {
	return c.number(`SELECT id FROM log_groups g JOIN log_events e ON e.group_id = g.id
		AND (e.time, e.number) = (SELECT time, number FROM log_events WHERE group_id = g.id ORDER BY time, number LIMIT 1)
		ORDER BY e.time, e.number LIMIT 1`)
}
