package projecttest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/cloudwatch-go/cloudwatch"

// What the library may depend on besides the standard library, and why. A
// program that logs should not have to take in more.
var allowed = map[string]string{
	module:                         "the library itself",
	"github.com/aws/aws-sdk-go-v2": "credentials, region, endpoint, signing, errors",
	"github.com/aws/smithy-go":     "the SDK's own foundation",
	"golang.org/x/sys":             "system calls that package syscall lacks",
	compression:                    "gzip for half the CPU time of the standard library's",
}

const compression = "github.com/klauspost/compress"

// What the library may not import although it is in the standard library.
var forbidden = map[string]string{
	"testing":                  "it belongs into tests",
	"net/http/httptest":        "it belongs into tests",
	"log":                      "a logger must not print",
	"unsafe":                   "nothing here needs it",
	module + "/cloudwatchtest": "the endpoint is for tests",
}

func TestDependencyRule(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{.Module.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dep := range strings.Lines(string(out)) {
		path, mod, _ := strings.Cut(strings.TrimSpace(dep), " ")
		if allowed[mod] == "" && !strings.HasPrefix(mod, "github.com/aws/aws-sdk-go-v2/") {
			t.Errorf("the library depends on %s", path)
		}
		if rest, found := strings.CutPrefix(path, compression+"/"); found && rest != "gzip" && rest != "flate" && !strings.HasPrefix(rest, "internal/") {
			t.Errorf("the library depends on %s: gzip is enough", path)
		}
	}

	// The endpoint for tests needs no more than the standard library, and for
	// Config the SDK's core package.
	out, err = exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./cloudwatchtest").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	const core = "github.com/aws/aws-sdk-go-v2/aws"
	for path := range strings.Lines(string(out)) {
		path = strings.TrimSpace(path)
		if !strings.HasPrefix(path, module+"/") && path != core && !strings.HasPrefix(path, "github.com/aws/aws-sdk-go-v2/internal/") &&
			!strings.HasPrefix(path, core+"/") && !strings.HasPrefix(path, "github.com/aws/smithy-go") {
			t.Errorf("cloudwatchtest depends on %s", path)
		}
	}
}

// The rules of the library that a compiler does not hold: it prints only where a program has
// no OnError, does not panic, has nothing unsafe, and does nothing when it is imported.
func TestLibraryRules(t *testing.T) {
	for _, file := range libraryFiles(t) {
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range tree.Imports {
			if why := forbidden[strings.Trim(spec.Path.Value, `"`)]; why != "" {
				t.Errorf("%s imports %s: %s", file, spec.Path.Value, why)
			}
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "init" && n.Recv == nil {
					t.Errorf("%s has an init function", fset.Position(n.Pos()))
				}
			case *ast.CallExpr:
				// FlushOnPanic continues the panic.
				if name, ok := n.Fun.(*ast.Ident); ok && file != "lifecycle.go" && slices.Contains([]string{"panic", "print", "println"}, name.Name) {
					t.Errorf("%s calls %s", fset.Position(n.Pos()), name.Name)
				}
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				if !ok {
					return true
				}
				what := pkg.Name + "." + n.Sel.Name
				if strings.HasPrefix(what, "fmt.Print") || what == "os.Stdout" || what == "os.Stderr" && file != filepath.Join("internal", "pipeline", "stderr.go") ||
					what == "slog.Default" || what == "slog.SetDefault" {
					t.Errorf("%s uses %s", fset.Position(n.Pos()), what)
				}
			}
			return true
		})
	}
}

// libraryFiles returns the non-test files of the library: those of the root package and of all
// packages of this module that it imports.
func libraryFiles(t *testing.T) (files []string) {
	t.Helper()
	const list = `{{range .GoFiles}}{{$.Dir}}/{{.}}
{{end}}{{range .IgnoredGoFiles}}{{$.Dir}}/{{.}}
{{end}}`
	out, err := exec.Command("go", "list", "-deps", "-f", `{{if and .Module (eq .Module.Path "`+module+`")}}`+list+`{{end}}`, ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range strings.Fields(string(out)) {
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			files = append(files, name)
		}
	}
	if len(files) < 100 {
		t.Fatalf("only %d files: %v", len(files), files)
	}
	return files
}

// Every exported name of the library has a doc comment.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	dirs := []string{".", "cloudwatchtest"}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			name := entry.Name()
			if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			tree, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range tree.Decls {
				for _, missing := range undocumented(decl) {
					t.Errorf("%s: %s has no doc comment", fset.Position(missing.Pos()), missing.Name)
				}
			}
		}
	}
}

func undocumented(decl ast.Decl) (names []*ast.Ident) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					names = append(names, s.Name)
				}
				if fields, ok := s.Type.(*ast.StructType); ok && s.Name.IsExported() {
					names = append(names, undocumentedFields(fields)...)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						names = append(names, name)
					}
				}
			}
		}
	}
	return names
}

// undocumentedFields lets a field share the comment of the one before it, as a
// key and its secret do.
func undocumentedFields(s *ast.StructType) (names []*ast.Ident) {
	bare := 0 // fields since the last comment
	for _, f := range s.Fields.List {
		if bare++; f.Doc != nil || f.Comment != nil {
			bare = 0
		}
		for _, name := range f.Names {
			if name.IsExported() && bare > 1 {
				names = append(names, name)
			}
		}
	}
	return names
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	name, ok := t.(*ast.Ident)
	return ok && name.IsExported()
}
