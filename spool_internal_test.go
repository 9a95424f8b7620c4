package cloudwatch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSpoolDefaults(t *testing.T) {
	s, err := newSettings("g", &Options{Spool: "logs"})
	if err != nil {
		t.Fatal(err)
	}
	want := SpoolOptions{MaxBytes: 1 << 30, MaxStall: time.Second, SyncEvery: time.Second, SpillAfter: 10 * time.Second}
	if s.SpoolOptions != want {
		t.Errorf("got %+v, want %+v", s.SpoolOptions, want)
	}
	given := SpoolOptions{MaxBytes: 32 << 20, MinFree: -1, MaxStall: 1, SyncEvery: 2, SpillAfter: 3, Direct: true, RAM: "r", AllowRemote: true}
	if s, err = newSettings("g", &Options{Spool: "logs", SpoolOptions: given}); err != nil || s.SpoolOptions != given {
		t.Errorf("got %+v and %v, want what was given", s.SpoolOptions, err)
	}
}

func TestSpoolSettings(t *testing.T) {
	for wrong, opts := range map[string]Options{
		"Spool is empty": {SpoolOptions: SpoolOptions{Direct: true}},
		"MaxBytes":       {Spool: "logs", SpoolOptions: SpoolOptions{MaxBytes: 32<<20 - 1}},
		"MinFree":        {Spool: "logs", SpoolOptions: SpoolOptions{MinFree: -2}},
		"negative time":  {Spool: "logs", SpoolOptions: SpoolOptions{SyncEvery: -1}},
	} {
		if _, err := newSettings("g", &opts); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%+v: %v, want an error about %q", opts.SpoolOptions, err, wrong)
		}
	}
}

func TestErrorOfTheSpoolNamesItsOption(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := NewHandler("g", &Options{Region: "us-east-1", Spool: file})
	if err == nil || !strings.HasPrefix(err.Error(), "cloudwatch: new handler: Options.Spool: ") {
		t.Errorf("got %v", err)
	}
}
