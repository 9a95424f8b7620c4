package cloudwatch_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// TestStartWhileTheDirectoryIsRemoved: what the spool has to report while a constructor
// runs is reported; nothing panics.
func TestStartWhileTheDirectoryIsRemoved(t *testing.T) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	cfg := srv.Config()
	dir := filepath.Join(t.TempDir(), "spool")
	stop := make(chan struct{})
	var remover sync.WaitGroup
	remover.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.RemoveAll(dir) // or files are being made in it
			}
		}
	})
	for range 200 {
		var told errorLog
		h, err := cloudwatch.NewHandler(group, &cloudwatch.Options{
			Config: &cfg, LogStream: stream, Spool: dir, OnError: told.add,
			SpoolOptions: cloudwatch.SpoolOptions{Direct: true, MinFree: -1},
		})
		if err == nil {
			_ = h.Close()
		}
	}
	close(stop)
	remover.Wait()
}
