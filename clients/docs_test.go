package clients_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/clients.md describes every test of this package, and no other.
func TestClientsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/clients.md")
	must(t, err)
	documented := make(map[string]bool)
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1) {
		documented[m[1]] = true
	}
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	for _, file := range files {
		code, err := os.ReadFile(file)
		must(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t `).FindAllStringSubmatch(string(code), -1) {
			if !documented[m[1]] && m[1] != t.Name() {
				t.Errorf("docs/clients.md lacks %s", m[1])
			}
			delete(documented, m[1])
		}
	}
	for name := range documented {
		t.Errorf("docs/clients.md has %s, which does not exist", name)
	}
	// Each row of the page with one of these names has the version that is installed.
	for _, pinned := range []struct{ name, file, before string }{
		{"SDK for Go, cloudwatchlogs", "go.mod", "aws-sdk-go-v2/service/cloudwatchlogs v"},
		{"awslogs", "dockerlog/go.mod", "docker/docker v"},
		{"client-cloudwatch-logs", "node/package.json", `"@aws-sdk/client-cloudwatch-logs": "`},
		{"winston", "node/package.json", `"winston": "`},
		{"winston-cloudwatch", "node/package.json", `"winston-cloudwatch": "`},
	} {
		content, err := os.ReadFile(pinned.file)
		must(t, err)
		version := regexp.MustCompile(regexp.QuoteMeta(pinned.before) + `([0-9.]+)`).FindSubmatch(content)
		if version == nil {
			t.Errorf("%s has no %s", pinned.file, pinned.before)
		} else if want := pinned.name + " " + string(version[1]) + " "; !strings.Contains(string(text), want) {
			t.Errorf("docs/clients.md does not have %q", want)
		}
	}
}
