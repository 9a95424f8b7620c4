package main

import (
	"regexp"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	main() // exits if it fails
	want := regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} : WARN - Watch out! Something happened! order=17$`)
	if got := e.All("my_log_group"); len(got) != 1 || !want.MatchString(got[0]) {
		t.Errorf("got %q, want one message that matches %v", got, want)
	}
}
