// Command dist builds what a release offers for download, in the directory dist:
//
//	cloudwatch_v0.1.0_linux_amd64.tar.gz    the command, manual pages, completions, notices
//	cloudwatch_v0.1.0_linux_amd64.cdx.json  what the command is made of (CycloneDX)
//	cloudwatch_0.1.0_amd64.deb              the same as a package, with systemd units, and as .rpm
//	SHA256SUMS                              of all files
//
// Run it as "go run ./dist v0.1.0" when the version is tagged, or without a version for a trial of
// HEAD. The command is compiled from the published form of the modules (see package publish), twice,
// in two directories and with two build caches, and both results must be equal. So the binary is the
// one that everybody else gets, for the same version of Go, from:
//
//	CGO_ENABLED=0 go install -trimpath -ldflags '-s -w' github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch@v0.1.0
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/tools/internal/publish"
)

// trialVersion is the version of artefacts that are built without naming one.
const trialVersion = "v0.0.1-trial"

// target is a platform that the command is built for.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "_" + t.arch }

// executable returns the file name of the command.
func (t target) executable() string {
	if t.os == "windows" {
		return "cloudwatch.exe"
	}
	return "cloudwatch"
}

var (
	host    = target{runtime.GOOS, runtime.GOARCH}
	targets = []target{
		{"linux", "amd64"}, {"linux", "arm64"},
		{"darwin", "amd64"}, {"darwin", "arm64"},
		{"windows", "amd64"}, {"windows", "arm64"},
	}
)

func main() {
	quick := flag.Bool("quick", false, "build for this platform only, and use one build cache")
	flag.Parse()
	if err := run(*quick, flag.Arg(0)); err != nil {
		fmt.Fprintf(os.Stderr, "dist: %v\n", err)
		os.Exit(1)
	}
}

func run(quick bool, version string) error {
	root, err := publish.Run(".", nil, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	repo, err := publish.Clone(root, filepath.Join(scratch, "clone"))
	if err != nil {
		return err
	}
	if version != "" {
		if _, err := publish.Run(string(repo), nil, "git", "checkout", "--quiet", version); err != nil {
			return fmt.Errorf("%w\nrun 'make release VERSION=%s' first", err, version)
		}
	}
	d := distribution{repo: repo, version: cmp.Or(version, trialVersion), scratch: scratch, out: filepath.Join(root, "dist")}
	if err := d.prepare(); err != nil {
		return err
	}
	built := targets
	if quick {
		built = []target{host}
	}
	if err := d.build(built, quick); err != nil {
		return err
	}
	if err := d.documents(); err != nil {
		return err
	}
	for _, t := range built {
		if err := d.archive(t); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		if t.os == "linux" {
			if err := d.packages(t); err != nil {
				return fmt.Errorf("%s: %w", t, err)
			}
		}
	}
	return d.checksums()
}

// distribution is the state of one build of all artefacts.
type distribution struct {
	repo    publish.Repository
	version string
	scratch string
	out     string
	command publish.Module
	proxy   publish.Proxy
	date    time.Time // of the commit; all files have it, so that archives are reproducible
}

func (d *distribution) prepare() error {
	for _, dir := range []string{d.out, filepath.Join(d.scratch, "documents")} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	date, err := publish.Run(string(d.repo), nil, "git", "show", "--no-patch", "--format=%cI", "HEAD")
	if err != nil {
		return err
	}
	if d.date, err = time.Parse(time.RFC3339, date); err != nil {
		return err
	}
	d.date = d.date.UTC()
	proxy, modules, err := publish.Prepare(d.repo, d.scratch, d.version)
	if err != nil {
		return err
	}
	d.proxy = proxy
	for _, m := range modules {
		if m.Dir == "cmd/cloudwatch" {
			d.command = m
			return nil
		}
	}
	return fmt.Errorf("the command is not published")
}

// name returns the name of an artefact for the target, without its suffix.
func (d *distribution) name(t target) string {
	return strings.Join([]string{"cloudwatch", d.version, t.os, t.arch}, "_")
}
