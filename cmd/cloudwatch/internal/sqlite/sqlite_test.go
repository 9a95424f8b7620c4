package sqlite_test

import (
	"testing"

	"github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch/internal/sqlite"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) logstore.Store { return open(t, t.TempDir()) })
}

func open(t testing.TB, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
