// Command release tags a version of the library and of the modules that are published with it.
//
//	go run ./release v0.1.0   # in the work tree to release
//	go run ./release -check   # in a throw-away clone of it
//
// Package publish describes the tags. Before they are made, the modules are installed from a module
// proxy made of their commits, as a user would install them. Nothing is ever pushed.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/tools/internal/publish"
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
	root, err := publish.Run(".", nil, "git", "rev-parse", "--show-toplevel")
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
		repo, err := publish.Clone(root, filepath.Join(scratch, "clone"))
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
	repo := publish.Repository(root)
	if err := repo.Ready(args[0]); err != nil {
		return err
	}
	tags, err := release(repo, scratch, args[0])
	if err == nil {
		fmt.Printf("tagged. To publish the release: git push --atomic origin %s\n", strings.Join(tags, " "))
	}
	return err
}

// release prepares, verifies and tags the version. It returns the tags.
func release(repo publish.Repository, scratch, version string) (tags []string, err error) {
	proxy, modules, err := publish.Prepare(repo, scratch, version)
	if err != nil {
		return nil, err
	}
	if err := verify(repo, proxy, modules, scratch); err != nil {
		return nil, err
	}
	for _, m := range modules {
		message := m.Path + " " + m.Version
		if _, err := publish.Run(string(repo), nil, "git", "tag", "-a", "-m", message, m.Tag(), m.Commit); err != nil {
			return nil, err
		}
		tags = append(tags, m.Tag())
	}
	return tags, nil
}
