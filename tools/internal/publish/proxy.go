package publish

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// Proxy is a module proxy in the file system (https://go.dev/ref/mod#goproxy-protocol).
type Proxy struct {
	dir string
}

// add adds the module as a public proxy would serve it: from the files of its commit.
func (p Proxy) add(repo Repository, m Module) error {
	dir := filepath.Join(p.dir, filepath.FromSlash(m.Path), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	goMod, err := Run(string(repo), nil, "git", "show", m.Commit+":"+strings.TrimPrefix(m.Dir+"/go.mod", "/"))
	if err != nil {
		return err
	}
	committed, err := Run(string(repo), nil, "git", "show", "--no-patch", "--format=%cI", m.Commit)
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, committed)
	if err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{m.Version, at.UTC()})
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"list":              m.Version + "\n",
		m.Version + ".info": string(info),
		m.Version + ".mod":  goMod + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	archive, err := os.Create(p.Archive(m))
	if err != nil {
		return err
	}
	version := module.Version{Path: m.Path, Version: m.Version}
	if err := zip.CreateFromVCS(archive, version, string(repo), m.Commit, m.Dir); err != nil {
		archive.Close()
		return fmt.Errorf("archive %s: %w", m.Path, err)
	}
	return archive.Close()
}

// Archive returns the file of the module's zip archive.
func (p Proxy) Archive(m Module) string {
	return filepath.Join(p.dir, filepath.FromSlash(m.Path), "@v", m.Version+".zip")
}

// Env is the environment of go commands that see the released modules, and no other version of
// them. Modules of others come from the download cache where it has them.
func (p Proxy) Env(modcache string) []string {
	proxies := []string{"file://" + filepath.ToSlash(p.dir)}
	if cache := goEnv("GOMODCACHE"); cache != "" {
		proxies = append(proxies, "file://"+filepath.ToSlash(filepath.Join(cache, "cache", "download")))
	}
	proxies = append(proxies, goEnv("GOPROXY"))
	return []string{
		"GOPROXY=" + strings.Join(proxies, ","),
		"GOMODCACHE=" + modcache,
		"GOENV=off", // an empty variable would otherwise mean the user's setting
		"GOPRIVATE=",
		"GONOPROXY=",
		"GONOSUMDB=github.com/cloudwatch-go", // the checksum database does not know them yet
		"GOWORK=off",
		// -trimpath shares compiled packages between module caches.
		"GOFLAGS=-trimpath -modcacherw",
		"CGO_ENABLED=0",
	}
}

func goEnv(name string) string {
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
