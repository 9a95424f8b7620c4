package main

import "testing"

func TestFirstProgram(t *testing.T) {
	const readme = "# Title\n\n```go\nh.Close()\n```\n\n```go\npackage main\n\nfunc main() {}\n```\n\n```go\npackage main\n```\n"
	got, found := firstProgram(readme)
	if want := "package main\n\nfunc main() {}\n"; !found || got != want {
		t.Errorf("got %q, %t, want %q", got, found, want)
	}
	if got, found := firstProgram("# Title\n"); found {
		t.Errorf("found %q in a file without a program", got)
	}
}

func TestCheckContents(t *testing.T) {
	tests := map[string]struct {
		names []string
		valid bool
	}{
		"a module":      {[]string{"go.mod", "cloudwatch.go", "internal/queue/queue.go"}, true},
		"nested module": {[]string{"go.mod", "cmd/cloudwatch/go.mod"}, false},
		"no module":     {[]string{"cloudwatch.go"}, false},
	}
	for name, test := range tests {
		if err := checkContents(test.names); (err == nil) != test.valid {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}
