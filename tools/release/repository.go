package main

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

// repository is the root of a git work tree.
type repository string

// released is a module as it is tagged.
type released struct {
	path    string // module path
	dir     string // relative to the root, "" for the library
	version string
	commit  string
}

func (m released) tag() string {
	if m.dir == "" {
		return m.version
	}
	return m.dir + "/" + m.version
}

// clone makes a clone of HEAD that shares nothing with the repository it comes from but objects.
func clone(from, dir string) (repository, error) {
	if _, err := output(".", nil, "git", "clone", "--quiet", "--shared", from, dir); err != nil {
		return "", err
	}
	for _, setting := range [][2]string{{"user.name", "release check"}, {"user.email", "release-check@example.invalid"}} {
		if _, err := output(dir, nil, "git", "config", setting[0], setting[1]); err != nil {
			return "", err
		}
	}
	return repository(dir), nil
}

// ready returns an error if the version cannot be released from the work tree.
func (r repository) ready(version string) error {
	if err := validVersion(version); err != nil {
		return err
	}
	switch status, err := output(string(r), nil, "git", "status", "--porcelain"); {
	case err != nil:
		return err
	case status != "":
		return fmt.Errorf("the work tree has changes: commit them first\n%s", status)
	}
	switch tags, err := output(string(r), nil, "git", "tag", "--list", version, "*/"+version); {
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

func (r repository) library(version string) (released, error) {
	commit, err := output(string(r), nil, "git", "rev-parse", "HEAD")
	if err != nil {
		return released{}, err
	}
	mod, err := r.goMod("")
	if err != nil {
		return released{}, err
	}
	if len(mod.Replace)+len(mod.Exclude) > 0 {
		return released{}, fmt.Errorf("the library's go.mod has replace or exclude directives: nobody can use it that way")
	}
	return released{path: mod.Module.Mod.Path, version: version, commit: commit}, nil
}

// nested returns the directories of the modules that are published besides the library: the
// command and the adapters. Examples, benchmarks and tests against other clients are not.
func (r repository) nested() ([]string, error) {
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

func (r repository) goMod(dir string) (*modfile.File, error) {
	file := filepath.Join(string(r), dir, "go.mod")
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(file, data, nil)
}

// prepare makes the commit of a nested module: HEAD, with the library required at its version. It
// works in a tree of its own, so that the work tree and the current branch stay as they are.
func (r repository) prepare(dir string, library released, tree string, env []string) (released, error) {
	if _, err := output(string(r), nil, "git", "worktree", "add", "--quiet", "--detach", tree, library.commit); err != nil {
		return released{}, err
	}
	defer output(string(r), nil, "git", "worktree", "remove", "--force", tree)

	mod, err := repository(tree).goMod(dir)
	if err != nil {
		return released{}, err
	}
	text, err := requireReleased(mod, library)
	if err != nil {
		return released{}, err
	}
	module := filepath.Join(tree, dir)
	if err := os.WriteFile(filepath.Join(module, "go.mod"), text, 0o644); err != nil {
		return released{}, err
	}
	// Adds the library's checksum to go.sum.
	if _, err := output(module, env, "go", "mod", "tidy"); err != nil {
		return released{}, err
	}
	subject := dir + ": require " + library.version + " of the library"
	if _, err := output(tree, nil, "git", "commit", "--quiet", "-m", subject, "--", dir); err != nil {
		return released{}, err
	}
	commit, err := output(tree, nil, "git", "rev-parse", "HEAD")
	return released{path: mod.Module.Mod.Path, dir: dir, version: library.version, commit: commit}, err
}

// requireReleased returns the go.mod of a nested module without replace directives, and with the
// library's exact version.
func requireReleased(mod *modfile.File, library released) ([]byte, error) {
	for _, replaced := range slices.Clone(mod.Replace) {
		if replaced.Old.Path != library.path {
			return nil, fmt.Errorf("go.mod replaces %s: only the library is released before it", replaced.Old.Path)
		}
		if err := mod.DropReplace(replaced.Old.Path, replaced.Old.Version); err != nil {
			return nil, err
		}
	}
	if err := mod.AddRequire(library.path, library.version); err != nil {
		return nil, err
	}
	mod.Cleanup()
	return mod.Format()
}

// output runs a command and returns what it prints. The error has its standard error.
func output(dir string, env []string, name string, args ...string) (string, error) {
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
