package docs_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testCommand = regexp.MustCompile("go test -run ('[^']*'|[^ '`]+)([^`\n]*)")
	testFunc    = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w*)\(`)
)

// TestCommandsOfThePagesRunTests checks that every "go test -run PATTERN PACKAGE..." in a page
// selects at least one test in each of its packages of this module.
func TestCommandsOfThePagesRunTests(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md") {
		for _, m := range testCommand.FindAllStringSubmatch(readFile(t, page), -1) {
			pattern, _, _ := strings.Cut(strings.ReplaceAll(strings.Trim(m[1], "'"), `\|`, "|"), "/")
			if strings.Contains(pattern, "^$") {
				continue // a benchmark
			}
			selected, err := regexp.Compile(pattern)
			if err != nil {
				t.Errorf("%s: %s: %v", page, m[0], err)
				continue
			}
			arguments, _, _ := strings.Cut(m[2], "-args")
			for _, dir := range strings.Fields(arguments) {
				if dir != "." && !strings.HasPrefix(dir, "./internal/") && !strings.HasPrefix(dir, "./docs") {
					continue // a flag, or in another module
				}
				commands++
				if !hasTest(t, dir, selected) {
					t.Errorf("%s: %s: no such test in %s", page, m[0], dir)
				}
			}
		}
	}
	if commands == 0 {
		t.Error("found no command")
	}
}

// hasTest reports whether a package, or one below it if the path ends with "...", has a test that
// the pattern selects.
func hasTest(t *testing.T, path string, selected *regexp.Regexp) bool {
	t.Helper()
	var files []string
	dir, below := strings.CutSuffix(path, "/...")
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && !below && filepath.Clean(file) != filepath.Clean(dir):
			return fs.SkipDir
		case strings.HasSuffix(file, "_test.go"):
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, name := range testFunc.FindAllStringSubmatch(readFile(t, file), -1) {
			if selected.MatchString(name[1]) {
				return true
			}
		}
	}
	return false
}
