package publish

import (
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

var library = Module{Path: "github.com/cloudwatch-go/cloudwatch", Version: "v0.1.0"}

func TestRequireReleased(t *testing.T) {
	mod := parse(t, `module github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch

go 1.26.0

replace github.com/cloudwatch-go/cloudwatch => ../..

require (
	github.com/cloudwatch-go/cloudwatch v0.0.0-00010101000000-000000000000
	github.com/spf13/cobra v1.10.2
)
`)
	got, err := requireReleased(mod, library)
	if err != nil {
		t.Fatal(err)
	}
	want := `module github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch

go 1.26.0

require (
	github.com/cloudwatch-go/cloudwatch v0.1.0
	github.com/spf13/cobra v1.10.2
)
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRequireReleasedRefusesOtherReplacements(t *testing.T) {
	mod := parse(t, "module example.com/m\n\nreplace example.com/fork => ../fork\n")
	if _, err := requireReleased(mod, library); err == nil || !strings.Contains(err.Error(), "example.com/fork") {
		t.Errorf("got error %v", err)
	}
}

func parse(t *testing.T, text string) *modfile.File {
	t.Helper()
	mod, err := modfile.Parse("go.mod", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return mod
}

func TestTag(t *testing.T) {
	for want, m := range map[string]Module{
		"v0.1.0":                library,
		"cmd/cloudwatch/v0.1.0": {Dir: "cmd/cloudwatch", Version: "v0.1.0"},
	} {
		if got := m.Tag(); got != want {
			t.Errorf("got tag %s, want %s", got, want)
		}
	}
}

func TestValidVersion(t *testing.T) {
	for version, valid := range map[string]bool{
		"v0.1.0":       true,
		"v1.20.3":      true,
		"v0.1.0-rc.1":  true,
		"v0.0.1-check": true,
		"0.1.0":        false,
		"v0.1":         false,
		"v0.1.0+meta":  false,
		"v2.0.0":       false, // needs another module path
		"":             false,
	} {
		if err := validVersion(version); (err == nil) != valid {
			t.Errorf("%q: got error %v", version, err)
		}
	}
}

func TestHasSection(t *testing.T) {
	const changelog = "# Changelog\n\n## Unreleased\n\n## v0.2.0 (2026-12-01)\n\n## v0.1.0\n"
	for version, want := range map[string]bool{"v0.1.0": true, "v0.2.0": true, "v0.3.0": false, "v0.2": false} {
		if got := hasSection(changelog, version); got != want {
			t.Errorf("%s: got %t", version, got)
		}
	}
}
