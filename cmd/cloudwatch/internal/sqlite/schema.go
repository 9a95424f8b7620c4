package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// version of the schema, in PRAGMA user_version. A store refuses a database
// with a higher one. A change of the schema raises it, and brings along a step
// in Open that turns the one before into it; docs/endpoint-store.md changes too.
const version = 1

// applicationID tells our files from other databases, in PRAGMA
// application_id: "cwlg".
const applicationID = 0x63776c67

// pageSize is larger than SQLite's own choice: writing takes a third less time.
const pageSize = 16 << 10

// schema makes the tables. docs/endpoint-store.md says what each column means;
// people query them.
//
// The events of a group lie together in the order FilterLogEvents asks for, so
// reading a group is one run through neighbouring pages. One stream is read
// through the index. AUTOINCREMENT, because the events of what was deleted are
// removed later: an id must not come again until then.
const schema = `
CREATE TABLE log_groups (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	class TEXT NOT NULL,
	kms_key_id TEXT NOT NULL,
	retention_days INTEGER NOT NULL,
	protected INTEGER NOT NULL,
	created INTEGER NOT NULL,
	tags TEXT NOT NULL,
	records TEXT NOT NULL
);
CREATE TABLE log_streams (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	group_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	created INTEGER NOT NULL,
	first_event INTEGER NOT NULL DEFAULT 0,
	last_event INTEGER NOT NULL DEFAULT 0,
	last_ingestion INTEGER NOT NULL DEFAULT 0,
	last_number INTEGER NOT NULL DEFAULT 0,
	bytes INTEGER NOT NULL DEFAULT 0,
	UNIQUE (group_id, name)
);
CREATE TABLE log_events (
	group_id INTEGER NOT NULL,
	time INTEGER NOT NULL,
	number INTEGER NOT NULL,
	stream_id INTEGER NOT NULL,
	ingestion INTEGER NOT NULL,
	message TEXT NOT NULL,
	PRIMARY KEY (group_id, time, number)
) WITHOUT ROWID;
CREATE INDEX log_events_by_stream ON log_events (stream_id, time, number);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE deleted_streams (id INTEGER PRIMARY KEY);
CREATE VIEW events AS
	SELECT g.name AS log_group, s.name AS log_stream,
		strftime('%Y-%m-%dT%H:%M:%f', e.time / 1000.0, 'unixepoch') || 'Z' AS utc,
		e.message, e.time, e.ingestion, e.number
	FROM log_events e JOIN log_streams s ON s.id = e.stream_id JOIN log_groups g ON g.id = e.group_id;
INSERT INTO counters VALUES ('last_number', 0);
`

// checkHeader looks at the header of a file without SQLite, which would write
// to it. Source: "Database File Format", section 1.3.
func checkHeader(path string) (isNew bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var h [100]byte
	n, err := io.ReadFull(f, h[:])
	switch {
	case n == 0:
		return true, nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return false, err
	case n < len(h) || string(h[:16]) != "SQLite format 3\x00":
		return false, errors.New("it is no SQLite database, and left as it is")
	}
	have, id := binary.BigEndian.Uint32(h[60:]), binary.BigEndian.Uint32(h[68:])
	switch {
	case id != applicationID:
		return false, errors.New("it is a database of another program, and left as it is")
	case have > version:
		return false, fmt.Errorf("it has schema version %d, newer than the %d this program knows, and is left as it is: use a newer cloudwatch", have, version)
	}
	return false, nil
}
