package main

import (
	"testing"
	"time"

	"k8s.io/klog/v2"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	main() // exits if it fails
	e.Want("my_log_group",
		`"level":"WARN","msg":"Watch out! Something happened to order 17!","source":"main.go:`,
		`"level":"ERROR","msg":"payment failed","err":"no such card","order":17}`)
}

func TestLevels(t *testing.T) {
	endpoint.WantLevels(t, func(h *cloudwatch.Handler) (info, warn func()) {
		logTo(h)
		return func() { klog.Info("i") }, func() { klog.Warning("w") }
	})
	endpoint.WantLevels(t, func(h *cloudwatch.Handler) (info, warn func()) {
		logTo(h)
		return func() { klog.InfoS("i", "key", 1) }, func() { klog.ErrorS(nil, "e", "key", 1) }
	})
}

func TestWhole(t *testing.T) {
	for name, log := range map[string]func(string){
		"Info":   func(message string) { klog.Info(message) },
		"Infoln": func(message string) { klog.Infoln("]", message) },
		"InfoS":  func(message string) { klog.InfoS(message) },
		"logr":   func(message string) { klog.Background().Info(message) },
	} {
		t.Run(name, func(t *testing.T) {
			endpoint.WantWhole(t, func(h *cloudwatch.Handler) func(string) {
				logTo(h)
				return log
			})
		})
	}
}

func TestFatal(t *testing.T) {
	endpoint.WantFatal(t, func(h *cloudwatch.Handler, message string) {
		logTo(h)
		klog.Fatal(message)
	})
}

func TestExit(t *testing.T) {
	endpoint.WantFatal(t, func(h *cloudwatch.Handler, message string) {
		logTo(h)
		klog.Exit(message)
	})
}

// klog's flush daemon holds its lock: nothing in it may wait for the network.
func TestFlushDoesNotWait(t *testing.T) {
	e := endpoint.Start(t)
	over := e.Inject(cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore})
	h, err := cloudwatch.NewHandler("flush", &cloudwatch.Options{CloseTimeout: time.Minute, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	defer over()
	logTo(h)
	klog.Info("during an outage")
	began := time.Now()
	klog.Flush()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}
