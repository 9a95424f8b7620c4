package cloudwatch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"testing/slogtest"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// TestSlogtest runs the rules of testing/slogtest on what arrives at the
// service.
func TestSlogtest(t *testing.T) {
	tests := []struct {
		name   string
		format cloudwatch.Format
		parse  func(text string) (map[string]any, error)
	}{
		{"JSON", cloudwatch.JSON, parseJSON},
		{"Text", cloudwatch.Text, parseText},
		{"Using JSONHandler", cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) }), parseJSON},
		{"Using TextHandler", cloudwatch.Using(func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }), parseText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h *cloudwatch.Handler
			var srv *cloudwatchtest.Server
			newHandler := func(t *testing.T) slog.Handler {
				srv = cloudwatchtest.New()
				cfg := srv.Config()
				var err error
				h, err = cloudwatch.NewHandler(group, &cloudwatch.Options{Config: &cfg, LogStream: stream, Format: tt.format})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					h.Close()
					srv.Close()
				})
				return h
			}
			slogtest.Run(t, newHandler, func(t *testing.T) map[string]any {
				if err := h.Flush(context.Background()); err != nil {
					t.Fatal(err)
				}
				messages := srv.Messages(group, stream)
				if len(messages) != 1 {
					t.Fatalf("%d messages arrived, want 1: %q", len(messages), messages)
				}
				got, err := tt.parse(messages[0])
				if err != nil {
					t.Fatalf("%q: %v", messages[0], err)
				}
				return got
			})
		})
	}
}

func parseJSON(text string) (got map[string]any, err error) {
	err = json.Unmarshal([]byte(text), &got)
	return got, err
}

// parseText reads key=value pairs. A dot in a key begins a group.
func parseText(text string) (map[string]any, error) {
	got := make(map[string]any)
	for text != "" {
		key, rest, err := word(text, "=")
		if err != nil {
			return nil, err
		}
		value, rest, err := word(strings.TrimPrefix(rest, "="), " ")
		if err != nil {
			return nil, err
		}
		text = strings.TrimPrefix(rest, " ")
		in := got
		for {
			group, inner, nested := strings.Cut(key, ".")
			if !nested {
				break
			}
			members, ok := in[group].(map[string]any)
			if !ok {
				members = make(map[string]any)
				in[group] = members
			}
			in, key = members, inner
		}
		in[key] = value
	}
	return got, nil
}

// word returns the word before end, which may be in quotes.
func word(text, end string) (word, rest string, err error) {
	if quoted, err := strconv.QuotedPrefix(text); err == nil {
		word, err = strconv.Unquote(quoted)
		return word, text[len(quoted):], err
	}
	i := strings.Index(text, end)
	if i < 0 && end == "=" {
		return "", "", fmt.Errorf("no value behind %q", text)
	}
	if i < 0 {
		i = len(text)
	}
	return text[:i], text[i:], nil
}
