package main

import (
	"archive/zip"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/tools/internal/publish"
)

// verify installs the modules as users do, and returns an error if one of them cannot be used.
func verify(repo publish.Repository, p publish.Proxy, modules []publish.Module, scratch string) error {
	env := p.Env(filepath.Join(scratch, "modcache"))
	for _, m := range modules {
		fmt.Printf("verify %s %s\n", m.Path, m.Version)
		if err := verifyArchive(p.Archive(m)); err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
		dir := filepath.Join(scratch, "user", m.Dir)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		var err error
		switch {
		case m.Dir == "":
			err = verifyQuickStart(repo, m, dir, env)
		case strings.HasPrefix(m.Dir, "cmd/"):
			err = verifyCommand(m, dir, env)
		default:
			err = verifyProgram(m, "package main\n\nimport _ \""+m.Path+"\"\n\nfunc main() {}\n", dir, env)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
	}
	return nil
}

// verifyArchive returns an error if the archive contains more than the module.
func verifyArchive(file string) error {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer archive.Close()
	var names []string
	for _, f := range archive.File {
		_, name, _ := strings.Cut(f.Name, "@")
		_, name, _ = strings.Cut(name, "/")
		names = append(names, name)
	}
	return checkContents(names)
}

func checkContents(names []string) error {
	found := false
	for _, name := range names {
		switch {
		case name == "go.mod":
			found = true
		case path.Base(name) == "go.mod":
			return fmt.Errorf("the archive contains the module %s", path.Dir(name))
		}
	}
	if !found {
		return fmt.Errorf("the archive has no go.mod")
	}
	return nil
}

// verifyQuickStart compiles the first program of the README.
func verifyQuickStart(repo publish.Repository, library publish.Module, dir string, env []string) error {
	readme, err := publish.Run(string(repo), nil, "git", "show", library.Commit+":README.md")
	if err != nil {
		return err
	}
	program, found := firstProgram(readme)
	if !found {
		return fmt.Errorf("README.md has no program")
	}
	return verifyProgram(library, program, dir, env)
}

// firstProgram returns the first Go block of a Markdown file that is a whole program.
func firstProgram(markdown string) (string, bool) {
	for block := range strings.SplitSeq(markdown, "\n```go\n") {
		if strings.HasPrefix(block, "package main\n") {
			program, _, closed := strings.Cut(block, "\n```")
			return program + "\n", closed
		}
	}
	return "", false
}

// verifyProgram compiles a program that uses the module.
func verifyProgram(m publish.Module, program, dir string, env []string) error {
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o644); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"mod", "init", "example.com/program"},
		{"get", m.Path + "@" + m.Version},
		{"build", "-o", os.DevNull, "."},
	} {
		if _, err := publish.Run(dir, env, "go", args...); err != nil {
			return err
		}
	}
	used, err := publish.Run(dir, env, "go", "list", "-m", "-f", "{{.Version}}{{if .Replace}} replaced{{end}}", m.Path)
	if err == nil && used != m.Version {
		err = fmt.Errorf("the program was built with %s", used)
	}
	return err
}

// verifyCommand installs the newest version of the command, and asks the command which it is.
func verifyCommand(m publish.Module, dir string, env []string) error {
	env = append(env, "GOBIN="+dir)
	if _, err := publish.Run(dir, env, "go", "install", m.Path+"@latest"); err != nil {
		return err
	}
	printed, err := publish.Run(dir, nil, filepath.Join(dir, path.Base(m.Path)), "version")
	if err != nil {
		return err
	}
	if !strings.Contains(" "+printed+" ", " "+m.Version+" ") {
		return fmt.Errorf("'%s version' printed %q", path.Base(m.Path), printed)
	}
	fmt.Printf("'go install %s@latest' installed %s\n", m.Path, printed)
	return nil
}
