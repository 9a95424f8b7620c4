// Package sqlite keeps the state of the endpoint in an SQLite database: a
// [logstore.Store] that survives the process, in a file anybody can look into.
//
// One goroutine writes. All appends that wait become one transaction, so many
// clients share the cost of a commit. Readers have connections of their own
// and see what was committed; SQLite's write-ahead log lets both work at the
// same time. What a method changed has reached the operating system when it
// returns, so it survives the death of the process. A power cut may take the
// last seconds (checkpointEvery, and what the disk takes then); it leaves no
// half transaction.
package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"zombiezen.com/go/sqlite"

	"github.com/cloudwatch-go/cloudwatch/internal/disk"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Names of the files in the directory. SQLite makes two more beside the
// database while it is open, with "-wal" and "-shm" at the end.
const (
	FileName = "logs.db"
	lockName = "lock"
)

// ErrInUse is the error of Open when another process has the store open.
var ErrInUse = errors.New("another cloudwatch is using it")

// Store is a store in a directory.
type Store struct {
	dir  *disk.Dir
	lock *disk.File // held while the store is open
	path string     // of the database

	writer *conn   // of run alone
	last   int64   // number of the last event; of run alone
	log    logSize // of run alone
	// There may be events of what was deleted. Of run alone.
	unclean bool
	writes  chan *write
	ended   chan struct{} // closed when run has returned

	checkpointer *checkpointer
	readers      pool

	closing sync.Once
	err     error // of Close
}

var _ logstore.Store = (*Store)(nil)

// Open opens the store in a directory, and makes both if they are missing. The
// directory must belong to the effective user and to nobody else; one process
// can have it open. The caller closes the store.
func Open(path string) (_ *Store, err error) {
	s := &Store{unclean: true, writes: make(chan *write), ended: make(chan struct{})}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	if s.dir, err = disk.OpenDir(path, disk.Options{}); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if s.lock, err = lock(s.dir); err != nil {
		return nil, fmt.Errorf("open store %s: %w", s.dir.Path(), err)
	}
	s.path = filepath.Join(s.dir.Path(), FileName)
	s.readers.path = s.path
	if err := s.openDatabase(); err != nil {
		return nil, fmt.Errorf("open store %s: %w", s.path, err)
	}
	go s.run()
	return s, nil
}

// Path returns the path of the database.
func (s *Store) Path() string { return s.path }

// lock takes the lock of the directory.
func lock(dir *disk.Dir) (*disk.File, error) {
	f, err := dir.Open(lockName)
	if errors.Is(err, os.ErrNotExist) {
		f, err = dir.Create(lockName, 0)
		if errors.Is(err, os.ErrExist) { // another process was faster
			f, err = dir.Open(lockName)
		}
	}
	if errors.Is(err, disk.ErrLocked) {
		return nil, ErrInUse
	}
	return f, err
}

func (s *Store) openDatabase() error {
	// SQLite would make the file with the mode the umask allows. Its other
	// files get the mode of this one.
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = errors.Join(f.Chmod(0o600), f.Close())
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	isNew, err := checkHeader(s.path)
	if err != nil {
		return err
	}
	if s.writer, err = openConn(s.path, sqlite.OpenReadWrite); err != nil {
		return err
	}
	if isNew {
		err = s.create()
	} else {
		s.last, err = s.writer.number("SELECT value FROM counters WHERE name = 'last_number'")
	}
	if err != nil {
		return err
	}
	if err := s.writer.do("PRAGMA wal_autocheckpoint = 0"); err != nil {
		return err
	}
	s.checkpointer, err = newCheckpointer(s.path)
	return err
}

// create makes the tables of an empty database. Its version is in the header
// of the file when it returns.
func (s *Store) create() error {
	for _, q := range []string{
		fmt.Sprintf("PRAGMA page_size = %d", pageSize),
		"PRAGMA journal_mode = WAL",
		"BEGIN IMMEDIATE",
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
		fmt.Sprintf("PRAGMA user_version = %d", version),
	} {
		if err := s.writer.do(q); err != nil {
			return err
		}
	}
	if err := s.writer.script(schema); err != nil {
		return err
	}
	if err := s.writer.do("COMMIT"); err != nil {
		return err
	}
	return s.writer.do("PRAGMA wal_checkpoint(TRUNCATE)")
}

// Close implements [logstore.Store]. What is waiting to be written is written.
func (s *Store) Close() error {
	s.closing.Do(func() {
		close(s.writes)
		<-s.ended
		s.err = s.release()
	})
	return s.err
}

func (s *Store) release() error {
	errs := []error{s.readers.close()}
	if s.checkpointer != nil {
		errs = append(errs, s.checkpointer.close())
	}
	if s.writer != nil { // the last connection: SQLite tidies up its log
		errs = append(errs, s.writer.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if s.dir != nil {
		errs = append(errs, s.dir.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}
