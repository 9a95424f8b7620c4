package access_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

const (
	roleARN = "arn:aws:iam::210987654321:role/shipping/logs"
	hush    = "hushhushhush" // no text shows it
)

// stsService is one of AWS. It knows one external id, and gives keys with numbers.
type stsService struct {
	mu       sync.Mutex
	requests []url.Values
	signers  []string // access key ids
	hosts    []string
	expiry   map[string]time.Time // of the keys it has given
	lifetime time.Duration
	clock    time.Duration    // how far it is ahead
	answer   http.HandlerFunc // of its own; nil = keys
}

func (s *stsService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	_, signer, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	signer, _, _ = strings.Cut(signer, "/")
	s.mu.Lock()
	s.requests = append(s.requests, form)
	s.signers = append(s.signers, signer)
	s.hosts = append(s.hosts, r.URL.Host)
	n, answer, lifetime, clock := len(s.requests), s.answer, s.lifetime, s.clock
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	if lifetime == 0 {
		lifetime = time.Hour
	}
	now := time.Now().Add(clock).UTC()
	w.Header().Set("Date", now.Format(http.TimeFormat))
	w.Header().Set("Content-Type", "text/xml")
	if signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date")); err != nil || signed.Sub(now).Abs() > 15*time.Minute {
		stsError(403, "SignatureDoesNotMatch", "Signature expired")(w, r)
		return
	}
	s.mu.Lock()
	if s.expiry == nil {
		s.expiry = make(map[string]time.Time)
	}
	s.expiry[fmt.Sprint("ASIAROLE", n)] = time.Now().Add(lifetime)
	s.mu.Unlock()
	fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::210987654321:assumed-role/logs/x</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIAROLE%d</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>
</AssumeRoleResult><ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata></AssumeRoleResponse>`,
		n, hush, hush, now.Add(lifetime).Format(time.RFC3339))
}

// valid reports whether keys of an id have not expired.
func (s *stsService) valid(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.expiry[id])
}

// refuse has all requests refused; nil answers them again.
func (s *stsService) refuse(answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *stsService) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func stsError(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("X-Amzn-Requestid", "4242") // the SDK takes it from here, not from the body
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>4242</RequestId></ErrorResponse>`, code, message)
	}
}

var denied = stsError(403, "AccessDenied", "User: arn:aws:iam::123456789012:user/app is not authorized to perform: sts:AssumeRole on resource: "+roleARN)

// withSTS returns options by which requests to STS reach s, and those to CloudWatch Logs srv,
// which takes only requests that were signed with keys of the role that are good.
func withSTS(srv *cloudwatchtest.Server, s *stsService, good func(keyID string) bool) cloudwatch.Options {
	cfg := srv.Config()
	cfg.BaseEndpoint, cfg.Region = nil, "eu-central-1"
	cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIABASE", "secret", "")
	cfg.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Host, "sts") {
			done := make(chan *http.Response, 1)
			go func() {
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				done <- w.Result()
			}()
			select {
			case response := <-done:
				response.Request = r
				return response, nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		_, id, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		if id, _, _ = strings.Cut(id, "/"); !s.valid(id) || r.Header.Get("X-Amz-Security-Token") != hush || good != nil && !good(id) {
			defer srv.Inject(cloudwatchtest.Fault{Error: cloudwatchtest.ExpiredToken()})()
		}
		return srv.Client().Transport.RoundTrip(r)
	})}
	return cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg, Endpoint: srv.URL, RoleARN: roleARN, ExternalID: "team/7:x"}
}

