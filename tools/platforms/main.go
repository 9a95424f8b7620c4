// Command platforms type-checks packages and everything they depend on for every operating
// system and architecture of 'go tool dist list', from source and without the compiler, which
// would take an hour for all of them.
//
//	platforms [-only GOOS/GOARCH,...] [-skip GOOS[/GOARCH],...] package...
//
// It runs 'go list' in the working directory. It does not see what only the assembler or the
// linker refuses. The exit code is 1 if a platform fails.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	only := flag.String("only", "", "check only these platforms, separated by commas")
	skip := flag.String("skip", "", "leave out these platforms or operating systems")
	flag.Parse()
	platforms, err := platforms(list(*only), list(*skip))
	if err != nil {
		fmt.Fprintln(os.Stderr, "platforms:", err)
		os.Exit(1)
	}
	if !checkAll(platforms, flag.Args()) {
		os.Exit(1)
	}
}

func list(flag string) []string {
	return strings.FieldsFunc(flag, func(r rune) bool { return r == ',' })
}

// platforms returns those of the Go distribution that are wanted.
func platforms(only, skip []string) ([]string, error) {
	out, err := exec.Command("go", "tool", "dist", "list").Output()
	if err != nil {
		return nil, fmt.Errorf("list platforms: %w", err)
	}
	all := strings.Fields(string(out))
	for _, name := range slices.Concat(only, skip) {
		if !slices.ContainsFunc(all, func(p string) bool { return matches(p, name) }) {
			return nil, fmt.Errorf("no platform %q in 'go tool dist list'", name)
		}
	}
	in := func(names []string, p string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return matches(p, name) })
	}
	return slices.DeleteFunc(all, func(p string) bool {
		return len(only) > 0 && !in(only, p) || in(skip, p)
	}), nil
}

// matches reports whether a name is the platform's or its operating system's.
func matches(platform, name string) bool {
	return platform == name || strings.HasPrefix(platform, name+"/")
}

// checkAll checks the platforms on all cores and prints a line for each, in order.
func checkAll(platforms, patterns []string) bool {
	results := make([]error, len(platforms))
	took := make([]time.Duration, len(platforms))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, p := range platforms {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			start := time.Now()
			results[i] = check(p, patterns)
			took[i] = time.Since(start)
		})
	}
	wg.Wait()
	ok := true
	for i, p := range platforms {
		if results[i] != nil {
			ok = false
			fmt.Printf("FAIL %-16s %5.1fs\n%v\n", p, took[i].Seconds(), results[i])
			continue
		}
		fmt.Printf("ok   %-16s %5.1fs\n", p, took[i].Seconds())
	}
	return ok
}

// listed is what 'go list -json' says of a package.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	ImportMap  map[string]string
	Standard   bool
	Error      *struct{ Err string }
}

// check type-checks the packages for one platform.
func check(platform string, patterns []string) error {
	goos, goarch, _ := strings.Cut(platform, "/")
	// -e: a package without files for the platform becomes an error of its own.
	args := append([]string{"list", "-e", "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap,Standard,Error"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	c := checker{
		fset:  token.NewFileSet(),
		sizes: types.SizesFor("gc", goarch),
		done:  map[string]*types.Package{"unsafe": types.Unsafe},
	}
	var errs []error
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return errors.Join(errs...)
		case err != nil:
			return fmt.Errorf("go list: %w", err)
		}
		if err := c.check(&p); err != nil { // dependencies come first
			errs = append(errs, err)
		}
	}
}

// checker holds the packages of one platform that have been checked.
type checker struct {
	fset  *token.FileSet
	sizes types.Sizes
	done  map[string]*types.Package
}

func (c *checker) check(p *listed) error {
	if p.ImportPath == "unsafe" {
		return nil
	}
	if p.Error != nil {
		return errors.New(p.Error.Err)
	}
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(c.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	const maxErrors = 10
	var errs []error
	config := types.Config{
		IgnoreFuncBodies: p.Standard, // the Go project builds those itself
		Sizes:            c.sizes,
		Importer:         importer{c, p.ImportMap},
		Error: func(err error) {
			if len(errs) < maxErrors {
				errs = append(errs, err)
			}
		},
	}
	pkg, _ := config.Check(p.ImportPath, c.fset, files, nil)
	c.done[p.ImportPath] = pkg
	return errors.Join(errs...)
}

// importer resolves the imports of one package: ImportMap has the vendored ones of the
// standard library.
type importer struct {
	*checker
	names map[string]string
}

func (i importer) Import(path string) (*types.Package, error) {
	if mapped, ok := i.names[path]; ok {
		path = mapped
	}
	if pkg := i.done[path]; pkg != nil {
		return pkg, nil
	}
	return nil, fmt.Errorf("package %s is not listed", path)
}
