package clients_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/clients.md tells of every test here, and of no other.
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
				t.Errorf("docs/clients.md does not tell of %s", m[1])
			}
			delete(documented, m[1])
		}
	}
	for name := range documented {
		t.Errorf("docs/clients.md tells of %s, which does not exist", name)
	}
	// The versions are those that are installed.
	for file, names := range map[string][]string{
		"go.mod":            {"aws-sdk-go-v2/service/cloudwatchlogs v1.92.0"},
		"dockerlog/go.mod":  {"docker/docker v28.5.2+incompatible"},
		"node/package.json": {`"@aws-sdk/client-cloudwatch-logs": "3.1169.0"`, `"winston": "3.19.0"`, `"winston-cloudwatch": "6.3.0"`},
	} {
		pinned, err := os.ReadFile(file)
		must(t, err)
		for _, name := range names {
			if !strings.Contains(string(pinned), name) {
				t.Errorf("%s does not have %s", file, name)
			}
		}
	}
}
