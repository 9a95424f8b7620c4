package conformance

import (
	"bufio"
	"context"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// motoVersion is the version of moto that docs/conformance.md is about.
const motoVersion = "5.2.1"

// moto is a well-known emulator of AWS. TestMoto checks that the page is still right about it.
func TestMoto(t *testing.T) {
	url, version := startMoto(t)
	if version != motoVersion {
		t.Skipf("moto is %s, the page is about %s", version, motoVersion)
	}
	published := readPage(t)
	for _, f := range checkMoto(t, url) {
		if row, ok := published[f.Rule.Name()]; ok && row.moto != kept(f.Err) {
			t.Errorf("%s: the page says %q, now it is %q (%v)", f.Rule.Name(), row.moto, kept(f.Err), f.Err)
		}
	}
}

// checkMoto checks moto. It answers HTTP 500 where it fails; each request is sent once.
func checkMoto(t *testing.T, url string) []Finding {
	t.Helper()
	return CheckAll(t.Context(), Target{Config: reach(url)})
}

// startMoto starts moto's server and returns its address. It skips the test if the server is not
// installed, and stops it when the test ends.
func startMoto(t *testing.T) (url, version string) {
	t.Helper()
	program, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip("moto_server is not in PATH")
	}
	out, err := exec.Command("python3", "-c", "import importlib.metadata as m; print(m.version('moto'))").Output()
	if err != nil {
		t.Skipf("cannot determine the version of moto: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	cmd := exec.CommandContext(ctx, program, "-H", "127.0.0.1", "-p", "0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel() // kills it
		_ = cmd.Wait()
	})
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	lines := bufio.NewScanner(stderr)
	for url == "" && lines.Scan() {
		url = address.FindString(lines.Text())
	}
	if url == "" {
		t.Fatal("moto_server does not print its address")
	}
	go func() {
		for lines.Scan() { // moto logs each request
		}
	}()
	return url, strings.TrimSpace(string(out))
}
