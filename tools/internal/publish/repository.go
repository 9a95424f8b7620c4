// Package publish turns a work tree into modules as they are published.
//
// The nested modules depend on the library by a replace directive, and "go install path@version"
// refuses a module that has one. So each gets a commit of its own, on no branch, in which the
// replace directive is gone and the requirement names the version:
//
//	v0.1.0                          HEAD
//	cmd/cloudwatch/v0.1.0           HEAD, with the go.mod and go.sum of the command rewritten
//	adapters/cloudwatchzap/v0.1.0   HEAD, with the go.mod and go.sum of the adapter rewritten
package publish

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// Repository is the root of a git work tree.
type Repository string

// Module is a module as it is published.
type Module struct {
	Path    string
	Dir     string // relative to the root, "" for the library
	Version string
	Commit  string
}

// Tag returns the name of the tag that publishes the module.
func (m Module) Tag() string {
	if m.Dir == "" {
		return m.Version
	}
	return m.Dir + "/" + m.Version
}

// Clone makes a clone of HEAD that shares nothing with the repository it comes from but objects.
func Clone(from, dir string) (Repository, error) {
	if _, err := Run(".", nil, "git", "clone", "--quiet", "--shared", from, dir); err != nil {
		return "", err
	}
	for _, setting := range [][2]string{{"user.name", "release check"}, {"user.email", "release-check@example.invalid"}} {
		if _, err := Run(dir, nil, "git", "config", setting[0], setting[1]); err != nil {
			return "", err
		}
	}
	return Repository(dir), nil
}

// Ready returns an error if the version cannot be released from the work tree.
func (r Repository) Ready(version string) error {
	if err := validVersion(version); err != nil {
		return err
	}
	switch status, err := Run(string(r), nil, "git", "status", "--porcelain"); {
	case err != nil:
		return err
	case status != "":
		return fmt.Errorf("the work tree has changes: commit them first\n%s", status)
	}
	switch tags, err := Run(string(r), nil, "git", "tag", "--list", version, "*/"+version); {
	case err != nil:
		return err
	case tags != "":
		return fmt.Errorf("tags of version %s exist already:\n%s", version, tags)
	}
	changelog, err := os.ReadFile(filepath.Join(string(r), "CHANGELOG.md"))
	if err != nil {
		return err
	}
	if !hasSection(string(changelog), version) {
		return fmt.Errorf("CHANGELOG.md has no section %q: rename the section Unreleased, and start a new one", "## "+version)
	}
	return nil
}

// validVersion returns an error unless the version is one that a module path without /v2 can have.
func validVersion(version string) error {
	if !semver.IsValid(version) || semver.Canonical(version) != version {
		return fmt.Errorf("%q is not a version: it has the form v0.1.0", version)
	}
	if major := semver.Major(version); major != "v0" && major != "v1" {
		return fmt.Errorf("version %s needs a module path that ends in /%s", version, major)
	}
	return nil
}

// hasSection reports whether the changelog has a section for the version, with or without a date.
func hasSection(changelog, version string) bool {
	for line := range strings.Lines(changelog) {
		title, found := strings.CutPrefix(line, "## ")
		if fields := strings.Fields(title); found && len(fields) > 0 && fields[0] == version {
			return true
		}
	}
	return false
}

// Prepare makes the commits of all published modules, and a module proxy that serves them. The first
// module is the library. The clone or work tree, and the scratch directory, must stay until the
// proxy is not needed any more.
func Prepare(r Repository, scratch, version string) (Proxy, []Module, error) {
	library, err := r.library(version)
	if err != nil {
		return Proxy{}, nil, err
	}
	proxy := Proxy{dir: filepath.Join(scratch, "proxy")}
	if err := proxy.add(r, library); err != nil {
		return Proxy{}, nil, err
	}
	nested, err := r.nested()
	if err != nil {
		return Proxy{}, nil, err
	}
	modules := []Module{library}
	for _, dir := range nested {
		fmt.Printf("prepare %s\n", dir)
		m, err := r.prepare(dir, library, filepath.Join(scratch, "tree"), proxy.Env(filepath.Join(scratch, "modcache")))
		if err == nil {
			err = proxy.add(r, m)
		}
		if err != nil {
			return Proxy{}, nil, fmt.Errorf("prepare %s: %w", dir, err)
		}
		modules = append(modules, m)
	}
	return proxy, modules, nil
}

