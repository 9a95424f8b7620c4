package cloudwatch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// Options end up in logs by accident. No way to print them shows a secret, and all show
// the rest.
func TestPrintedOptionsHaveNoSecret(t *testing.T) {
	opts := Options{
		AccessID:      "AKIACANARYCANARY1234",
		AccessKey:     "canarykey",
		SessionToken:  "canarytoken",
		Region:        "eu-central-1",
		Endpoint:      "https://canaryuser:canarypass@localhost:4586",
		Config:        &aws.Config{Credentials: credentials.NewStaticCredentialsProvider("canaryid", "canarysecret", "canarysession")},
		ClientOptions: []func(*cloudwatchlogs.Options){func(*cloudwatchlogs.Options) {}},
		LogStream:     "app@host",
		Tags:          map[string]string{"team": "a"},
		Level:         slog.LevelDebug,
		Format:        JSON,
		CloseTimeout:  3 * time.Second,
		Compress:      true,
		Spool:         "/var/lib/app",
		SpoolOptions:  SpoolOptions{MaxBytes: 1 << 30, SyncEvery: time.Minute},
		OnError:       func(error) {},
	}
	nested := struct {
		Name   string
		Opts   Options
		ByPtr  *Options
		ByName map[string]Options
	}{"n", opts, &opts, map[string]Options{"a": opts}}
	s := &settings{Options: opts}
	printed := map[string]string{}
	for name, value := range map[string]any{
		"value": opts, "pointer": &opts, "slice": []Options{opts}, "map": map[string]any{"o": opts},
		"nested": nested, "pointer to nested": &nested, "settings": *s, "pointer to settings": s,
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X"} {
			printed[name+" by "+verb] = fmt.Sprintf(verb, value)
		}
		for kind, handler := range map[string]func(io.Writer) slog.Handler{
			"slog.TextHandler": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
			"slog.JSONHandler": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		} {
			var b bytes.Buffer
			slog.New(handler(&b)).Info("m", "v", value, slog.Group("g", "v", value))
			printed[name+" by "+kind] = b.String()
		}
		b, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%s by JSON: %v", name, err)
		}
		printed[name+" by JSON"] = string(b)
	}
	for how, text := range printed {
		plain := strings.ToLower(text)
		for _, form := range []string{"canary", fmt.Sprintf("%x", "canary"), fmt.Sprintf("%x", "CANARY")} {
			if strings.Contains(plain, form) {
				t.Errorf("%s: %s", how, text)
			}
		}
		if strings.HasPrefix(how, "value by") && !strings.Contains(strings.ToLower(how), "%x") {
			for _, part := range []string{"eu-central-1", "app@host", "https://localhost:4586", "...1234", "team", "1073741824", "SyncEvery"} {
				if !strings.Contains(text, part) {
					t.Errorf("%s: %q is not in %s", how, part, text)
				}
			}
		}
	}
	if got, want := fmt.Sprint(Options{}), "{}"; got != want {
		t.Errorf("the zero value is %s", got)
	}
	if got := fmt.Sprint(Options{AccessID: "short"}); strings.Contains(got, "short") {
		t.Errorf("a short id is shown: %s", got)
	}
}

// TestEveryStringOptionIsSecretOrNot: whoever adds one has to say so.
func TestEveryStringOptionIsSecretOrNot(t *testing.T) {
	shown := map[string]bool{
		"AccessID": false, "AccessKey": false, "SessionToken": false,
		"Region": true, "Profile": true, "RoleARN": true, "ExternalID": true, "Endpoint": true, "LogStream": true, "KMSKeyID": true, "Class": true, "Spool": true,
	}
	const canary = "canary"
	for i := range reflect.TypeFor[Options]().NumField() {
		var opts Options
		field, name := reflect.ValueOf(&opts).Elem().Field(i), reflect.TypeFor[Options]().Field(i).Name
		if field.Kind() != reflect.String {
			continue
		}
		field.SetString(canary)
		want, known := shown[name]
		if got := strings.Contains(opts.String(), canary); !known || got != want {
			t.Errorf("%s: shown %v, known %v", name, got, known)
		}
	}
}
