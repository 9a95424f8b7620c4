package docs_test

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// Each block of the page with the recipes is a part of an example that its section links to,
// as it stands there but for the indentation. The examples compile and are tested in a
// module of their own.
func TestRecipesAreTheExamples(t *testing.T) {
	const page = "docs/recipes.md"
	link := regexp.MustCompile(`\]\((\.\./examples/[^)#]+\.[a-z]+)\)`)
	blocks := 0
	for section := range strings.SplitSeq(readFile(t, page), "\n## ") {
		title, _, _ := strings.Cut(section, "\n")
		for _, m := range markdownFence.FindAllStringSubmatch(section, -1) {
			blocks++
			found := false
			for _, l := range link.FindAllStringSubmatch(section, -1) {
				found = found || containsIndented(readFile(t, path.Join("docs", l[1])), m[2])
			}
			if !found {
				t.Errorf("%s, %s: no example that it links to contains:\n%s", page, title, m[2])
			}
		}
	}
	if blocks == 0 {
		t.Errorf("%s has no blocks", page)
	}
}

// containsIndented reports whether consecutive lines of a text are those of a block, all
// indented by the same.
func containsIndented(text, block string) bool {
	lines := strings.SplitAfter(text, "\n")
	want := strings.SplitAfter(strings.TrimSuffix(block, "\n")+"\n", "\n")
	want = want[:len(want)-1]
	for i := range len(lines) - len(want) {
		indent, ok := strings.CutSuffix(lines[i], want[0])
		if !ok || strings.TrimSpace(indent) != "" {
			continue
		}
		same := true
		for j, line := range want {
			same = same && (lines[i+j] == indent+line || line == "\n" && lines[i+j] == "\n")
		}
		if same {
			return true
		}
	}
	return false
}

func TestContainsIndented(t *testing.T) {
	const text = "a {\n\t\tb\n\n\t\t\tc\n\t\td\n}\n"
	for block, want := range map[string]bool{
		"b\n\n\tc\nd\n": true,
		"\tc\n":         true,
		"c\n":           true,
		"b\nc\n":        false, // a line is missing
		"b\n\nc\n":      false, // another indentation
		"} \n":          false,
		"}\n":           true,
		"a\n":           false,
		"d\n}\ne\n":     false,
	} {
		if got := containsIndented(text, block); got != want {
			t.Errorf("%q: got %v", block, got)
		}
	}
}
