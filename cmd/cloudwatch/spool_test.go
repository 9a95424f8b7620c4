package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

func TestColumns(t *testing.T) {
	got := strings.Join(columns([][]string{{"NAME", "N", "X"}, {"ä", "1", ""}, {"long name", "1,000", "x"}}, 1), "\n")
	want := "NAME           N  X\nä              1\nlong name  1,000  x"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Escaped text is equivalent JSON.
func TestEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"plain ünïcödé 漢字":                     `"plain ünïcödé 漢字"`,
		"\x1b[31m\r\n\t\x00":                   `"\u001b[31m\r\n\t\u0000"`,
		"del \x7f c1 \u009b":                   `"del \u007f c1 \u009b"`,
		"\u200b\u061c\ufeff \U000e0041":        `"\u200b\u061c\ufeff \udb40\udc41"`,
		"\u202a\u202e\u2066\u2069\u2028\u2029": `"\u202a\u202e\u2066\u2069\u2028\u2029"`,
	} {
		var line bytes.Buffer
		e := json.NewEncoder(&line)
		e.SetEscapeHTML(false)
		if err := e.Encode(text); err != nil {
			t.Fatal(err)
		}
		got := escaped(line.Bytes())
		if string(got) != want+"\n" {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
		var back string
		if err := json.Unmarshal(got, &back); err != nil || back != text {
			t.Errorf("%q decodes to %q, error %v", text, back, err)
		}
	}
	if got, want := string(escaped([]byte("\"bad \xff\"\n"))), "\"bad \ufffd\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// leftSpool returns a spool with leftover events for the endpoint.
func leftSpool(t *testing.T, endpoint string, messages ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "spool")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	h := segment.Header{ID: 1, Producer: 0xaa, Number: 1, Created: time.Now(), Region: "us-east-1", Endpoint: endpoint, Group: "app", Stream: "s"}
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, make([]byte, segment.AcksBytes)...)
	for i, m := range messages {
		b = segment.AppendRecord(b, h.ID, int64(len(b)), uint32(i+1), segment.Record{Seq: uint64(i + 1), Time: time.Now().UnixMilli(), Size: len(m), Payload: []byte(m)})
	}
	if err := os.WriteFile(filepath.Join(dir, "00000000000000aa-00000001.seg"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Ctrl-C ends a send that waits for the service. Unacknowledged events stay in the spool.
func TestSignalEndsSend(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	remove, hit := hangs(srv)
	dir := leftSpool(t, srv.URL, "one", "two")
	send := func() *running { return start(t, "spool", "send", dir, "--yes", "--endpoint", srv.URL) }
	r := send()
	wait(t, hit)
	r.signals <- os.Interrupt
	r.wantCode(t, 130)
	r.stderr.waitFor(t, "cloudwatch: sent 0 events to log group app\ncloudwatch: left: 1 file, ")
	remove()
	send().wantCode(t, 0)
	if got := srv.Messages("app", "s"); len(got) != 3 || got[0] != "one" || got[1] != "two" {
		t.Errorf("delivered %q, want two events and a recovery notice", got)
	}
}

// A process that constantly writes, delivers and reuses its hot files must never look corrupt.
func TestLookAtBusyProcess(t *testing.T) {
	const ram = "/dev/shm"
	dir := filepath.Join(t.TempDir(), "spool")
	srv := cloudwatchtest.Start(t)
	cfg := srv.Config()
	w, err := cloudwatch.NewWriter("app", &cloudwatch.Options{
		Config: &cfg, Spool: dir, SpoolOptions: cloudwatch.SpoolOptions{RAM: ram, MinFree: -1}, OnFull: cloudwatch.Block,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer removeHot(filepath.Dir(dir))
	if g := w.Guarantee(); g.Mode != "hot" {
		t.Skipf("no hot mode here: %v", g.Err)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		line := strings.Repeat("x", 2000) + "\n"
		for range 6_000 { // several times the capacity of the hot files
			_, _ = w.Write([]byte(line))
		}
		_ = w.Close()
	}()
	d, err := openSpool(dir, &spoolFlags{ram: ram})
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	ids := map[uint64]bool{}
	for looks := 0; ; looks++ {
		files, err := d.survey(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.damaged() {
				t.Errorf("look %d: %s: %s", looks, f.name, f.verdict())
			}
			if f.header != nil && strings.HasSuffix(f.name, ".hot") {
				ids[f.header.ID] = true
			}
		}
		select {
		case <-written:
			if len(ids) < 3 {
				t.Errorf("hot files were not reused: %d", len(ids))
			}
			return
		default:
		}
	}
}

// A file alone never decides the destination.
func TestRetarget(t *testing.T) {
	f := sendFlags{to: segment.Header{Group: "g", Endpoint: "http://localhost"}}
	h := segment.Header{ID: 7, Region: "r", Group: "old", Stream: "s"}
	f.retarget(&h)
	if want := (segment.Header{ID: 7, Region: "r", Group: "g", Stream: "s", Endpoint: "http://localhost"}); h != want {
		t.Errorf("got %+v, want %+v", h, want)
	}
}
