package endpoint

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature Version 4, as CloudWatch Logs accepts it: in the Authorization header, over the hash of
// the whole body. Signatures in the query and keys with a session token are refused. Source: IAM
// user guide, "Create a signed AWS API request"; the errors are those of "Common Errors" in the API
// reference.
const (
	signatureAlgorithm = "AWS4-HMAC-SHA256"
	signatureWindow    = 15 * time.Minute // maximum difference between the clocks
	signatureTime      = "20060102T150405Z"
)

// credential is the credential of a signature: AKID/20261122/eu-west-1/logs/aws4_request.
type credential struct{ keyID, date, region, service, end string }

// signedBy returns the credential in the Authorization header; zero if it has no valid one.
func signedBy(r *http.Request) credential {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	parts := strings.Split(strings.TrimSpace(scope), "/")
	if len(parts) != 5 {
		return credential{}
	}
	return credential{parts[0], parts[1], parts[2], parts[3], parts[4]}
}

// signedRegion returns the region a request is signed for, or the default.
func signedRegion(r *http.Request) string {
	if c := signedBy(r); isRegion(c.region) {
		return c.region
	}
	return DefaultRegion
}

// checkSignature returns an error unless a request is signed with one of the keys. bodyHash is the
// SHA-256 of the body on the wire, in hexadecimal.
func checkSignature(r *http.Request, keys map[string]string, bodyHash string, now time.Time) *APIError {
	authorization := r.Header.Get("Authorization")
	if authorization == "" {
		return newError(http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	algorithm, rest, _ := strings.Cut(authorization, " ")
	if algorithm != signatureAlgorithm {
		return incompleteSignature("Unsupported AWS 'algorithm': '%s'.", clip(algorithm))
	}
	fields := make(map[string]string)
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if fields[name] == "" {
			return incompleteSignature("Authorization header requires '%s' parameter.", name)
		}
	}
	c := signedBy(r)
	if c == (credential{}) {
		return incompleteSignature("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", clip(fields["Credential"]))
	}
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse(signatureTime, stamp)
	if err != nil {
		return incompleteSignature("Authorization header requires existence of an 'X-Amz-Date' header in the form YYYYMMDD'T'HHMMSS'Z'.")
	}
	secret, known := keys[c.keyID]
	if !known || r.Header.Get("X-Amz-Security-Token") != "" {
		return UnrecognizedClient()
	}
	switch {
	case c.date != stamp[:8]:
		return invalidSignature("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s'.", clip(c.date), stamp[:8])
	case c.service != "logs":
		return invalidSignature("Credential should be scoped to correct service: 'logs'.")
	case c.end != "aws4_request":
		return invalidSignature("Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.", clip(c.end))
	}
	headers := strings.Split(fields["SignedHeaders"], ";")
	if !slices.Contains(headers, "host") {
		return invalidSignature("'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if stated := r.Header.Get("X-Amz-Content-Sha256"); stated != "" && stated != bodyHash {
		return invalidSignature("The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	key := []byte("AWS4" + secret)
	for _, part := range []string{c.date, c.region, c.service, c.end} {
		key = keyed(key, part)
	}
	canonical := sha256.Sum256([]byte(canonicalRequest(r, headers, bodyHash)))
	signature := keyed(key, strings.Join([]string{
		signatureAlgorithm, stamp, strings.Join([]string{c.date, c.region, c.service, c.end}, "/"), hex.EncodeToString(canonical[:]),
	}, "\n"))
	if given, err := hex.DecodeString(fields["Signature"]); err != nil || !hmac.Equal(given, signature) {
		return invalidSignature("The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	if skew := now.Sub(at); skew > signatureWindow || skew < -signatureWindow {
		return newError(400, "RequestExpired", fmt.Sprintf("The request is signed for %s, more than 15 minutes from the server's %s.", stamp, now.UTC().Format(signatureTime)))
	}
	return nil
}

func keyed(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// canonicalRequest returns the canonical form of the request, which the signature covers.
func canonicalRequest(r *http.Request, headers []string, bodyHash string) string {
	var b strings.Builder
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, path, canonicalQuery(r.URL.Query()))
	for _, name := range headers {
		var values []string
		switch name {
		case "host":
			values = []string{r.Host}
		case "content-length": // net/http removes it from Header
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		default:
			values = slices.Clone(r.Header.Values(name))
		}
		for i, v := range values {
			values[i] = strings.Join(strings.FieldsFunc(v, func(r rune) bool { return r == ' ' }), " ")
		}
		fmt.Fprintf(&b, "%s:%s\n", name, strings.Join(values, ","))
	}
	fmt.Fprintf(&b, "\n%s\n%s", strings.Join(headers, ";"), bodyHash)
	return b.String()
}

func canonicalQuery(q url.Values) string {
	for _, values := range q {
		slices.Sort(values)
	}
	return strings.ReplaceAll(q.Encode(), "+", "%20") // Encode sorts by name
}

func incompleteSignature(format string, args ...any) *APIError {
	return newError(400, "IncompleteSignature", fmt.Sprintf(format, args...))
}

func invalidSignature(format string, args ...any) *APIError {
	return newError(http.StatusForbidden, "InvalidSignatureException", fmt.Sprintf(format, args...))
}
