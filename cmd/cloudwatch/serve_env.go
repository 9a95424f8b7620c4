package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// environment is what clients of an endpoint need.
type environment struct {
	set   []string // "NAME=VALUE"
	unset []string // names that would lead elsewhere
	// secret is the value of AWS_SECRET_ACCESS_KEY, which is in set as well. ""
	// = it is made up and no secret.
	secret string
}

// clientEnv is the environment for an endpoint at a URL. Only the first key is
// used.
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
		"AWS_DEFAULT_REGION=" + defaultRegion, // older clients look for this
		// For live tail, SDKs put "stream-" before the host otherwise.
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

// shown is what is to be set, without a secret.
func (e environment) shown() []string {
	list := slices.Clone(e.set)
	if e.secret == "" {
		return list
	}
	return slices.DeleteFunc(list, func(v string) bool { return strings.HasPrefix(v, "AWS_SECRET_ACCESS_KEY=") })
}

// apply returns an environment with this one applied.
func (e environment) apply(to []string) []string {
	var list []string
	for _, v := range to {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains(e.unset, name) {
			list = append(list, v)
		}
	}
	return append(list, e.set...) // of several the last one counts
}

// printEnv prints the environment as lines for a shell.
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

// accessKeys are keys that signatures are checked with.
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

// accessKeys reads the keys of --access-key. Secrets are never in a flag, which
// all users of a machine can see: they come from a file or the environment.
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
				return nil, fmt.Errorf("--access-key %s: the part behind the colon names a file with the secret: %w", id, withoutPath(err))
			}
			secret, where = strings.TrimSpace(string(text)), from
		}
		if secret == "" {
			return nil, fmt.Errorf("--access-key %s: there is no secret in %s", id, where)
		}
		keys = append(keys, accessKey{id, secret})
	}
	return keys, nil
}

// withoutPath leaves out the path in an error: somebody may have given the
// secret in its place.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}
