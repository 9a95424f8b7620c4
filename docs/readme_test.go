package docs_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch"
)

const modulePath = "github.com/cloudwatch-go/cloudwatch"

// markdownBlock is a fenced block of a Markdown file.
type markdownBlock struct {
	text string
	line int // of its first line
}

var markdownFence = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

func markdownBlocks(t *testing.T, file, language string) (found []markdownBlock) {
	t.Helper()
	text := readFile(t, file)
	for _, m := range markdownFence.FindAllStringSubmatchIndex(text, -1) {
		if text[m[2]:m[3]] == language {
			found = append(found, markdownBlock{text[m[4]:m[5]], strings.Count(text[:m[4]], "\n") + 1})
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has no block of %s", file, language)
	}
	return found
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

// section returns the part of a Markdown text under a heading.
func markdownSection(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n"+heading+"\n")
	if !found {
		t.Fatalf("there is no %q", heading)
	}
	level, _, _ := strings.Cut(heading, " ")
	if end := strings.Index(rest, "\n"+level+" "); end >= 0 {
		rest = rest[:end]
	}
	return rest
}

// Imports and variables that the fragments of the README may use.
var (
	readmeImports = map[string]string{
		"cloudwatch":     modulePath,
		"cloudwatchtest": modulePath + "/cloudwatchtest",
		"context":        "context", "expvar": "expvar",
		"exec":    "os/exec",
		"fmt":     "fmt",
		"http":    "net/http",
		"log":     "log",
		"os":      "os",
		"signal":  "os/signal",
		"slog":    "log/slog",
		"strings": "strings",
		"syscall": "syscall",
		"testing": "testing",
		"time":    "time",
	}
	readmeVariables = map[string]string{
		"h":         "*cloudwatch.Handler",
		"srv":       "*cloudwatchtest.Server",
		"server":    "*http.Server",
		"accessID":  "string",
		"accessKey": "string",
		"region":    "string",
	}
	otherLogger = regexp.MustCompile(`\b(zap|zerolog|logrus)\.`)
)

// Each Go block of the README compiles, and those that are tests pass. Those with
// another logger are lines of the example for it, which compiles and is tested in a
// module of its own.
func TestReadmeCompiles(t *testing.T) {
	needGo(t)
	dir := newModule(t)
	for _, b := range markdownBlocks(t, "README.md", "go") {
		name := fmt.Sprintf("line%d", b.line)
		switch {
		case strings.HasPrefix(b.text, "package "):
			writeFile(t, filepath.Join(dir, name, "main.go"), b.text)
		case otherLogger.MatchString(b.text):
			checkExample(t, b)
		case strings.HasPrefix(b.text, "func Test"):
			writeFile(t, filepath.Join(dir, "fragments", name+"_test.go"), fragment(t, b))
		default:
			writeFile(t, filepath.Join(dir, "fragments", name+".go"), fragment(t, b))
		}
	}
	variables := "package fragments\n"
	for _, name := range slices.Sorted(maps.Keys(readmeVariables)) {
		variables += fmt.Sprintf("var %s %s\n", name, readmeVariables[name])
	}
	writeFile(t, filepath.Join(dir, "fragments", "variables.go"), withImports(t, variables))
	env := []string{"GOWORK=", "GOFLAGS="}
	goCommand(t, dir, env, "work", "init", ".", root(t))
	goCommand(t, dir, env, "vet", "./...")
	goCommand(t, dir, env, "test", "./fragments")
}

// newModule makes a program's module and returns its folder.
func newModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "go.mod"), "module example.com/shop\n\ngo 1.25\n")
	return dir
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// fragment makes a Go file of a block that is not one.
func fragment(t *testing.T, b markdownBlock) string {
	t.Helper()
	text := "package fragments\n"
	if strings.HasPrefix(b.text, "func ") {
		text += b.text
	} else {
		text += "func _() {\n" + b.text
		for _, name := range declared(t, b) {
			text += "_ = " + name + "\n" // so that the compiler takes it for used
		}
		text += "}\n"
	}
	if strings.Contains(text, "slog.NewMultiHandler") {
		text = "//go:build go1.26\n\n" + text
	}
	return withImports(t, text)
}

