package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Keys returns an error if credentials contain characters that keys never have. Errors start with
// id, secret or token, the sources of the three.
func Keys(c aws.Credentials, id, secret, token string) error {
	return errors.Join(checkKey(id, c.AccessKeyID), checkKey(secret, c.SecretAccessKey), checkKey(token, c.SessionToken))
}

// checkKey rejects characters that no key has, such as a newline that was copied with it. A
// request signed with such a key fails with misleading errors. The error shows nothing else of
// the key.
func checkKey(name, key string) error {
	bad := strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
	if bad < 0 {
		return nil
	}
	r, size := utf8.DecodeRuneInString(key[bad:])
	place := "inside"
	switch {
	case bad == 0:
		place = "at the start"
	case bad+size == len(key):
		place = "at the end"
	}
	return fmt.Errorf("%s: has the character %U %s: a key is printable ASCII without blanks", name, r, place)
}

// StaticKeys returns the credentials of a static provider, which needs no request.
func StaticKeys(p aws.CredentialsProvider) (keys aws.Credentials, ok bool) {
	if !aws.IsCredentialsProvider(p, credentials.StaticCredentialsProvider{}) {
		return keys, false
	}
	keys, err := p.Retrieve(context.Background())
	return keys, err == nil
}
