package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// stsKey is where a script keeps its fake STS.
type stsKey struct{}

// fakeSTS gives keys to those who know the external id, and remembers who has asked.
type fakeSTS struct {
	mu  sync.Mutex
	log []string
}

func (s *fakeSTS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, signer, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	signer, _, _ = strings.Cut(signer, "/")
	s.mu.Lock()
	s.log = append(s.log, fmt.Sprintf("%s %s by %s", r.FormValue("Action"), r.FormValue("RoleArn"), signer))
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/xml")
	if r.FormValue("ExternalId") != "team-7" {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error><RequestId>42</RequestId></ErrorResponse>`)
		return
	}
	fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>`+
		`<SessionToken>hush</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

// cmdSTS starts an STS, or prints what it was asked since the last time.
func cmdSTS(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1 && (args[0] == "start" || args[0] == "log"), "sts start|log")
	if args[0] == "start" {
		s := &fakeSTS{}
		srv := httptest.NewServer(s)
		ts.Defer(srv.Close)
		*ts.Value(stsKey{}).(**fakeSTS) = s
		ts.Setenv("AWS_ENDPOINT_URL_STS", srv.URL)
		return
	}
	s := *ts.Value(stsKey{}).(**fakeSTS)
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(ts.Stdout(), "%s\n", strings.Join(s.log, "\n"))
	s.log = nil
}
