package redact

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestURL(t *testing.T) {
	for url, want := range map[string]string{
		"":                               "",
		"https://host/path":              "https://host/path",
		"http://user:hush@host:80/x":     "http://host:80/x",
		"http://user@host":               "http://host",
		"http://user:hu@sh@host":         "http://host",
		"http://user:hu/sh@host":         "http://host",
		"user:hush@host:3128":            "host:3128",
		"http://user:hush@[::1":          "http://[::1",
		"http://host/path?mail=me@there": "http://there", // it cannot be told from a password with a slash
	} {
		if got := URL(url); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
		if again := URL(URL(url)); again != want {
			t.Errorf("%s: the second time %s", url, again)
		}
	}
}

// Errors of net/url and of the proxy settings quote what they cannot parse.
func TestErrorsTellNoPassword(t *testing.T) {
	const host = "@proxy:3128"
	_, parse := url.Parse(strings.Join([]string{"http://user:hu%zzsh", host}, "")) // a constant would have to be valid
	_, slash := url.Parse(strings.Join([]string{"http://user:hu/sh", host}, ""))
	cause := errors.New("cause")
	for name, err := range map[string]error{
		"net/url":                  parse,
		"a password with a slash":  slash,
		"a proxy without a scheme": fmt.Errorf("invalid proxy address %q: %v", "user:hu%zzsh@proxy:3128", parse),
		"a password with a quote":  fmt.Errorf("parse %q: invalid userinfo", `http://user:hu"sh zz@host`),
		"a password with a blank":  fmt.Errorf("parse %q: invalid userinfo", "http://user:hush zzsh@host"),
		"a password with an @":     fmt.Errorf("dial http://user:hu@sh@host/: %w", cause),
		"not quoted":               fmt.Errorf("dial http://user:hush@host/: %w", cause),
	} {
		got := Error(err)
		for _, part := range []string{"user:", "hu", "zz", "sh@"} {
			if strings.Contains(strings.ReplaceAll(got.Error(), "invalid userinfo", ""), part) {
				t.Errorf("%s: %q has %q", name, got, part)
			}
		}
		if !errors.Is(got, err) {
			t.Errorf("%s: the error is not wrapped", name)
		}
	}
	if got := Text(`invalid port "x"`); got != `invalid port "x"` {
		t.Errorf("a text without a URL became %s", got)
	}
	if got := Error(cause); got != cause {
		t.Errorf("an error without a URL became %#v", got)
	}
	if Error(nil) != nil {
		t.Error("nil became an error")
	}
}
