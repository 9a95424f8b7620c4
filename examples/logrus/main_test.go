package main

import (
	"testing"

	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	if err := run(); err != nil {
		t.Fatal(err)
	}
	e.Want("my_log_group", `"level":"warning","msg":"Watch out! Something happened!","order":17`)
}