// Requests are signed with keys of the role, which STS gives for the keys there are, in the
// region in force, and again before they expire.
func TestRoleIsAssumed(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv, sts := cloudwatchtest.New(), &stsService{}
		testkit.MustCreate(t, srv)
		f := testkit.NewOn(t, srv, withSTS(srv, sts, nil))
		if sts.calls() != 0 {
			t.Error("the constructor made a request")
		}
		var want []string
		for range 10 * 60 { // hours
			want = append(want, f.Logged(1)...)
			time.Sleep(time.Minute)
		}
		f.FlushWithin(time.Minute)
		f.WantMessages(want...)
		if n := f.Stats().Retries; n != 0 {
			t.Errorf("%d retries: keys were used after their expiry", n)
		}
		if n := sts.calls(); n != 11 {
			t.Errorf("%d requests to STS in ten hours", n)
		}
		form := sts.requests[0]
		if form.Get("Action") != "AssumeRole" || form.Get("RoleArn") != roleARN || form.Get("ExternalId") != "team/7:x" || form.Get("DurationSeconds") != "3600" {
			t.Errorf("request %v", form)
		}
		if sts.signers[0] != "AKIABASE" || sts.hosts[0] != "sts.eu-central-1.amazonaws.com" {
			t.Errorf("signed with %s, sent to %s", sts.signers[0], sts.hosts[0])
		}
	})
}

// A clock that is wrong by hours, either way, is not taken for keys that have expired.
func TestRoleWithAWrongClock(t *testing.T) {
	for _, clock := range []time.Duration{-5 * time.Hour, 5 * time.Hour} {
		testkit.Bubble(t, func(t *testing.T) {
			srv, sts := cloudwatchtest.New(), &stsService{clock: clock}
			testkit.MustCreate(t, srv)
			f := testkit.NewOn(t, srv, withSTS(srv, sts, nil))
			for range 100 {
				f.Logged(1)
				time.Sleep(time.Minute)
			}
			f.FlushWithin(time.Minute)
			if n := sts.calls(); n != 3 { // the first one is refused, and tells the time
				t.Errorf("clock off by %v: %d requests to STS in 100 minutes", clock, n)
			}
		})
	}
}

// When keys of the role are refused, it is assumed again, with new base keys if there are any.
func TestRoleIsAssumedAgainWhenItsKeysAreRefused(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv, sts := cloudwatchtest.New(), &stsService{}
		testkit.MustCreate(t, srv)
		opts := withSTS(srv, sts, func(id string) bool { return id == "ASIAROLE3" })
		asked := 0
		opts.Config.Credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			asked++
			return aws.Credentials{AccessKeyID: fmt.Sprint("AKIABASE", asked), SecretAccessKey: hush}, nil
		}))
		f := testkit.NewOn(t, srv, opts)
		want := f.Logged(3)
		time.Sleep(5 * time.Minute)
		f.WantMessages(want...)
		if n := sts.calls(); n != 3 || sts.signers[2] != "AKIABASE3" {
			t.Errorf("%d requests to STS, signed with %q", n, sts.signers)
		}
	})
}

// While STS does not answer, keys that are still valid do.
func TestRoleKeysThatAreValidOutlastSTS(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"hangs":    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"is down":  stsError(503, "ServiceUnavailable", "later"),
		"refuses":  denied,
		"is not a": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html><title>Portal</title>") },
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				srv, sts := cloudwatchtest.New(), &stsService{}
				testkit.MustCreate(t, srv)
				f := testkit.NewOn(t, srv, withSTS(srv, sts, nil))
				want := f.Logged(1)
				f.FlushWithin(time.Minute)
				sts.refuse(answer)
				time.Sleep(56 * time.Minute) // they are refreshed now
				want = append(want, f.Logged(2)...)
				f.FlushWithin(30 * time.Second)
				f.WantMessages(want...)
				if s := f.Stats(); s.Retries != 0 || s.LastError != nil {
					t.Errorf("%d retries, %v", s.Retries, s.LastError)
				}
				sts.refuse(nil)
				time.Sleep(10 * time.Minute)
				want = append(want, f.Logged(1)...)
				f.FlushWithin(time.Minute)
				f.WantMessages(want...)
			})
		})
	}
}

