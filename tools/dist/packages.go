package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // the format deb
	_ "github.com/goreleaser/nfpm/v2/rpm" // the format rpm
)

// packages writes the Linux packages of the target, as packaging/nfpm.yaml describes them.
func (d *distribution) packages(t target) error {
	variables := map[string]string{
		"ARCH":      t.arch,
		"VERSION":   strings.TrimPrefix(d.version, "v"),
		"BINARY":    d.binary(t, "first"),
		"DOCUMENTS": filepath.Join(d.scratch, "documents"),
		"PACKAGING": filepath.Join(string(d.repo), "packaging"),
	}
	for _, format := range []string{"deb", "rpm"} {
		config, err := nfpm.ParseFileWithEnvMapping(filepath.Join(string(d.repo), "packaging", "nfpm.yaml"), func(name string) string { return variables[name] })
		if err != nil {
			return err
		}
		info, err := config.Get(format)
		if err != nil {
			return err
		}
		info = nfpm.WithDefaults(info)
		info.MTime = d.date
		packager, err := nfpm.Get(format)
		if err != nil {
			return err
		}
		file, err := os.Create(filepath.Join(d.out, packager.ConventionalFileName(info)))
		if err != nil {
			return err
		}
		if err := packager.Package(info, file); err != nil {
			file.Close()
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}
