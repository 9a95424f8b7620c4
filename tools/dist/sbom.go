package main

import (
	"io"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// writeSBOM writes what the command is made of, as CycloneDX JSON.
func writeSBOM(w io.Writer, command, version string, date time.Time, components []component) error {
	root := cdx.Component{
		BOMRef:     "pkg:golang/" + command + "@" + version,
		Type:       cdx.ComponentTypeApplication,
		Name:       command,
		Version:    version,
		PackageURL: "pkg:golang/" + command + "@" + version,
		Licenses:   &cdx.Licenses{{License: &cdx.License{ID: "MIT"}}},
	}
	var list []cdx.Component
	var refs []string
	for _, c := range components {
		url := "pkg:golang/" + c.path + "@" + c.version
		entry := cdx.Component{
			BOMRef:     url,
			Type:       cdx.ComponentTypeLibrary,
			Name:       c.path,
			Version:    c.version,
			PackageURL: url,
			Licenses:   &cdx.Licenses{{License: &cdx.License{ID: c.license}}},
		}
		if c.sum != "" {
			// The hash of go.sum covers names and contents of all files, so it is no hash of a file.
			entry.Properties = &[]cdx.Property{{Name: "cdx:go:sum", Value: c.sum}}
		}
		list = append(list, entry)
		refs = append(refs, url)
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Timestamp: date.Format(time.RFC3339), Component: &root}
	bom.Components = &list
	bom.Dependencies = &[]cdx.Dependency{{Ref: root.BOMRef, Dependencies: &refs}}
	return cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
}
