package main

import (
	"testing"

	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	for _, tt := range []struct{ id, key, want string }{
		{"AKIDCUSTOM", "secret", "AKIDCUSTOM"},
		{"", "", "AKIDDEFAULT"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			e := endpoint.Start(t)
			t.Setenv("LOGS_ACCESS_ID", tt.id)
			t.Setenv("LOGS_ACCESS_KEY", tt.key)
			main() // exits if it fails
			if got := e.Messages("my_log_group", "my_log_stream"); len(got) != 1 {
				t.Errorf("got the messages %q, want one", got)
			}
			e.WantKey(tt.want, "eu-central-1")
		})
	}
}