// declared returns the variables that the statements of a block declare.
func declared(t *testing.T, b markdownBlock) (names []string) {
	t.Helper()
	for _, s := range parseGo(t, "package p\nfunc _() {\n"+b.text+"}\n").Decls[0].(*ast.FuncDecl).Body.List {
		assign, ok := s.(*ast.AssignStmt)
		if !ok || assign.Tok != token.DEFINE {
			continue
		}
		for _, name := range assign.Lhs {
			if name := name.(*ast.Ident).Name; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// withImports adds the imports that a file needs.
func withImports(t *testing.T, text string) string {
	t.Helper()
	needed := map[string]bool{}
	ast.Inspect(parseGo(t, text), func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && readmeImports[x.Name] != "" {
				needed[readmeImports[x.Name]] = true
			}
		}
		return true
	})
	var imports string
	for _, path := range slices.Sorted(maps.Keys(needed)) {
		imports += fmt.Sprintf("import %q\n", path)
	}
	return strings.Replace(text, "package fragments\n", "package fragments\n"+imports, 1)
}

func parseGo(t *testing.T, text string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	return f
}

// checkExample checks that each line of a block is one of the example for the
// logger it shows. What stands behind a line in the example is its comment.
func checkExample(t *testing.T, b markdownBlock) {
	t.Helper()
	logger := otherLogger.FindStringSubmatch(b.text)[1]
	file := "examples/" + logger + "/main.go"
	var lines []string
	for line := range strings.Lines(readFile(t, file)) {
		line, _, _ = strings.Cut(line, " //")
		lines = append(lines, strings.TrimSpace(line))
	}
	for line := range strings.Lines(b.text) {
		if !slices.Contains(lines, strings.TrimSpace(line)) {
			t.Errorf("README.md:%d: %q is no line of %s", b.line, strings.TrimSpace(line), file)
		}
	}
}

// Go blocks look as gofmt leaves them.
func TestReadmeIsFormatted(t *testing.T) {
	for _, b := range markdownBlocks(t, "README.md", "go") {
		formatted, err := format.Source([]byte(b.text))
		if err != nil {
			t.Errorf("README.md:%d: %v", b.line, err)
		} else if string(formatted) != b.text {
			t.Errorf("README.md:%d: gofmt makes of it:\n%s", b.line, formatted)
		}
	}
}

func TestReadmePoliciesAreJSON(t *testing.T) {
	for _, b := range markdownBlocks(t, "README.md", "json") {
		if !json.Valid([]byte(b.text)) {
			t.Errorf("README.md:%d: not valid JSON", b.line)
		}
	}
}

// A program builds with the library from a clone, by the replace recipe. That of
// the workspace is what TestReadmeCompiles does.
func TestReadmeRecipe(t *testing.T) {
	needGo(t)
	dir := newModule(t)
	writeFile(t, filepath.Join(dir, "main.go"), markdownBlocks(t, "README.md", "go")[0].text)
	env := []string{"GOWORK=off", "GOFLAGS=-mod=mod", "GOSUMDB=off"}
	goCommand(t, dir, env, "mod", "edit", "-require", modulePath+"@v0.0.0")
	goCommand(t, dir, env, "mod", "edit", "-replace", modulePath+"="+root(t))
	goCommand(t, dir, env, "vet", ".") // in place of go mod tidy, which asks the network
}

var (
	makeTargets = []string{"check", "test", "bench", "microbench", "fuzz", "faults", "soak", "fleet", "kill", "powercut", "clients", "kill-serve", "endpoint", "help"}
	// goCommands are those that TestReadmeCompiles and TestReadmeRecipe show to
	// work.
	goCommands = []string{
		"go mod edit -require " + modulePath + "@v0.0.0",
		"go mod edit -replace " + modulePath + "=../cloudwatch",
		"go mod tidy",
		"go work init . ../cloudwatch",
	}
)

// Each command in the README and in CONTRIBUTING.md exists. What the AWS command line
// shows is tested in the module clients.
func TestReadmeCommands(t *testing.T) {
	makefile := readFile(t, "Makefile")
	words := commandWords(t)
	for _, file := range []string{"README.md", "CONTRIBUTING.md"} {
		for _, b := range markdownBlocks(t, file, "sh") {
			for line := range strings.Lines(b.text) {
				line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
				for command := range strings.SplitSeq(line, " | ") {
					command = strings.TrimSpace(command)
					where := fmt.Sprintf("%s:%d: %q", file, b.line, command)
					args := strings.Fields(command)
					switch {
					case strings.HasPrefix(command, "my_program"), strings.HasPrefix(command, "aws "), slices.Contains(goCommands, command):
					case strings.HasPrefix(command, "make "):
						checkMake(t, where, makefile, args[1:])
					case strings.HasPrefix(command, "go run ./cmd/cloudwatch "):
						checkCloudwatch(t, where, words, args[3:])
					case strings.HasPrefix(command, "go test "):
						checkGoTest(t, where, args[2:])
					default:
						t.Errorf("%s: not a command this test knows", where)
					}
				}
			}
		}
	}
}

func checkMake(t *testing.T, where, makefile string, args []string) {
	t.Helper()
	if len(args) == 0 || !slices.Contains(makeTargets, args[0]) {
		t.Errorf("%s: want one of the targets %v", where, makeTargets)
		return
	}
	if !strings.Contains("\n"+makefile, "\n"+args[0]+":") {
		t.Errorf("%s: the Makefile has no such target", where)
	}
	for _, variable := range args[1:] {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.Contains(makefile, "\n"+name+" ?=") {
			t.Errorf("%s: the Makefile has no such variable", where)
		}
	}
}

// checkCloudwatch checks the subcommand and the names of the flags.
func checkCloudwatch(t *testing.T, where string, words map[string]bool, args []string) {
	t.Helper()
	if len(args) == 0 || !words[args[0]] {
		t.Errorf("%s: no such subcommand", where)
	}
	for _, arg := range args {
		if arg == "--" { // what follows is another command
			break
		}
		if name, isFlag := strings.CutPrefix(arg, "--"); isFlag && !words[name] {
			t.Errorf("%s: no such flag as %s", where, arg)
		}
	}
}

// commandWords returns the first words of all strings in the command's source;
// names of subcommands and flags are among them.
func commandWords(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("cmd/cloudwatch/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("cmd/cloudwatch has no Go files: %v", err)
	}
	words := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		ast.Inspect(parseGo(t, readFile(t, file)), func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value) // the parser has checked it
				if first, _, _ := strings.Cut(text, " "); first != "" {
					words[first] = true
				}
			}
			return true
		})
	}
	return words
}

