package endpoint_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

var keys = map[string]string{"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "SECOND": "other"}

// signed returns the real client with an access key.
func signed(srv *cloudwatchtest.Server, id, secret, session string) *cloudwatchlogs.Client {
	cfg := srv.Config()
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: session}, nil
	})
	return cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) { o.Retryer = aws.NopRetryer{} })
}

func TestSignatures(t *testing.T) {
	srv := open(t, cloudwatchtest.Options{Keys: keys})
	must(t, srv.CreateLogGroup("g"))
	must(t, srv.CreateLogStream("g", "s"))
	for _, test := range []struct{ id, secret, session, want string }{
		{"AKIDEXAMPLE", keys["AKIDEXAMPLE"], "", ""},
		{"SECOND", "other", "", ""},
		{"AKIDEXAMPLE", "wrong", "", "InvalidSignatureException"},
		{"AKIDEXAMPLE", "other", "", "InvalidSignatureException"},
		{"NOBODY", "other", "", "UnrecognizedClientException"},
		{"SECOND", "other", "a session", "UnrecognizedClientException"},
	} {
		_, err := signed(srv, test.id, test.secret, test.session).PutLogEvents(t.Context(), batch(time.Now(), "ü <&>"))
		code := ""
		var api smithy.APIError
		if errors.As(err, &api) {
			code = api.ErrorCode()
		} else {
			must(t, err)
		}
		if code != test.want {
			t.Errorf("%s with %q: error %q, want %q", test.id, test.secret, code, test.want)
		}
		if r := srv.TakeRequests(); len(r) != 1 || r[0].AccessKeyID != test.id || r[0].Committed != (test.want == "") || r[0].Code != test.want {
			t.Errorf("%s: request log %+v", test.id, r)
		}
	}
	if got := srv.Messages("g", "s"); len(got) != 2 {
		t.Errorf("%d events of 2 correctly signed requests", len(got))
	}
}

