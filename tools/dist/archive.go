package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// archive writes the archive of the target, with everything but packages, and its SBOM.
func (d *distribution) archive(t target) error {
	binary := d.binary(t, "first")
	components, err := d.components(binary)
	if err != nil {
		return err
	}
	var bom bytes.Buffer
	if err := writeSBOM(&bom, d.command.Path, d.version, d.date, components); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.out, d.name(t)+".cdx.json"), bom.Bytes(), 0o644); err != nil {
		return err
	}
	documents := filepath.Join(d.scratch, "documents")
	if err := os.WriteFile(filepath.Join(documents, "THIRD_PARTY_NOTICES.txt"), []byte(notices(components)), 0o644); err != nil {
		return err
	}
	files, err := read(documents)
	if err != nil {
		return err
	}
	if files[t.executable()], err = os.ReadFile(binary); err != nil {
		return err
	}
	pack, suffix := tarball, ".tar.gz"
	if t.os == "windows" {
		pack, suffix = zipped, ".zip"
	}
	data, err := pack(d.name(t), files, t.executable(), d.date)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.out, d.name(t)+suffix), data, 0o644)
}

// read returns the files below a directory, by their slash-separated names.
func read(dir string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		return err
	})
	return files, err
}

// tarball returns the files as .tar.gz in a directory. Names are sorted, and owners and times are
// the same everywhere, so that equal files make equal archives.
func tarball(dir string, files map[string][]byte, executable string, date time.Time) ([]byte, error) {
	var b bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(compressed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{
			Typeflag: tar.TypeReg,
			Name:     path.Join(dir, name),
			Size:     int64(len(files[name])),
			Mode:     mode(name, executable),
			ModTime:  date,
			Format:   tar.FormatUSTAR,
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// zipped returns the files as .zip in a directory, as reproducibly as tarball does.
func zipped(dir string, files map[string][]byte, executable string, date time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &zip.FileHeader{Name: path.Join(dir, name), Method: zip.Deflate, Modified: date}
		header.SetMode(fs.FileMode(mode(name, executable)))
		file, err := w.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := file.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func mode(name, executable string) int64 {
	if name == executable {
		return 0o755
	}
	return 0o644
}

// checksums writes SHA256SUMS, in the format of sha256sum.
func (d *distribution) checksums() error {
	files, err := read(d.out)
	if err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(files[name]), name)
		fmt.Printf("dist/%s\t%.1f MB\n", name, float64(len(files[name]))/1e6)
	}
	return os.WriteFile(filepath.Join(d.out, "SHA256SUMS"), sums.Bytes(), 0o644)
}
