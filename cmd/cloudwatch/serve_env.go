package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// environment is the environment that clients of an endpoint need.
type environment struct {
	set   []string // "NAME=VALUE"
	unset []string // names that would lead to another endpoint or account
	// secret is the value of AWS_SECRET_ACCESS_KEY in set; "" if it is a dummy.
	secret string
}

// clientEnv returns the environment for an endpoint at a URL, with the first of the keys.
func clientEnv(url string, keys accessKeys) environment {
	id, secret := dummyKey, dummyKey
	e := environment{}
	if len(keys) > 0 {
		id, secret = keys[0].id, keys[0].secret
		e.secret = secret
	}
	e.set = []string{
		"AWS_ENDPOINT_URL=" + url,
		"AWS_ACCESS_KEY_ID=" + id,
		"AWS_SECRET_ACCESS_KEY=" + secret,
		"AWS_REGION=" + defaultRegion,
		"AWS_DEFAULT_REGION=" + defaultRegion, // for older clients
		// Otherwise SDKs prefix the host with "stream-" for live tail.
		"AWS_DISABLE_HOST_PREFIX_INJECTION=true",
		"AWS_EC2_METADATA_DISABLED=true",
	}
	e.unset = []string{
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
		"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
	}
	return e
}

// shown returns the variables to set, without a secret.
func (e environment) shown() []string {
	list := slices.Clone(e.set)
	if e.secret == "" {
		return list
	}
	return slices.DeleteFunc(list, func(v string) bool { return strings.HasPrefix(v, "AWS_SECRET_ACCESS_KEY=") })
}

// apply returns a copy of an environment with this one applied.
func (e environment) apply(to []string) []string {
	var list []string
	for _, v := range to {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains(e.unset, name) {
			list = append(list, v)
		}
	}
	return append(list, e.set...) // the last of several values wins
}

// printEnv prints the environment as shell commands.
func (p *program) printEnv(url string) error {
	e := clientEnv(url, nil)
	text := "unset " + strings.Join(e.unset, " ") + "\n"
	for _, v := range e.set {
		text += "export " + v + "\n"
	}
	if _, err := fmt.Fprint(p.stdout, text); err != nil {
		return failed(err)
	}
	return nil
}

// accessKeys are the keys that signatures are checked against.
type accessKeys []accessKey

type accessKey struct{ id, secret string }

func (k accessKeys) secrets() map[string]string {
	if len(k) == 0 {
		return nil
	}
	m := make(map[string]string)
	for _, key := range k {
		m[key.id] = key.secret
	}
	return m
}

// accessKeys reads the keys of --access-key. Secrets come from a file or the environment, never from a
// flag, which every user of the machine can see.
func (p *program) accessKeys(flags []string) (keys accessKeys, err error) {
	for _, flag := range flags {
		id, from, named := strings.Cut(flag, ":")
		if id == "" || strings.ContainsAny(id, "/, =") {
			return nil, fmt.Errorf("--access-key %s: must be ID:FILE, ID:env:NAME or ID", flag)
		}
		secret, where := "", ""
		if name, ok := strings.CutPrefix(from, "env:"); ok || !named {
			if !named {
				name = "AWS_SECRET_ACCESS_KEY"
			}
			secret, where = p.getenv(name), "the environment variable "+name
		} else {
			text, err := os.ReadFile(from)
			if err != nil {
				return nil, fmt.Errorf("--access-key %s: the part after the colon must be a file with the secret: %w", id, withoutPath(err))
			}
			secret, where = strings.TrimSpace(string(text)), from
		}
		if secret == "" {
			return nil, fmt.Errorf("--access-key %s: no secret in %s", id, where)
		}
		keys = append(keys, accessKey{id, secret})
	}
	return keys, nil
}

// withoutPath removes the path from an error: it may be a secret given by mistake.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}
