// Command api compares the exported API of the work tree with that of the last tagged version.
//
// It prints what changed. Incompatible changes are errors, unless the version of the last tag is
// below v1 and the section Unreleased of CHANGELOG.md names what changed, in backquotes:
// `Handler.Flush`, or `cloudwatchtest.Server.Close`.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintf(os.Stderr, "api: %v\n", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	root, err := git(dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	tag, err := lastTag(root)
	if err != nil {
		return err
	}
	if tag == "" {
		fmt.Println("no version is tagged yet: there is no API to be compatible with")
		return nil
	}
	changes, err := compare(root, tag)
	if err != nil {
		return err
	}
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	return judge(changes, tag, string(changelog))
}

// lastTag returns the last tag of the library in the history of HEAD, "" if there is none.
func lastTag(root string) (string, error) {
	tags, err := git(root, "tag", "--merged", "HEAD", "--list", "v[0-9]*", "--sort=-version:refname")
	first, _, _ := strings.Cut(tags, "\n")
	return first, err
}

// compare returns the changes of the API since the tag.
func compare(root, tag string) ([]change, error) {
	scratch, err := os.MkdirTemp("", "api-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	before := filepath.Join(scratch, "before")
	if _, err := git(root, "worktree", "add", "--quiet", "--detach", before, tag); err != nil {
		return nil, err
	}
	defer git(root, "worktree", "remove", "--force", before)

	dirs, err := publicPackages(before)
	if err != nil {
		return nil, err
	}
	now, err := publicPackages(root)
	if err != nil {
		return nil, err
	}
	dirs = append(dirs, now...)
	slices.Sort(dirs)
	var changes []change
	for _, dir := range slices.Compact(dirs) {
		found, err := comparePackage(before, root, dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		changes = append(changes, found...)
	}
	return changes, nil
}

// publicPackages returns the directories of the packages that others import.
func publicPackages(root string) (dirs []string, err error) {
	for _, pattern := range []string{".", "cloudwatchtest", "adapters/cloudwatch*"} {
		matches, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, match := range matches {
			dir, err := filepath.Rel(root, match)
			if err != nil {
				return nil, err
			}
			dirs = append(dirs, filepath.ToSlash(dir))
		}
	}
	return dirs, nil
}

// judge prints the changes, and returns an error if some of them may not be released.
func judge(changes []change, tag, changelog string) error {
	fmt.Printf("changes of the API since %s: %d\n", tag, len(changes))
	refused := 0
	for _, c := range changes {
		switch {
		case c.compatible:
			fmt.Printf("  compatible    %s\n", c)
		case semver.Major(tag) == "v0" && c.listed(unreleased(changelog)):
			fmt.Printf("  incompatible  %s (listed in CHANGELOG.md)\n", c)
		default:
			fmt.Printf("  INCOMPATIBLE  %s\n", c)
			refused++
		}
	}
	switch {
	case refused == 0:
		return nil
	case semver.Major(tag) == "v0":
		return fmt.Errorf("incompatible changes: %d: undo them, or name each in backquotes in the section Unreleased of CHANGELOG.md", refused)
	default:
		return fmt.Errorf("incompatible changes: %d: they need a new major version, with a module path of its own", refused)
	}
}

// unreleased returns the section Unreleased of the changelog.
func unreleased(changelog string) string {
	_, section, _ := strings.Cut("\n"+changelog, "\n## Unreleased\n")
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

func git(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
