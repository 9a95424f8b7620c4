package main

import (
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	main() // exits if it fails
	e.Want("my_log_group", `"msg":"Watch out! Something happened!","order":17}`)
}

// zapcore.AddSync keeps the Sync of a writer that has one.
func TestAddSync(t *testing.T) {
	e := endpoint.Start(t)
	w, err := cloudwatch.NewWriter("my_log_group", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	syncer := zapcore.AddSync(w)
	if _, err := syncer.Write([]byte("no newline yet")); err != nil {
		t.Fatal(err)
	}
	if err := syncer.Sync(); err != nil {
		t.Fatal(err)
	}
	e.Want("my_log_group", "no newline yet")
}
