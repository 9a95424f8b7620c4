package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const released = `// Package m is released.
package m

// T is exported.
type T struct{}

// M is a method.
func (*T) M() {}

// F is a function.
func F() {}
`

func TestGate(t *testing.T) {
	tests := map[string]struct {
		tag       string
		replace   string
		by        string
		changelog string
		refused   string // part of the error, "" for none
	}{
		"nothing changed":               {tag: "v0.1.0"},
		"function added":                {tag: "v0.1.0", replace: "func F() {}", by: "func F() {}\n\n// G is new.\nfunc G() {}"},
		"function removed":              {tag: "v0.1.0", replace: "func F() {}", refused: "incompatible changes: 1: undo"},
		"function removed and listed":   {tag: "v0.1.0", replace: "func F() {}", changelog: "- `F` is removed.\n"},
		"another is listed":             {tag: "v0.1.0", replace: "func F() {}", changelog: "- `G` is removed.\n", refused: "incompatible"},
		"method changed":                {tag: "v0.1.0", replace: "M() {}", by: "M(int) {}", refused: "incompatible"},
		"method changed and listed":     {tag: "v0.1.0", replace: "M() {}", by: "M(int) {}", changelog: "- `T.M` takes an int.\n"},
		"listed with its package":       {tag: "v0.1.0", replace: "M() {}", by: "M(int) {}", changelog: "- `m.T.M` takes an int.\n"},
		"a stable version is a promise": {tag: "v1.0.0", replace: "func F() {}", changelog: "- `F` is removed.\n", refused: "major version"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "go.mod", "module example.com/m\n\ngo 1.26.0\n")
			write(t, dir, "m.go", released)
			write(t, dir, "CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n")
			for _, args := range [][]string{
				{"init", "--quiet"},
				{"add", "."},
				{"-c", "user.name=x", "-c", "user.email=x@example.invalid", "commit", "--quiet", "-m", "m: start"},
				{"tag", test.tag},
			} {
				if _, err := git(dir, args...); err != nil {
					t.Fatal(err)
				}
			}
			write(t, dir, "m.go", strings.Replace(released, test.replace, test.by, 1))
			write(t, dir, "CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n"+test.changelog+"\n## v0.0.1\n\n- `F` and `T.M` are new.\n")

			err := run(dir)
			switch {
			case test.refused == "" && err != nil:
				t.Error(err)
			case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
				t.Errorf("got error %v, want one about %q", err, test.refused)
			}
		})
	}
}

func TestGatePassesWithoutTag(t *testing.T) {
	dir := t.TempDir()
	if _, err := git(dir, "init", "--quiet"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-c", "user.name=x", "-c", "user.email=x@example.invalid", "commit", "--quiet", "--allow-empty", "-m", "m: start"},
	} {
		if _, err := git(dir, args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(dir); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
