package cloudwatchtest_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestImports checks that importing the packages adds only the standard library to a program, and
// the SDK's core for Config, with two packages that the core itself imports. This includes the
// packages of this module that they use.
func TestImports(t *testing.T) {
	const internal = "github.com/cloudwatch-go/cloudwatch/internal/"
	forConfig := []string{"github.com/aws/aws-sdk-go-v2/aws", "github.com/aws/smithy-go/middleware", "github.com/aws/smithy-go/transport/http"}
	folders := []string{"."}
	checked := 0
	for i := 0; i < len(folders); i++ {
		files, err := filepath.Glob(filepath.Join(folders[i], "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			checked++
			for _, spec := range f.Imports {
				path := strings.Trim(spec.Path.Value, `"`)
				if ours, ok := strings.CutPrefix(path, internal); ok {
					if folder := filepath.Join("..", "internal", ours); !slices.Contains(folders, folder) {
						folders = append(folders, folder)
					}
					continue
				}
				first, _, _ := strings.Cut(path, "/")
				allowed := !strings.Contains(first, ".") || name == "config.go" && slices.Contains(forConfig, path)
				if !allowed || path == "testing" {
					t.Errorf("%s imports %s", name, path)
				}
			}
		}
	}
	if checked < 10 {
		t.Errorf("only %d files checked", checked)
	}
}
