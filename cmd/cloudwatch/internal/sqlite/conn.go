package sqlite

import (
	"errors"
	"strings"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
)

// conn is a connection, for one goroutine at a time.
type conn struct{ *sqlite.Conn }

// failure is an error of the database, as opposed to one of what was asked.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func isFailure(err error) bool {
	_, ok := errors.AsType[*failure](err)
	return ok
}

func failing(err error) error {
	if err == nil {
		return nil
	}
	return &failure{err}
}

// busyPatience is how long a statement waits for another process that has
// locked the database, such as somebody's sqlite3.
const busyPatience = 10 * time.Second

func openConn(path string, mode sqlite.OpenFlags) (*conn, error) {
	c, err := sqlite.OpenConn(path, mode)
	if err != nil {
		return nil, failing(err)
	}
	k := &conn{c}
	c.SetBusyTimeout(busyPatience)
	for _, q := range []string{
		"PRAGMA synchronous = NORMAL",
		"PRAGMA cache_size = -4000", // 4 MB
		"PRAGMA temp_store = FILE",  // sorting may not fill the memory
	} {
		if err := k.do(q); err != nil {
			return nil, errors.Join(err, k.close())
		}
	}
	return k, nil
}

func (c *conn) close() error { return failing(c.Close()) }

// prepare returns a statement with its arguments, which are of type int64 or
// string. It belongs to the connection, which keeps it for the next time.
func (c *conn) prepare(query string, args ...any) (*sqlite.Stmt, error) {
	st, err := c.Prepare(query)
	if err != nil {
		return nil, failing(err)
	}
	if err := failing(st.Reset()); err != nil {
		return nil, err
	}
	for i, arg := range args {
		switch arg := arg.(type) {
		case int64:
			st.BindInt64(i+1, arg)
		case string:
			st.BindText(i+1, arg)
		case bool:
			st.BindBool(i+1, arg)
		default:
			return nil, failing(errors.New("sqlite: argument of a type that is not foreseen"))
		}
	}
	return st, nil
}

// do runs a statement that returns nothing, or nothing of interest.
func (c *conn) do(query string, args ...any) error {
	return c.rows(query, func(*sqlite.Stmt) error { return nil }, args...)
}

// rows calls each for every row of a result. An error of each is returned as
// it is.
func (c *conn) rows(query string, each func(*sqlite.Stmt) error, args ...any) error {
	st, err := c.prepare(query, args...)
	if err != nil {
		return err
	}
	for {
		more, err := st.Step()
		if err != nil {
			return failing(err)
		}
		if !more {
			return failing(st.Reset())
		}
		if err := each(st); err != nil {
			st.Reset()
			return err
		}
	}
}

// number returns the number that a query has as its only result; 0 if it has
// none.
func (c *conn) number(query string, args ...any) (n int64, err error) {
	err = c.rows(query, func(st *sqlite.Stmt) error { n = st.ColumnInt64(0); return nil }, args...)
	return n, err
}

// script runs several statements, which are not kept.
func (c *conn) script(text string) error {
	for strings.TrimSpace(text) != "" {
		st, left, err := c.PrepareTransient(text)
		if err != nil {
			return failing(err)
		}
		_, err = st.Step()
		if err = errors.Join(err, st.Finalize()); err != nil {
			return failing(err)
		}
		text = text[len(text)-left:]
	}
	return nil
}

// pool keeps connections for reading.
type pool struct {
	path string

	mu   sync.Mutex // guards idle
	idle []*conn
}

// maxIdle connections are kept. There can be more in use, one a request.
const maxIdle = 4

func (p *pool) get() (*conn, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	return openConn(p.path, sqlite.OpenReadOnly)
}

func (p *pool) put(c *conn) {
	p.mu.Lock()
	if len(p.idle) < maxIdle {
		p.idle = append(p.idle, c)
		c = nil
	}
	p.mu.Unlock()
	if c != nil {
		c.close()
	}
}

func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.close())
	}
	p.idle = nil
	return errors.Join(errs...)
}

// read runs queries on a connection of the pool, all on the same state.
func (s *Store) read(do func(*conn) error) error {
	c, err := s.readers.get()
	if err != nil {
		return err
	}
	if err := c.do("BEGIN"); err != nil {
		return errors.Join(err, c.close())
	}
	err = do(c)
	if end := c.do("COMMIT"); end != nil { // it read only: this cannot lose anything
		return errors.Join(err, end, c.close())
	}
	s.readers.put(c)
	return err
}