// TestErrorTextsOfRoles: they name the role, why it is not assumed and what to do; events are
// kept, and delivered when the cause is gone.
func TestErrorTextsOfRoles(t *testing.T) {
	const kept = "send events to log group my_log_group: assume role " + roleARN + ": "
	const trust = "allow these credentials sts:AssumeRole on the role, and name them in its trust policy"
	for about, row := range map[string]struct {
		answer     http.HandlerFunc
		externalID string
		want       string
	}{
		"denied, with an external id": {denied, "team/7:x", kept + "access denied: AccessDenied: User: arn:aws:iam::123456789012:user/app is not authorized to perform: sts:AssumeRole on resource: " + roleARN +
			" (HTTP 403, request id 4242); " + trust + ", with the same external ID (Options.ExternalID)"},
		"denied, without one": {denied, "", kept + "access denied: AccessDenied: User: arn:aws:iam::123456789012:user/app is not authorized to perform: sts:AssumeRole on resource: " + roleARN +
			" (HTTP 403, request id 4242); " + trust + "; if the policy requires an external ID, set it (Options.ExternalID)"},
		"unknown keys": {stsError(403, "InvalidClientTokenId", "The security token included in the request is invalid."), "",
			kept + "the access key is unknown in eu-central-1: InvalidClientTokenId: The security token included in the request is invalid (HTTP 403, request id 4242); check the access key and the session token (AWS_ACCESS_KEY_ID, Options.AccessID), and the region"},
		"region": {stsError(403, "RegionDisabledException", "STS is not activated in this region."), "",
			kept + "the account is not enabled for the service: RegionDisabledException: STS is not activated in this region (HTTP 403, request id 4242); enable the region and the service for the account"},
		"throttled": {stsError(400, "Throttling", "Rate exceeded"), "", kept + "the service is throttling requests: Throttling: Rate exceeded (HTTP 400, request id 4242); if this persists, request a higher quota"},
		"invalid":   {stsError(400, "ValidationError", "no"), "", kept + "the request was refused as invalid: ValidationError: no (HTTP 400, request id 4242)"},
		"a portal": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(403)
			fmt.Fprint(w, "<html><title>Portal</title>")
		}, "", kept + `HTTP 403 response is not from the service ("Portal"); check the proxy (HTTPS_PROXY), and whether a firewall allows requests to Security Token Service in eu-central-1`},
		"keys that are cut off": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<AssumeRoleResponse><AssumeRoleResult><Credentials><SecretAccessKey>"+hush)
		}, "", kept + "HTTP 200 without a whole answer of STS"},
		"no keys": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>")
		}, "", kept + "validate credentials, response did not contain credentials"},
		"empty keys": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId></AccessKeyId></Credentials></AssumeRoleResult></AssumeRoleResponse>")
		}, "", kept + "STS has answered without keys"},
		"something else that holds keys": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"SecretAccessKey":"`+hush+`"}`) }, "",
			kept + "HTTP 200 response is not from the service; check the proxy (HTTPS_PROXY), and whether a firewall allows requests to Security Token Service in eu-central-1"},
		"an answer without end": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(hush, 1<<20)) }, "",
			kept + "HTTP 200 response is not from the service (longer than 64 KiB); check the proxy (HTTPS_PROXY), and whether a firewall allows requests to Security Token Service in eu-central-1"},
		"no answer": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "",
			kept + "no response from Security Token Service in eu-central-1 within 10s; check whether egress is blocked (firewall, security group, routes); without internet access, use a proxy (HTTPS_PROXY) or a VPC endpoint"},
	} {
		t.Run(about, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				srv, sts := cloudwatchtest.New(), &stsService{answer: row.answer}
				testkit.MustCreate(t, srv)
				opts := withSTS(srv, sts, nil)
				opts.ExternalID = row.externalID
				f := testkit.NewOn(t, srv, opts)
				want := f.Logged(3)
				time.Sleep(10 * time.Minute)
				last := f.Stats().LastError
				if got := fmt.Sprint(last); got != row.want {
					t.Errorf("got  %s\nwant %s", got, row.want)
				}
				var failure *cloudwatch.CredentialsError
				if !errors.As(last, &failure) {
					t.Errorf("%v is no CredentialsError", last)
				}
				for _, err := range f.Errors.Errors() {
					if s := fmt.Sprintf("%v %+v", err, err); strings.Contains(s, hush) || strings.Contains(s, "team/7") {
						t.Errorf("OnError: %s", s)
					}
				}
				if n := sts.calls(); f.Stats().Pending != 3 || n < 5 || n > 50 {
					t.Errorf("%d events pending, %d requests to STS in ten minutes", f.Stats().Pending, n)
				}
				sts.refuse(nil)
				time.Sleep(5 * time.Minute)
				f.WantMessages(want...)
			})
		})
	}
}

// The credentials that the role is assumed with have their own error, which names the role.
func TestRoleWithoutCredentials(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv, sts := cloudwatchtest.New(), &stsService{}
		testkit.MustCreate(t, srv)
		opts := withSTS(srv, sts, nil)
		opts.Config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("the safe is locked")
		})
		opts.CloseTimeout = time.Second
		f := testkit.NewOn(t, srv, opts)
		f.Logged(1)
		time.Sleep(time.Minute)
		const want = "send events to log group my_log_group: no credentials to assume role " + roleARN + " from Options.Config or ClientOptions: the safe is locked"
		if got := fmt.Sprint(f.Stats().LastError); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if sts.calls() != 0 {
			t.Error("STS was asked")
		}
	})
}

// Close gets past an STS that hangs, ends its request, and says what it waited for.
func TestCloseWithAHangingSTS(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ended := make(chan struct{})
		srv, sts := cloudwatchtest.New(), &stsService{answer: func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			close(ended)
		}}
		defer srv.Close()
		opts := withSTS(srv, sts, nil)
		opts.CloseTimeout = 3 * time.Second
		h, err := cloudwatch.NewHandler(testkit.Group, &opts)
		if err != nil {
			t.Fatal(err)
		}
		h.Writer().WriteString("a line\n")
		began := time.Now()
		var left *cloudwatch.UndeliveredError
		err = h.Close()
		if !errors.As(err, &left) || left.Events != 1 || !strings.Contains(err.Error(), "AWS STS is reachable (role "+roleARN+")") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("Close took %v", took)
		}
		<-ended
	})
}

// STS is asked at a FIPS endpoint if CloudWatch Logs is.
func TestRoleWithFIPS(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv, sts := cloudwatchtest.New(), &stsService{}
		testkit.MustCreate(t, srv)
		opts := withSTS(srv, sts, nil)
		opts.Endpoint = ""
		opts.ClientOptions = []func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) {
			o.Region, o.EndpointOptions.UseFIPSEndpoint = "us-east-1", aws.FIPSEndpointStateEnabled
		}}
		f := testkit.NewOn(t, srv, opts)
		f.Logged(1)
		time.Sleep(time.Minute)
		if sts.calls() == 0 || sts.hosts[0] != "sts-fips.us-east-1.amazonaws.com" {
			t.Errorf("%d requests to STS at %q", sts.calls(), sts.hosts)
		}
	})
}

// Credentials of ClientOptions are those that the role is assumed with.
func TestRoleWithCredentialsOfClientOptions(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv, sts := cloudwatchtest.New(), &stsService{}
		testkit.MustCreate(t, srv)
		opts := withSTS(srv, sts, nil)
		opts.ClientOptions = []func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) {
			o.Region, o.Credentials = "eu-north-1", credentials.NewStaticCredentialsProvider("AKIAMINE", "secret", "")
		}}
		f := testkit.NewOn(t, srv, opts)
		want := f.Logged(1)
		f.FlushWithin(time.Minute)
		f.WantMessages(want...)
		if sts.signers[0] != "AKIAMINE" || sts.hosts[0] != "sts.eu-north-1.amazonaws.com" {
			t.Errorf("signed with %s, sent to %s", sts.signers[0], sts.hosts[0])
		}
	})
}

// Base credentials that hang are asked for once, and STS is not asked meanwhile. When they come
// at last, delivery goes on.
func TestRoleOverAHangingProvider(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		srv, sts := cloudwatchtest.New(), &stsService{}
		testkit.MustCreate(t, srv)
		opts := withSTS(srv, sts, nil)
		p := &hanging{release: make(chan struct{})}
		opts.Config.Credentials = p
		f := testkit.NewOn(t, srv, opts)
		want := f.Logged(3)
		time.Sleep(time.Hour)
		if last := fmt.Sprint(f.Stats().LastError); !strings.Contains(last, "no credentials within 30s to assume role "+roleARN) {
			t.Errorf("last error %s", last)
		}
		if calls, n := p.calls.Load(), sts.calls(); calls != 1 || n != 0 {
			t.Errorf("%d calls of the provider, %d requests to STS", calls, n)
		}
		close(p.release)
		time.Sleep(2 * time.Minute)
		f.WantMessages(want...)
	})
}
