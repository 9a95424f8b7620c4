package main

import (
	"testing"

	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	t.Setenv("LOGS_ACCESS_ID", "AKIDCUSTOM")
	t.Setenv("LOGS_ACCESS_KEY", "secret")
	main() // exits if it fails
	e.Want("my_log_group", "Watch out! Something happened!")
	e.WantKey("AKIDCUSTOM", "eu-central-1")
}
