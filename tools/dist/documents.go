package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/cloudwatch-go/cloudwatch/tools/internal/publish"
)

// shells are those that the command writes completions for, with the file name that each looks for.
var shells = map[string]string{
	"bash":       "cloudwatch.bash",
	"zsh":        "_cloudwatch",
	"fish":       "cloudwatch.fish",
	"powershell": "cloudwatch.ps1",
}

// documents writes what goes beside the command: manual pages, completions, license.
func (d *distribution) documents() error {
	man := filepath.Join(d.scratch, "documents", "man")
	test := []string{"test", "-count=1", "-run", "^TestManPages$", ".", "-args", "-man", man, "-man-version", d.version, "-man-date", d.date.Format("2006-01-02")}
	if _, err := publish.Run(filepath.Join(string(d.repo), d.command.Dir), []string{"GOWORK=off"}, "go", test...); err != nil {
		return err
	}
	completions := filepath.Join(d.scratch, "documents", "completions")
	if err := os.MkdirAll(completions, 0o755); err != nil {
		return err
	}
	for shell, file := range shells {
		script, err := publish.Run(d.scratch, nil, d.binary(host, "first"), "completion", shell)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(completions, file), []byte(script+"\n"), 0o644); err != nil {
			return err
		}
	}
	license, err := os.ReadFile(filepath.Join(string(d.repo), "LICENSE"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.scratch, "documents", "LICENSE"), license, 0o644)
}

// component is a module that is part of a binary.
type component struct {
	path, version, sum string
	license            string // SPDX identifier
	texts              []string
}

// components returns the modules of others in the binary, and Go itself, with their licenses.
func (d *distribution) components(binary string) ([]component, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	goroot, err := publish.Run(".", nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	standard := component{path: "std", version: strings.TrimPrefix(info.GoVersion, "go")}
	if err := standard.addLicense(goroot); err != nil {
		return nil, err
	}
	components := []component{standard}
	for _, dep := range info.Deps {
		if dep.Path == strings.TrimSuffix(d.command.Path, "/"+d.command.Dir) {
			continue
		}
		c := component{path: dep.Path, version: dep.Version, sum: dep.Sum}
		escaped, err := module.EscapePath(dep.Path)
		if err != nil {
			return nil, err
		}
		if err := c.addLicense(filepath.Join(d.modcache(), escaped+"@"+dep.Version)); err != nil {
			return nil, err
		}
		components = append(components, c)
	}
	return components, nil
}

// addLicense reads the license texts in the root directory of a module.
func (c *component) addLicense(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() || !isLicense(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		c.texts = append(c.texts, strings.TrimSpace(string(text)))
		if c.license == "" {
			c.license = identify(string(text))
		}
	}
	if c.license == "" {
		return fmt.Errorf("%s %s has no license that is known: look at it, then add it to identify", c.path, c.version)
	}
	return nil
}

func isLicense(file string) bool {
	name, _, _ := strings.Cut(strings.ToUpper(file), ".")
	name, _, _ = strings.Cut(name, "-")
	return slices.Contains([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE"}, name) && !strings.HasSuffix(file, ".go")
}

// identify returns the SPDX identifier of a license text, "" if it is not a permissive license.
func identify(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case strings.Contains(text, "Apache License Version 2.0"):
		return "Apache-2.0"
	case strings.Contains(text, "Permission is hereby granted, free of charge"):
		return "MIT"
	case strings.Contains(text, "Permission to use, copy, modify, and/or distribute"),
		strings.Contains(text, "Permission to use, copy, modify, and distribute"):
		return "ISC"
	case strings.Contains(text, "Redistribution and use in source and binary forms"):
		// The third clause forbids to use the names of the authors for endorsement.
		if strings.Contains(text, "endorse or promote products") {
			return "BSD-3-Clause"
		}
		return "BSD-2-Clause"
	}
	return ""
}

// notices returns the licenses of all components as one text.
func notices(components []component) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The command cloudwatch contains these modules of others, under these licenses.\nBuilt with %s.\n", runtime.Version())
	for _, c := range components {
		fmt.Fprintf(&b, "\n%s\n%s %s (%s)\n\n%s\n", strings.Repeat("=", 80), c.path, c.version, c.license, strings.Join(c.texts, "\n\n"))
	}
	return b.String()
}