// A signature covers body, headers, path and time. Each test changes one of them after the real
// signer has signed.
func TestSignatureCovers(t *testing.T) {
	srv := open(t, cloudwatchtest.Options{Keys: keys})
	for _, test := range []struct {
		name   string
		status int
		code   string
		at     time.Duration // from now
		before func(*http.Request)
		after  func(*http.Request)
		body   string
	}{
		{name: "nothing", status: 200},
		{name: "a header with odd spaces", status: 200, before: func(r *http.Request) { r.Header.Set("X-Odd", "  a   b \t c ") }},
		{name: "a header twice", status: 200, before: func(r *http.Request) { r.Header["X-Twice"] = []string{"a", "b"} }},
		{name: "a path", status: 404, code: "UnknownOperationException", before: func(r *http.Request) { r.URL.Path = "/x" }}, // the path is checked first
		{name: "query", status: 200, before: func(r *http.Request) { r.URL.RawQuery = "b=2&a=x%20y&a=%2F~&c" }},
		{name: "the hash of the body in a header", status: 200, before: func(r *http.Request) {
			r.Header.Set("X-Amz-Content-Sha256", hashOf("{}"))
		}},
		{name: "14 minutes early", status: 200, at: 14 * time.Minute},
		{name: "14 minutes late", status: 200, at: -14 * time.Minute},
		{name: "16 minutes early", status: 400, code: "RequestExpired", at: 16 * time.Minute},
		{name: "16 minutes late", status: 400, code: "RequestExpired", at: -16 * time.Minute},
		{name: "another body", status: 403, code: "InvalidSignatureException", body: `{"limit":1}`},
		{name: "another signed header", status: 403, code: "InvalidSignatureException",
			before: func(r *http.Request) { r.Header.Set("X-Amz-Meta", "a") }, after: func(r *http.Request) { r.Header.Set("X-Amz-Meta", "b") }},
		{name: "another operation", status: 403, code: "InvalidSignatureException",
			after: func(r *http.Request) { r.Header.Set("X-Amz-Target", "Logs_20140328.DeleteLogGroup") }},
		{name: "another host", status: 403, code: "InvalidSignatureException", after: func(r *http.Request) { r.Host = "localhost" }},
		{name: "another query", status: 403, code: "InvalidSignatureException", after: func(r *http.Request) { r.URL.RawQuery = "a=b" }},
		{name: "another time", status: 403, code: "InvalidSignatureException",
			after: func(r *http.Request) {
				r.Header.Set("X-Amz-Date", time.Now().UTC().Add(time.Second).Format("20060102T150405Z"))
			}},
		{name: "another day", status: 403, code: "InvalidSignatureException",
			after: func(r *http.Request) { r.Header.Set("X-Amz-Date", "20200101T000000Z") }},
		{name: "a wrong hash of the body in a header", status: 403, code: "InvalidSignatureException",
			after: func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", hashOf("{ }")) }},
		{name: "another service", status: 403, code: "InvalidSignatureException", after: replaced("/logs/", "/s3/")},
		{name: "another region", status: 403, code: "InvalidSignatureException", after: replaced("/us-east-1/", "/us-east-2/")},
		{name: "another end", status: 403, code: "InvalidSignatureException", after: replaced("aws4_request", "aws5_request")},
		{name: "the host not signed", status: 403, code: "InvalidSignatureException", after: replaced(";host", "")},
		{name: "an invalid signature", status: 403, code: "InvalidSignatureException", after: replaced("Signature=", "Signature=xx")},
		{name: "no signature", status: 400, code: "IncompleteSignature", after: replaced("Signature=", "Other=")},
		{name: "no signed headers", status: 400, code: "IncompleteSignature", after: replaced("SignedHeaders=", "Other=")},
		{name: "no credential", status: 400, code: "IncompleteSignature", after: replaced("Credential=", "Other=")},
		{name: "a short credential", status: 400, code: "IncompleteSignature", after: replaced("/aws4_request", "")},
		{name: "another algorithm", status: 400, code: "IncompleteSignature", after: replaced("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")},
		{name: "no time", status: 400, code: "IncompleteSignature", after: func(r *http.Request) { r.Header.Del("X-Amz-Date") }},
		{name: "no header", status: 403, code: "MissingAuthenticationTokenException", after: func(r *http.Request) { r.Header.Del("Authorization") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/", strings.NewReader("{}"))
			must(t, err)
			req.Header.Set("Content-Type", "application/x-amz-json-1.1")
			req.Header.Set("X-Amz-Target", "Logs_20140328.DescribeLogGroups")
			if test.before != nil {
				test.before(req)
			}
			must(t, v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: keys["AKIDEXAMPLE"]},
				req, hashOf("{}"), "logs", "us-east-1", time.Now().Add(test.at)))
			if test.after != nil {
				test.after(req)
			}
			if test.body != "" {
				req.Body, req.ContentLength = http.NoBody, int64(len(test.body))
				req.Body = readCloser{strings.NewReader(test.body)}
			}
			res, err := srv.Client().Do(req)
			must(t, err)
			res.Body.Close()
			if res.StatusCode != test.status || res.Header.Get("X-Amzn-ErrorType") != test.code {
				t.Errorf("response %d %s, want %d %s", res.StatusCode, res.Header.Get("X-Amzn-ErrorType"), test.status, test.code)
			}
		})
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func hashOf(body string) string {
	h := sha256.Sum256([]byte(body))
	return hex.EncodeToString(h[:])
}

func replaced(old, with string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.ReplaceAll(r.Header.Get("Authorization"), old, with))
	}
}

// The signature of a compressed body covers the bytes on the wire.
func TestSignatureOfCompressedBody(t *testing.T) {
	srv := open(t, cloudwatchtest.Options{Keys: keys})
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	z.Write([]byte("{}"))
	must(t, z.Close())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/", bytes.NewReader(body.Bytes()))
	must(t, err)
	req.Header.Set("X-Amz-Target", "Logs_20140328.DescribeLogGroups")
	req.Header.Set("Content-Encoding", "gzip")
	must(t, v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "SECOND", SecretAccessKey: "other"}, req, hashOf(body.String()), "logs", "eu-west-1", time.Now()))
	res, err := srv.Client().Do(req)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("status %d, %s", res.StatusCode, res.Header.Get("X-Amzn-ErrorType"))
	}
}