func (r Repository) library(version string) (Module, error) {
	commit, err := Run(string(r), nil, "git", "rev-parse", "HEAD")
	if err != nil {
		return Module{}, err
	}
	mod, err := r.goMod("")
	if err != nil {
		return Module{}, err
	}
	if len(mod.Replace)+len(mod.Exclude) > 0 {
		return Module{}, fmt.Errorf("the library's go.mod has replace or exclude directives: nobody can use it that way")
	}
	return Module{Path: mod.Module.Mod.Path, Version: version, Commit: commit}, nil
}

// nested returns the directories of the modules that are published besides the library: the
// command and the adapters. Examples, benchmarks and tests against other clients are not.
func (r Repository) nested() ([]string, error) {
	var dirs []string
	for _, pattern := range []string{"cmd/*/go.mod", "adapters/*/go.mod"} {
		files, err := filepath.Glob(filepath.Join(string(r), pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			dir, err := filepath.Rel(string(r), filepath.Dir(file))
			if err != nil {
				return nil, err
			}
			dirs = append(dirs, filepath.ToSlash(dir))
		}
	}
	slices.Sort(dirs)
	return dirs, nil
}

func (r Repository) goMod(dir string) (*modfile.File, error) {
	file := filepath.Join(string(r), dir, "go.mod")
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(file, data, nil)
}

// prepare makes the commit of a nested module: HEAD, with the library required at its version. It
// works in a tree of its own, so that the work tree and the current branch stay as they are.
func (r Repository) prepare(dir string, library Module, tree string, env []string) (Module, error) {
	if _, err := Run(string(r), nil, "git", "worktree", "add", "--quiet", "--detach", tree, library.Commit); err != nil {
		return Module{}, err
	}
	defer Run(string(r), nil, "git", "worktree", "remove", "--force", tree)

	mod, err := Repository(tree).goMod(dir)
	if err != nil {
		return Module{}, err
	}
	text, err := requireReleased(mod, library)
	if err != nil {
		return Module{}, err
	}
	module := filepath.Join(tree, dir)
	if err := os.WriteFile(filepath.Join(module, "go.mod"), text, 0o644); err != nil {
		return Module{}, err
	}
	// Adds the library's checksum to go.sum.
	if _, err := Run(module, env, "go", "mod", "tidy"); err != nil {
		return Module{}, err
	}
	subject := dir + ": require " + library.Version + " of the library"
	if _, err := Run(tree, nil, "git", "commit", "--quiet", "-m", subject, "--", dir); err != nil {
		return Module{}, err
	}
	commit, err := Run(tree, nil, "git", "rev-parse", "HEAD")
	return Module{Path: mod.Module.Mod.Path, Dir: dir, Version: library.Version, Commit: commit}, err
}

// requireReleased returns the go.mod of a nested module without replace directives, and with the
// library's exact version.
func requireReleased(mod *modfile.File, library Module) ([]byte, error) {
	for _, replaced := range slices.Clone(mod.Replace) {
		if replaced.Old.Path != library.Path {
			return nil, fmt.Errorf("go.mod replaces %s: only the library is released before it", replaced.Old.Path)
		}
		if err := mod.DropReplace(replaced.Old.Path, replaced.Old.Version); err != nil {
			return nil, err
		}
	}
	if err := mod.AddRequire(library.Path, library.Version); err != nil {
		return nil, err
	}
	mod.Cleanup()
	return mod.Format()
}

// Run runs a command and returns what it prints. The error has its standard error.
func Run(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}
