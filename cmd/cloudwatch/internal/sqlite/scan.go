package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
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
	f := &filler{ctx: ctx, chunks: chunks, limit: firstChunk}
	for _, part := range parts(r) {
		if err := c.scanPart(sel, r, part, f); err != nil {
			return err
		}
	}
	return f.flush()
}

// scanPart reads a part of a range.
func (c *conn) scanPart(sel *selection, r logstore.Range, p part, f *filler) error {
	st, err := c.prepare(sel.query(r, p), append(p.args, sel.args()...)...)
	if err != nil {
		return err
	}
	defer st.Reset()
	for {
		more, err := st.Step()
		if err != nil || !more {
			return failing(err)
		}
		name, wanted, err := sel.stream(c, st.ColumnInt64(0))
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		if err := f.add(st, name); err != nil {
			return err
		}
	}
}

// filler makes chunks of rows.
type filler struct {
	ctx    context.Context
	chunks chan<- chunk

	limit int // events of the chunk that is being filled
	some  chunk
	ends  []int  // where each message of some ends in text
	text  []byte // the messages of some
}

// add takes a row: stream id, time, number, ingestion time, message.
func (f *filler) add(st *sqlite.Stmt, stream string) error {
	n := st.ColumnLen(4)
	if len(f.some) == f.limit || len(f.some) > 0 && len(f.text)+n > maxChunkBytes {
		if err := f.flush(); err != nil {
			return err
		}
	}
	from := len(f.text)
	f.text = grow(f.text, n)
	st.ColumnBytes(4, f.text[from:])
	f.ends = append(f.ends, len(f.text))
	f.some = append(f.some, logstore.Event{
		Position:  logstore.Position{Time: st.ColumnInt64(1), Number: st.ColumnInt64(2)},
		Stream:    stream,
		Ingestion: st.ColumnInt64(3),
	})
	return nil
}

// flush hands over what there is.
func (f *filler) flush() error {
	if len(f.some) == 0 {
		return nil
	}
	whole, from := string(f.text), 0
	for i, end := range f.ends {
		f.some[i].Message, from = whole[from:end], end
	}
	select {
	case f.chunks <- f.some:
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
	f.limit = min(4*f.limit, maxChunk)
	f.some, f.ends, f.text = make(chunk, 0, f.limit), f.ends[:0], f.text[:0]
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

// part is a part of a range that needs no more than one comparison a row,
// which a comparison of (time, number) would.
type part struct {
	where string // with ?1 and so on
	args  []any
}

// parts takes a range apart: the first and the last millisecond where a number
// bounds it, and what is between. They are in the direction of travel.
func parts(r logstore.Range) (list []part) {
	from, to := r.From, r.To
	if !from.Before(to) {
		return nil
	}
	if from.Time == to.Time {
		return []part{{"time = ?1 AND number >= ?2 AND number < ?3", []any{from.Time, from.Number, to.Number}}}
	}
	if from.Number > 0 {
		list = append(list, part{"time = ?1 AND number >= ?2", []any{from.Time, from.Number}})
		from.Time++
	}
	if from.Time < to.Time {
		list = append(list, part{"time >= ?1 AND time < ?2", []any{from.Time, to.Time}})
	}
	if to.Number > 0 {
		list = append(list, part{"time = ?1 AND number < ?2", []any{to.Time, to.Number}})
	}
	if r.Backward {
		slices.Reverse(list)
	}
	return list
}

// query asks for the events of a part of the range: stream id, time, number,
// ingestion time, message.
func (s *selection) query(r logstore.Range, p part) string {
	const columns = "SELECT stream_id, time, number, ingestion, message FROM log_events "
	order := " ORDER BY time, number"
	if r.Backward {
		order = " ORDER BY time DESC, number DESC"
	}
	if s.ids == nil {
		return columns + fmt.Sprintf("WHERE group_id = ?%d AND ", len(p.args)+1) + p.where + order
	}
	var streams []string
	for i := range s.ids {
		streams = append(streams, columns+fmt.Sprintf("INDEXED BY log_events_by_stream WHERE stream_id = ?%d AND ", len(p.args)+1+i)+p.where)
	}
	return strings.Join(streams, " UNION ALL ") + order
}

// args are those of query, besides those of the part.
func (s *selection) args() (args []any) {
	if s.ids == nil {
		return []any{s.groupID}
	}
	for _, id := range s.ids {
		args = append(args, id)
	}
	return args
}
