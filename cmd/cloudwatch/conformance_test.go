package main

import (
	"testing"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch/internal/sqlite"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/conformance"
)

// The endpoint keeps the documented rules with its events in SQLite too.
func TestConformanceInSQLite(t *testing.T) {
	store, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	srv, err := cloudwatchtest.Open(cloudwatchtest.Options{Addr: "127.0.0.1:0", Store: store})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	for _, f := range conformance.CheckAll(t.Context(), conformance.Target{Config: srv.Config()}) {
		t.Run(f.Rule.Name(), func(t *testing.T) {
			if f.Err != nil {
				t.Error(f.Err)
			}
		})
	}
}
