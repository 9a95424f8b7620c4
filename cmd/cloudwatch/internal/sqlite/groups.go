package sqlite

import (
	"encoding/json"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

const groupColumns = "name, class, kms_key_id, retention_days, protected, created, tags, records"

// group reads a group from the columns of groupColumns.
func group(st *sqlite.Stmt) (logstore.Group, error) {
	g := logstore.Group{
		Name:      st.ColumnText(0),
		Class:     st.ColumnText(1),
		KMSKeyID:  st.ColumnText(2),
		Retention: st.ColumnInt(3),
		Protected: st.ColumnBool(4),
		Created:   st.ColumnInt64(5),
	}
	for column, m := range map[int]*map[string]string{6: &g.Tags, 7: &g.Records} {
		if err := json.Unmarshal([]byte(st.ColumnText(column)), m); err != nil {
			return g, failing(fmt.Errorf("log group %s: %w", g.Name, err))
		}
	}
	return g, nil
}

// groupArgs are the values for the columns of groupColumns.
func groupArgs(g logstore.Group) []any {
	return []any{g.Name, g.Class, g.KMSKeyID, int64(g.Retention), g.Protected, g.Created, asJSON(g.Tags), asJSON(g.Records)}
}

func asJSON(m map[string]string) string {
	text, _ := json.Marshal(m) // a map of strings always encodes
	return string(text)
}

// group returns a group and its id.
func (c *conn) group(name string) (g logstore.Group, id int64, err error) {
	err = c.rows("SELECT "+groupColumns+", id FROM log_groups WHERE name = ?1", func(st *sqlite.Stmt) error {
		id = st.ColumnInt64(8)
		g, err = group(st)
		return err
	}, name)
	if err == nil && id == 0 {
		err = logstore.ErrNoGroup
	}
	return g, id, err
}

// groupID returns the id of a group.
func (c *conn) groupID(name string) (int64, error) {
	id, err := c.number("SELECT id FROM log_groups WHERE name = ?1", name)
	if err == nil && id == 0 {
		err = logstore.ErrNoGroup
	}
	return id, err
}

// CreateGroup implements [logstore.Store].
func (s *Store) CreateGroup(g logstore.Group) error {
	return s.write(0, func(c *conn) error {
		id, err := c.number("SELECT id FROM log_groups WHERE name = ?1", g.Name)
		if err != nil {
			return err
		}
		if id != 0 {
			return logstore.ErrGroupExists
		}
		return c.createGroup(g)
	})
}

func (c *conn) createGroup(g logstore.Group) error {
	return c.do("INSERT INTO log_groups ("+groupColumns+") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", groupArgs(g)...)
}

// Group implements [logstore.Store].
func (s *Store) Group(name string) (g logstore.Group, err error) {
	err = s.read(func(c *conn) error {
		g, _, err = c.group(name)
		return err
	})
	return g, err
}

// Groups implements [logstore.Store].
func (s *Store) Groups(prefix, after string, limit int) (list []logstore.Group, err error) {
	err = s.read(func(c *conn) error {
		return c.rows("SELECT "+groupColumns+" FROM log_groups WHERE name >= ?1 AND name < ?2 AND name > ?3 ORDER BY name LIMIT ?4",
			func(st *sqlite.Stmt) error {
				g, err := group(st)
				list = append(list, g)
				return err
			}, prefix, beyond(prefix), after, int64(limit))
	})
	return list, err
}

// beyond is the end of all that begins with prefix. Names are UTF-8 and
// compared by their bytes; no byte of UTF-8 is 0xff.
func beyond(prefix string) string {
	if prefix == "" {
		return "\xff"
	}
	end := len(prefix) - 1
	return prefix[:end] + string([]byte{prefix[end] + 1})
}

// UpdateGroup implements [logstore.Store].
func (s *Store) UpdateGroup(name string, change func(*logstore.Group) error) error {
	return s.write(0, func(c *conn) error {
		g, id, err := c.group(name)
		if err != nil {
			return err
		}
		if err := change(&g); err != nil {
			return err
		}
		g.Name = name
		return c.do("UPDATE log_groups SET ("+groupColumns+") = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) WHERE id = ?9", append(groupArgs(g), id)...)
	})
}

// DeleteGroup implements [logstore.Store]. Its events are out of sight at once
// and removed later.
func (s *Store) DeleteGroup(name string, allow func(logstore.Group) error) error {
	return s.write(0, func(c *conn) error {
		g, id, err := c.group(name)
		if err != nil {
			return err
		}
		if err := allow(g); err != nil {
			return err
		}
		s.unclean = true
		for _, q := range []string{
			"INSERT INTO deleted_streams (id) SELECT id FROM log_streams WHERE group_id = ?1 AND last_number > 0",
			"DELETE FROM log_streams WHERE group_id = ?1",
			"DELETE FROM log_groups WHERE id = ?1",
		} {
			if err := c.do(q, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// StoredBytes implements [logstore.Store].
func (s *Store) StoredBytes(name string, since int64) (n int64, err error) {
	err = s.read(func(c *conn) error {
		id, err := c.groupID(name)
		if err != nil {
			return err
		}
		all, err := c.number("SELECT sum(bytes) FROM log_streams WHERE group_id = ?1", id)
		if err != nil {
			return err
		}
		before, err := c.number(`SELECT sum(octet_length(message) + ?3) FROM log_events
			WHERE group_id = ?1 AND time < ?2 AND stream_id IN (SELECT id FROM log_streams WHERE group_id = ?1)`, id, since, int64(logstore.Overhead))
		n = all - before
		return err
	})
	return n, err
}