// checkGoTest checks that packages and the test named by -run exist.
func checkGoTest(t *testing.T, where string, args []string) {
	t.Helper()
	for _, arg := range args {
		if dir, ok := strings.CutPrefix(arg, "./"); ok {
			if _, err := os.Stat(filepath.FromSlash(strings.TrimSuffix(dir, "..."))); dir != "..." && err != nil {
				t.Errorf("%s: %v", where, err)
			}
		}
	}
}

// The table of options names each field of Options, and nothing else.
func TestReadmeOptions(t *testing.T) {
	name := regexp.MustCompile("`([A-Za-z]+)`")
	var named []string
	for line := range strings.Lines(markdownSection(t, readFile(t, "README.md"), "## Options")) {
		if cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " |"); ok && strings.HasPrefix(line, "| `") {
			for _, m := range name.FindAllStringSubmatch(cell, -1) {
				named = append(named, m[1])
			}
		}
	}
	want := []string{"logGroup"} // not a field, but the first argument
	for _, field := range reflect.VisibleFields(reflect.TypeFor[cloudwatch.Options]()) {
		want = append(want, field.Name)
	}
	sameNames(t, "the table of options", named, want)
}

func sameNames(t *testing.T, where string, got, want []string) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s lacks %s", where, name)
		}
	}
	for i, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("%s has %s, which does not exist", where, name)
		}
		if slices.Contains(got[:i], name) {
			t.Errorf("%s has %s twice", where, name)
		}
	}
}

var (
	markdownLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	markdownHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInAnchor     = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// Each relative link in the documents leads somewhere.
func TestLinks(t *testing.T) {
	documents := []string{"README.md", "CHANGELOG.md", "CONTRIBUTING.md"}
	more, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(documents, more...) {
		text := markdownFence.ReplaceAllString(readFile(t, file), "")
		for _, m := range markdownLink.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target, anchor, _ := strings.Cut(m[1], "#")
			where := file
			if target != "" {
				where = path.Join(path.Dir(filepath.ToSlash(file)), target)
			}
			if _, err := os.Stat(filepath.FromSlash(where)); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			} else if anchor != "" && !slices.Contains(anchors(readFile(t, where)), anchor) {
				t.Errorf("%s links to %s: %s has no such heading", file, m[1], where)
			}
		}
	}
}

// anchors returns the anchors that GitHub makes of the headings.
func anchors(text string) (all []string) {
	for _, m := range markdownHeading.FindAllStringSubmatch(markdownFence.ReplaceAllString(text, ""), -1) {
		all = append(all, strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

func needGo(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("the go command is needed: %v", err)
	}
}

func goCommand(t *testing.T, dir string, env []string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
