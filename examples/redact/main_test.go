package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	main() // exits if it fails
	e.Want("my_log_group",
		`"user":"ann","password":"[redacted]"}`,
		`"header":{"Host":"shop","Authorization":"[redacted]"}}`,
		`"login":{"User":"ann","Password":"[redacted]"}}`,
		`"card":{"last4":"1111"}}`)
}

// hidden is the text of the tests as a secret.
func hidden() secret {
	text := "hunter2"
	return secret{&text}
}

type token struct{}

func (token) LogValue() slog.Value { return slog.StringValue("hunter2") }

// Whatever way a secret takes, in every format of the library.
func TestNoSecretPasses(t *testing.T) {
	formats := map[string]cloudwatch.Format{
		"JSON":    cloudwatch.JSON,
		"Text":    cloudwatch.Text,
		"Pattern": cloudwatch.Pattern("{level} {message} {attrs}"),
		"Using":   cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }),
	}
	logs := map[string]func(*slog.Logger){
		"an attribute":            func(l *slog.Logger) { l.Info("m", "db_password", "hunter2") },
		"an attribute of With":    func(l *slog.Logger) { l.With("Access-Token", "hunter2").Info("m") },
		"in a group of With":      func(l *slog.Logger) { l.WithGroup("g").With("TOKEN", "hunter2").Info("m") },
		"a group by WithGroup":    func(l *slog.Logger) { l.WithGroup("secrets").Info("m", "db", "hunter2") },
		"a group in a group":      func(l *slog.Logger) { l.Info("m", slog.Group("a", slog.Group("cookies", "id", "hunter2"))) },
		"what LogValue returns":   func(l *slog.Logger) { l.Info("m", "token", token{}) },
		"a secret":                func(l *slog.Logger) { l.Info("m", "key", hidden()) },
		"in a struct":             func(l *slog.Logger) { l.Info("m", "login", login{"ann", hidden()}) },
		"in a hidden field":       func(l *slog.Logger) { l.Info("m", "login", struct{ password secret }{hidden()}) },
		"in a pointer":            func(l *slog.Logger) { l.Info("m", "login", &login{"ann", hidden()}) },
		"in a map and a slice":    func(l *slog.Logger) { l.Info("m", "logins", map[string][]login{"a": {{"ann", hidden()}}}) },
		"in the key of a map":     func(l *slog.Logger) { l.Info("m", "keys", map[secret]int{hidden(): 1}) },
		"in the text of an error": func(l *slog.Logger) { l.Info("m", "error", fmt.Errorf("key %v: %#v", hidden(), hidden())) },
	}
	for format, f := range formats {
		for name, log := range logs {
			t.Run(format+"/"+name, func(t *testing.T) {
				srv := cloudwatchtest.New()
				defer srv.Close()
				cfg := srv.Config()
				h, err := cloudwatch.NewHandler("g", &cloudwatch.Options{Config: &cfg, LogStream: "s", Format: f, ReplaceAttr: redact})
				if err != nil {
					t.Fatal(err)
				}
				log(slog.New(h))
				if err := h.Close(); err != nil {
					t.Fatal(err)
				}
				got := srv.Messages("g", "s")
				if len(got) != 1 || strings.Contains(got[0], "hunter2") {
					t.Errorf("got %q", got)
				}
			})
		}
	}
}

// What the package comment says of ReplaceAttr: these need the type.
func TestWhatReplaceAttrDoesNotSee(t *testing.T) {
	logs := map[string]func(*slog.Logger){
		"a struct":    func(l *slog.Logger) { l.Info("m", "login", struct{ Password string }{"hunter2"}) },
		"a map":       func(l *slog.Logger) { l.Info("m", "header", http.Header{"Authorization": {"hunter2"}}) },
		"the message": func(l *slog.Logger) { l.Info("password hunter2") },
	}
	for name, log := range logs {
		var out strings.Builder
		log(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: redact})))
		if !strings.Contains(out.String(), "hunter2") {
			t.Errorf("%s: it is redacted after all: %s", name, &out)
		}
	}
}
