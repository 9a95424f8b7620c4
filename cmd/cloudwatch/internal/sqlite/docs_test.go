package sqlite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

const docs = "../../../../docs/endpoint-store.md"

// query has the plain sqlite3 tool answer a query, lines of values with a bar
// between them.
func query(t *testing.T, database, sql string) string {
	t.Helper()
	tool, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("the tool sqlite3 is not installed")
	}
	out, err := exec.Command(tool, "-readonly", database, sql).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", sql, err, out)
	}
	return strings.TrimSpace(string(out))
}

// The queries on the page work while the store is open.
func TestDocumentedQueries(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.CreateGroup(logstore.Group{Name: "my_log_group"}))
	must(t, s.CreateStream("my_log_group", "web-1", 1))
	must(t, s.CreateGroup(logstore.Group{Name: "other"}))
	must(t, s.CreateStream("other", "s", 1))
	_, err := s.Append("my_log_group", "web-1", 1_790_000_000_500, []logstore.NewEvent{
		{Timestamp: 1_790_000_000_007, Message: `{"level":"ERROR","msg":"a"}`},
		{Timestamp: 1_790_000_000_008, Message: `{"level":"INFO","msg":"b"}`},
		{Timestamp: 1_790_000_000_009, Message: `no JSON`},
		{Timestamp: 1_790_003_600_000, Message: `{"level":"ERROR","msg":"c"}`},
	})
	must(t, err)
	_, err = s.Append("other", "s", 1, []logstore.NewEvent{{Timestamp: 1, Message: "x"}})
	must(t, err)
	must(t, s.DeleteGroup("other", func(logstore.Group) error { return nil }))

	page, err := os.ReadFile(docs)
	must(t, err)
	var queries []string
	for _, m := range regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllSubmatch(page, -1) {
		queries = append(queries, string(m[1]))
	}
	want := []string{
		"2026-09-21T15:13:20.000Z|web-1|{\"level\":\"ERROR\",\"msg\":\"c\"}\n" +
			"2026-09-21T14:13:20.009Z|web-1|no JSON\n" +
			"2026-09-21T14:13:20.008Z|web-1|{\"level\":\"INFO\",\"msg\":\"b\"}\n" +
			"2026-09-21T14:13:20.007Z|web-1|{\"level\":\"ERROR\",\"msg\":\"a\"}",
		"2026-09-21T14|1\n2026-09-21T15|1",
		"my_log_group|1|191",
	}
	if len(queries) != len(want) {
		t.Fatalf("%d queries on the page, want %d", len(queries), len(want))
	}
	for i, q := range queries {
		if got := query(t, s.Path(), q); got != want[i] {
			t.Errorf("%s\ngot\n%s\nwant\n%s", q, got, want[i])
		}
	}
	if got := query(t, s.Path(), "SELECT log_stream, message FROM events LIMIT 1"); got != `web-1|{"level":"ERROR","msg":"a"}` {
		t.Errorf("got %s", got)
	}
	if got := query(t, s.Path(), "PRAGMA integrity_check"); got != "ok" {
		t.Errorf("integrity: %s", got)
	}
}

// Every table, view and column is on the page.
func TestDocumentedSchema(t *testing.T) {
	s := open(t, t.TempDir())
	page, err := os.ReadFile(docs)
	must(t, err)
	named := regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(string(page), -1)
	has := func(name string) bool {
		return slices.ContainsFunc(named, func(m []string) bool { return m[1] == name })
	}
	tables := strings.Fields(query(t, s.Path(), "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"))
	if len(tables) < 6 {
		t.Fatalf("only %v", tables)
	}
	for _, table := range tables {
		if !has(table) {
			t.Errorf("%s lacks %s", filepath.Base(docs), table)
		}
		if table == "counters" || table == "deleted_streams" { // of no use to readers
			continue
		}
		for _, column := range strings.Fields(query(t, s.Path(), "SELECT name FROM pragma_table_info('"+table+"')")) {
			if !has(column) {
				t.Errorf("%s lacks %s.%s", filepath.Base(docs), table, column)
			}
		}
	}
}
