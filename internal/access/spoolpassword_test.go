package access_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// oldSegment writes a segment with one event as older versions did: with the user name
// and password of the endpoint in its header.
func oldSegment(t *testing.T, dir string, number uint64, host, text string) {
	t.Helper()
	h := segment.Header{
		ID: number, Producer: number, Number: 1, Grows: true, Size: segment.Start, Created: time.Now().Add(-time.Hour),
		Region: "us-east-1", Endpoint: "http://user:hush#" + host, Group: testkit.Group, Stream: testkit.Stream,
	}
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.ReplaceAll(b, []byte("hush#"), []byte("hush@"))
	for half := range slices.Chunk(b, len(b)/2) { // two copies, each with the checksum of what is around it
		body := half[20 : 20+binary.LittleEndian.Uint32(half[12:])]
		crc := crc32.New(crc32.MakeTable(crc32.Castagnoli))
		crc.Write(half[:16])
		crc.Write(body)
		binary.LittleEndian.PutUint32(half[16:], crc.Sum32())
	}
	b = append(b, make([]byte, segment.AcksBytes)...)
	b = segment.AppendRecord(b, h.ID, int64(len(b)), 1, segment.Record{Seq: 1, Time: h.Created.UnixMilli(), Size: len(text), Payload: []byte(text)})
	b = append(b, make([]byte, 64)...)
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%016x-%08x.seg", h.Producer, h.Number)), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// An endpoint with a password is refused now. What older versions have left for it is
// sent to the same endpoint without one, and no error shows it.
func TestPasswordInOldSegmentsIsNotTold(t *testing.T) {
	srv := cloudwatchtest.Start(t)
	testkit.MustCreate(t, srv)
	dir := filepath.Join(t.TempDir(), "spool")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	oldSegment(t, dir, 1, strings.TrimPrefix(srv.URL, "http://"), "for us")
	oldSegment(t, dir, 2, "elsewhere.internal", "for another endpoint")
	cfg := srv.Config()
	var told testkit.ErrorLog
	h, err := cloudwatch.NewHandler(testkit.Group, &cloudwatch.Options{
		Config: &cfg, LogStream: "next", Spool: dir, SpoolOptions: cloudwatch.SpoolOptions{Direct: true, MinFree: -1}, OnError: told.Add,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := h.AwaitRecovery(ctx); err != nil {
		t.Error(err)
	}
	testkit.MustClose(t, h)
	testkit.WantEqual(t, "messages", srv.Messages(testkit.Group, testkit.Stream), []string{"for us"})
	elsewhere := false
	for _, err := range told.Errors() {
		elsewhere = elsewhere || strings.Contains(err.Error(), "http://elsewhere.internal")
		if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "user") {
			t.Errorf("told %q", err)
		}
	}
	if !elsewhere {
		t.Errorf("the other segment is not reported: %q", told.Errors())
	}
}
