package sqlite

import (
	"context"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/cloudwatch-go/cloudwatch/internal/logstore"
)

// Scan implements [logstore.Store]. While visit looks at some events, a
// goroutine reads the next ones.
func (s *Store) Scan(ctx context.Context, r logstore.Range, visit func(*logstore.Event) bool) error {
	c, err := s.readers.get()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	chunks := make(chan chunk, 2)
	ended := make(chan error, 1)
	go func() {
		defer close(chunks)
		ended <- c.scan(ctx, r, chunks)
	}()
	stopped := false
	for some := range chunks {
		for i := range some {
			if !visit(&some[i]) {
				stopped = true
				break
			}
		}
		if stopped {
			break
		}
	}
	cause := ctx.Err()
	stop()
	for range chunks {
	}
	err = <-ended
	s.readers.put(c)
	switch {
	case stopped:
		return nil
	case cause != nil:
		return cause
	}
	return err
}

// chunk is some events in a row. Their messages share one string.
type chunk []logstore.Event

const (
	firstChunk    = 64 // events; often that is all that is wanted
	maxChunk      = 2048
	maxChunkBytes = 512 << 10
)

// scan reads a range. It ends early when ctx ends.
func (c *conn) scan(ctx context.Context, r logstore.Range, chunks chan<- chunk) (err error) {
	c.SetInterrupt(ctx.Done())
	defer c.SetInterrupt(nil)
	if err := c.do("BEGIN"); err != nil {
		return err
	}
	defer func() {
		c.SetInterrupt(nil)
		if end := c.do("COMMIT"); err == nil {
			err = end
		}
	}()
	groupID, err := c.groupID(r.Group)
	if err != nil {
		return err
	}
	sel, err := c.choose(groupID, r)
	if err != nil || sel.none {
		return err
	}
	st, err := c.prepare(sel.query(r), sel.args(r)...)
	if err != nil {
		return err
	}
	defer st.Reset()

	var some chunk
	var ends []int // where each message of some ends in text
	var text []byte
	limit := firstChunk
	flush := func() bool {
		whole, from := string(text), 0
		for i := range some {
			some[i].Message, from = whole[from:ends[i]], ends[i]
		}
		select {
		case chunks <- some:
		case <-ctx.Done():
			return false
		}
		limit = min(4*limit, maxChunk)
		some, ends, text = make(chunk, 0, limit), ends[:0], text[:0]
		return true
	}
	for {
		more, err := st.Step()
		if err != nil {
			return failing(err)
		}
		if !more {
			break
		}
		name, wanted, err := sel.stream(c, st.ColumnInt64(0))
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		from, n := len(text), st.ColumnLen(4)
		if len(some) == limit || len(some) > 0 && from+n > maxChunkBytes {
			if !flush() {
				return ctx.Err()
			}
			from = 0
		}
		text = grow(text, n)
		st.ColumnBytes(4, text[from:])
		ends = append(ends, len(text))
		some = append(some, logstore.Event{
			Position:  logstore.Position{Time: st.ColumnInt64(1), Number: st.ColumnInt64(2)},
			Stream:    name,
			Ingestion: st.ColumnInt64(3),
		})
	}
	if len(some) > 0 {
		flush()
	}
	return nil
}

// grow makes b longer by n bytes.
func grow(b []byte, n int) []byte {
	if free := cap(b) - len(b); free < n {
		b = append(make([]byte, 0, max(2*cap(b), len(b)+n, 16<<10)), b...)
	}
	return b[:len(b)+n]
}

// selection is the way to the events of a range.
type selection struct {
	groupID int64
	none    bool    // there can be no event
	ids     []int64 // read these streams through their index; nil = the whole group
	names   map[int64]streamName
	want    func(name string) bool // of streams that are not in names yet
}

type streamName struct {
	name   string
	wanted bool
}

// maxByIndex is how many streams are read through their index, one by one, and
// merged. With more of them, or when they are more than a few of the group's,
// it is faster to read the whole group and leave out the others.
const maxByIndex = 16

// choose finds the streams of a range.
func (c *conn) choose(groupID int64, r logstore.Range) (*selection, error) {
	sel := &selection{groupID: groupID, names: make(map[int64]streamName)}
	if r.Streams == nil {
		sel.want = func(name string) bool { return strings.HasPrefix(name, r.Prefix) }
		if r.Prefix == "" {
			return sel, nil
		}
		err := c.rows("SELECT id, name FROM log_streams WHERE group_id = ?1 AND name >= ?2 AND name < ?3 LIMIT ?4", func(st *sqlite.Stmt) error {
			sel.add(st.ColumnInt64(0), st.ColumnText(1))
			return nil
		}, groupID, r.Prefix, beyond(r.Prefix), int64(maxByIndex+1))
		if err != nil {
			return nil, err
		}
	} else {
		for _, name := range r.Streams {
			id, err := c.number("SELECT id FROM log_streams WHERE group_id = ?1 AND name = ?2", groupID, name)
			if err != nil {
				return nil, err
			}
			if id == 0 {
				return nil, logstore.ErrNoStream
			}
			sel.add(id, name)
		}
		sel.want = func(string) bool { return false }
	}
	sel.none = len(sel.ids) == 0
	if len(sel.ids) > 1 {
		enough := int64(4 * len(sel.ids))
		n, err := c.number("SELECT count(*) FROM (SELECT 1 FROM log_streams WHERE group_id = ?1 LIMIT ?2)", groupID, enough)
		if err != nil {
			return nil, err
		}
		if len(sel.ids) > maxByIndex || n < enough {
			sel.ids = nil
		}
	}
	return sel, nil
}

func (s *selection) add(id int64, name string) {
	s.ids = append(s.ids, id)
	s.names[id] = streamName{name, true}
}

// stream returns the name of a stream, and whether its events are wanted.
func (s *selection) stream(c *conn, id int64) (string, bool, error) {
	n, known := s.names[id]
	if !known {
		// One that was deleted has no name any more.
		err := c.rows("SELECT name FROM log_streams WHERE id = ?1", func(st *sqlite.Stmt) error {
			n.name = st.ColumnText(0)
			n.wanted = s.want(n.name)
			return nil
		}, id)
		if err != nil {
			return "", false, err
		}
		s.names[id] = n
	}
	return n.name, n.wanted, nil
}

// query asks for the events of the range: stream id, time, number, ingestion
// time, message.
func (s *selection) query(r logstore.Range) string {
	const columns = "SELECT stream_id, time, number, ingestion, message FROM log_events "
	const window = " AND (time, number) >= (?1, ?2) AND (time, number) < (?3, ?4)"
	order := " ORDER BY time, number"
	if r.Backward {
		order = " ORDER BY time DESC, number DESC"
	}
	if s.ids == nil {
		return columns + "WHERE group_id = ?5" + window + order
	}
	var parts []string
	for i := range s.ids {
		parts = append(parts, columns+fmt.Sprintf("INDEXED BY log_events_by_stream WHERE stream_id = ?%d", 5+i)+window)
	}
	return strings.Join(parts, " UNION ALL ") + order
}

func (s *selection) args(r logstore.Range) []any {
	args := []any{r.From.Time, r.From.Number, r.To.Time, r.To.Number}
	if s.ids == nil {
		return append(args, s.groupID)
	}
	for _, id := range s.ids {
		args = append(args, id)
	}
	return args
}
