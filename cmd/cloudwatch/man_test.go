package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

var (
	manDir     = flag.String("man", "", "write the manual pages to `DIR`")
	manVersion = flag.String("man-version", "", "`VERSION` in the manual pages")
	manDate    = flag.String("man-date", "2006-01-02", "`DATE` in the manual pages")
)

// The generator of the manual pages is a test, so that its dependencies stay out of the command.
func TestManPages(t *testing.T) {
	dir := *manDir
	if dir == "" {
		dir = t.TempDir()
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	date, err := time.Parse(time.DateOnly, *manDate)
	if err != nil {
		t.Fatal(err)
	}
	root := (&program{getenv: func(string) string { return "" }}).rootCommand()
	root.DisableAutoGenTag = true // a date that would differ in every build
	indentHelp(root)
	header := &doc.GenManHeader{Section: "1", Source: strings.TrimSpace("cloudwatch " + *manVersion), Manual: "CloudWatch Logs", Date: &date}
	if err := doc.GenManTree(root, header, dir); err != nil {
		t.Fatal(err)
	}

	for page, wants := range map[string][]string{
		"cloudwatch.1":              {"Exit codes", "cloudwatch-put(1)"},
		"cloudwatch-put.1":          {"my_log_group", "--timestamp-layout"},
		"cloudwatch-serve.1":        {"--max-bytes", "throttle"},
		"cloudwatch-spool-verify.1": {"cloudwatch-spool(1)"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(strings.ReplaceAll(string(text), `\-`, "-"), want) {
				t.Errorf("%s lacks %q", page, want)
			}
		}
	}
}

// indentHelp makes the tables of the help text code blocks of Markdown, which the generator reads.
func indentHelp(cmd *cobra.Command) {
	lines := strings.Split(cmd.Long, "\n")
	table := false
	for i, line := range lines {
		starts := !table && strings.HasPrefix(line, "  ")
		if table = strings.HasPrefix(line, "  "); table {
			lines[i] = "  " + line
		}
		if starts {
			lines[i] = "\n" + lines[i] // a code block begins after an empty line
		}
	}
	cmd.Long = strings.Join(lines, "\n")
	for _, sub := range cmd.Commands() {
		indentHelp(sub)
	}
}
