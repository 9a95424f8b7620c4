package main

import (
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/packages"
)

// change is one change of the exported API.
type change struct {
	pkg        string // package name
	message    string // "Handler.Flush: removed"
	compatible bool
}

func (c change) String() string {
	return c.pkg + ": " + c.message
}

// symbol returns the name that changed: Writer.Close for "(*Writer).Close: removed".
func (c change) symbol() string {
	name, _, _ := strings.Cut(c.message, ":")
	return strings.NewReplacer("(", "", ")", "", "*", "").Replace(name)
}

// listed reports whether the text names what changed.
func (c change) listed(text string) bool {
	return strings.Contains(text, "`"+c.symbol()+"`") || strings.Contains(text, "`"+c.pkg+"."+c.symbol()+"`")
}

// comparePackage returns the changes of the package in a directory of two trees.
func comparePackage(before, after, dir string) ([]change, error) {
	was, err := load(filepath.Join(before, dir))
	if err != nil {
		return nil, err
	}
	is, err := load(filepath.Join(after, dir))
	if err != nil {
		return nil, err
	}
	switch {
	case was == nil && is == nil:
		return nil, nil
	case was == nil:
		return []change{{pkg: is.Name(), message: "package: added", compatible: true}}, nil
	case is == nil:
		return []change{{pkg: was.Name(), message: "package: removed"}}, nil
	}
	var changes []change
	for _, c := range apidiff.Changes(was, is).Changes {
		changes = append(changes, change{pkg: is.Name(), message: c.Message, compatible: c.Compatible})
	}
	return changes, nil
}

// load returns the types of the package in the directory, nil if there is none.
func load(dir string) (*types.Package, error) {
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(sources) == 0 {
		return nil, err
	}
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedExportFile,
		Dir:  dir,
		Env:  append(os.Environ(), "GOWORK=off"),
	}, ".")
	if err != nil {
		return nil, err
	}
	if len(loaded) != 1 {
		return nil, fmt.Errorf("%s has %d packages", dir, len(loaded))
	}
	if len(loaded[0].Errors) > 0 {
		return nil, loaded[0].Errors[0]
	}
	return loaded[0].Types, nil
}
