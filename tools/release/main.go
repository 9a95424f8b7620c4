// Command release tags a version of the library and of the modules that are published with it.
//
//	go run ./release v0.1.0   # in the work tree to release
//	go run ./release -check   # in a throw-away clone of it
//
// The nested modules depend on the library by a replace directive, and "go install
// path@version" refuses a module that has one. So each gets a commit of its own, on no branch, in
// which the replace directive is gone and the requirement names the version:
//
//	v0.1.0                               HEAD
//	cmd/cloudwatch/v0.1.0                HEAD, with the go.mod and go.sum of the command rewritten
//	adapters/cloudwatchzap/v0.1.0        HEAD, with the go.mod and go.sum of the adapter rewritten
//
// Before anything is tagged, the modules are installed from a module proxy made of those commits,
// as a user would install them. Nothing is ever pushed.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// checkVersion is the version that -check releases in its clone.
const checkVersion = "v0.0.1-check"

func main() {
	check := flag.Bool("check", false, "release "+checkVersion+" in a throw-away clone, to see whether a release would work")
	flag.Parse()
	if err := run(*check, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "release: %v\n", err)
		os.Exit(1)
	}
}

func run(check bool, args []string) error {
	root, err := output(".", nil, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	if check {
		if len(args) > 0 {
			return fmt.Errorf("-check takes no version")
		}
		repo, err := clone(root, filepath.Join(scratch, "clone"))
		if err != nil {
			return err
		}
		tags, err := release(repo, scratch, checkVersion)
		if err == nil {
			fmt.Printf("a release would make the tags %s\n", strings.Join(tags, " "))
		}
		return err
	}

	if len(args) != 1 {
		return fmt.Errorf("name one version, for example v0.1.0")
	}
	repo := repository(root)
	if err := repo.ready(args[0]); err != nil {
		return err
	}
	tags, err := release(repo, scratch, args[0])
	if err == nil {
		fmt.Printf("tagged. To publish the release: git push --atomic origin %s\n", strings.Join(tags, " "))
	}
	return err
}

// release prepares, verifies and tags the version. It returns the tags.
func release(repo repository, scratch, version string) (tags []string, err error) {
	library, err := repo.library(version)
	if err != nil {
		return nil, err
	}
	proxy := proxy{dir: filepath.Join(scratch, "proxy")}
	if err := proxy.add(repo, library); err != nil {
		return nil, err
	}
	modules := []released{library}
	nested, err := repo.nested()
	if err != nil {
		return nil, err
	}
	for _, dir := range nested {
		fmt.Printf("prepare %s\n", dir)
		m, err := repo.prepare(dir, library, filepath.Join(scratch, "tree"), proxy.env(filepath.Join(scratch, "modcache")))
		if err != nil {
			return nil, fmt.Errorf("prepare %s: %w", dir, err)
		}
		if err := proxy.add(repo, m); err != nil {
			return nil, err
		}
		modules = append(modules, m)
	}
	if err := verify(repo, proxy, modules, scratch); err != nil {
		return nil, err
	}
	for _, m := range modules {
		if _, err := output(string(repo), nil, "git", "tag", "-a", "-m", m.path+" "+m.version, m.tag(), m.commit); err != nil {
			return nil, err
		}
		tags = append(tags, m.tag())
	}
	return tags, nil
}
