package sqlite

import (
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
)

// A checkpoint copies what was committed from SQLite's log into the database,
// and syncs both. It is made beside the writer, who would stand still for the
// time the disk takes to sync.
const (
	// checkpointEvery bounds what a power cut takes.
	checkpointEvery = 5 * time.Second
	// checkpointBytes of events in the log are due at once.
	checkpointBytes = 32 << 20
	// maxLogBytes bounds the log. It can begin again at its start only when all
	// of it has been copied and the writer has added nothing meanwhile; so from
	// here on the writer waits.
	maxLogBytes = 256 << 20
)

// checkpointer makes checkpoints.
type checkpointer struct {
	conn  *conn         // of run alone
	dirty chan struct{} // has room for one: something was committed
	full  chan struct{} // has room for one: a checkpoint is due at once
	wait  chan chan struct{}
	quit  chan struct{}
	ended chan struct{} // closed when run has returned

	copied atomic.Bool // the last checkpoint left nothing in the log
}

func newCheckpointer(path string) (*checkpointer, error) {
	c, err := openConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	k := &checkpointer{
		conn:  c,
		dirty: make(chan struct{}, 1),
		full:  make(chan struct{}, 1),
		wait:  make(chan chan struct{}),
		quit:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	go k.run()
	return k, nil
}

func (k *checkpointer) run() {
	defer close(k.ended)
	var due <-chan time.Time
	for {
		var waiting chan struct{}
		select {
		case <-k.dirty:
			if due == nil {
				due = time.After(checkpointEvery)
			}
			continue
		case <-due:
		case <-k.full:
		case waiting = <-k.wait:
		case <-k.quit:
			return
		}
		due = nil
		k.checkpoint()
		if waiting != nil {
			close(waiting)
		}
	}
}

// checkpoint copies all that is not in use. An error is left to the writer,
// who will meet it as well; the log only becomes longer.
func (k *checkpointer) checkpoint() {
	all := false
	err := k.conn.rows("PRAGMA wal_checkpoint(PASSIVE)", func(st *sqlite.Stmt) error {
		all = st.ColumnInt(0) == 0 && st.ColumnInt(1) == st.ColumnInt(2)
		return nil
	})
	k.copied.Store(err == nil && all)
}

// committed tells that about so many bytes have been added to the log. The
// writer calls it between two transactions, and may have to wait.
func (k *checkpointer) committed(log *logSize, bytes int) {
	log.all += bytes
	log.fresh += bytes
	signal(k.dirty)
	if log.fresh < checkpointBytes {
		return
	}
	log.fresh = 0
	if log.all < maxLogBytes {
		signal(k.full)
		return
	}
	done := make(chan struct{})
	k.wait <- done
	<-done
	if k.copied.Load() {
		log.all = 0
	}
}

// logSize is what the writer knows of the log.
type logSize struct {
	all   int // bytes since it began at its start
	fresh int // bytes since a checkpoint was asked for
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (k *checkpointer) close() error {
	close(k.quit)
	<-k.ended
	return k.conn.close()
}
