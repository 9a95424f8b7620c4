package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// reported is what a handler says of a service that fails.
type reported struct {
	delivery *cloudwatch.DeliveryError
	close    error
	last     error
}

// report logs an event to what the options name, and closes when OnError has been called.
func report(t *testing.T, opts cloudwatch.Options) reported {
	t.Helper()
	failures := make(chan *cloudwatch.DeliveryError, 100)
	opts.FlushInterval, opts.CloseTimeout = time.Millisecond, 10*time.Millisecond
	if opts.LogStream == "" {
		opts.LogStream = testkit.Stream
	}
	opts.OnError = func(err error) {
		var failure *cloudwatch.DeliveryError
		if errors.As(err, &failure) {
			failures <- failure
		}
	}
	h, err := cloudwatch.NewHandler(testkit.Group, &opts)
	if err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info("an event")
	var r reported
	select {
	case r.delivery = <-failures:
	case <-time.After(30 * time.Second):
		t.Error("OnError was not called")
	}
	r.close, r.last = h.Close(), h.Stats().LastError
	return r
}

// check compares the texts of all there is with that of the failure.
func (r reported) check(t *testing.T, want string) {
	t.Helper()
	if r.delivery == nil {
		return
	}
	if got := r.delivery.Error(); got != "cloudwatch: "+want+"; retrying" {
		t.Errorf("OnError:\ngot  %s\nwant cloudwatch: %s; retrying", got, want)
	}
	if got := fmt.Sprint(r.last); got != want {
		t.Errorf("LastError:\ngot  %s\nwant %s", got, want)
	}
	if got := fmt.Sprint(r.close); !strings.HasPrefix(got, "cloudwatch: 1 event (") || !strings.HasSuffix(got, " bytes) not delivered in time: "+want) {
		t.Errorf("Close:\ngot  %s\nwant %s", got, want)
	}
	if !errors.Is(r.close, context.DeadlineExceeded) {
		t.Errorf("Close returned %v, which does not wrap the error of the context", r.close)
	}
}

// through has all connections made by a function. Nothing else is changed: the SDK's client
// and net/http do the rest.
func through(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(*cloudwatchlogs.Options) {
	return withTransport(&http.Transport{DialContext: dial})
}

func withTransport(tr *http.Transport) func(*cloudwatchlogs.Options) {
	return func(o *cloudwatchlogs.Options) { o.HTTPClient = &http.Client{Transport: tr} }
}

// failingCalls is a dialer whose system calls fail.
func failingCalls(errno syscall.Errno) func(*cloudwatchlogs.Options) {
	d := &net.Dialer{Control: func(string, string, syscall.RawConn) error { return errno }}
	return through(d.DialContext)
}

// silent is the code of a nameserver that does not answer.
const silent = 0xff

// nameserver answers every question with a code, and returns a dialer that asks it.
func nameserver(t *testing.T, code byte) func(*cloudwatchlogs.Options) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if code == silent {
				continue
			}
			buf[2], buf[3] = buf[2]|0x80, 0x80|code // a response; recursion is available
			// Of the additional records none is repeated.
			end := 12
			for buf[end] != 0 {
				end += int(buf[end]) + 1
			}
			end = min(end+5, n)
			buf[10], buf[11] = 0, 0
			_, _ = pc.WriteTo(buf[:end], from)
		}
	}()
	d := &net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}}
	return through(d.DialContext)
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

const (
	blockedByAWS      = "check whether egress is blocked (firewall, security group, routes); without internet access, use a proxy (HTTPS_PROXY) or a VPC endpoint"
	blockedByEndpoint = "check the endpoint (AWS_ENDPOINT_URL, Options.Endpoint), and whether a firewall or security group blocks it"
)

// TestErrorTextsOfTheNetwork: what the real client over real connections meets, in words.
func TestErrorTextsOfTheNetwork(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	const send = "send events to log group my_log_group: "
	tlsServer := httptest.NewUnstartedServer(http.NotFoundHandler())
	tlsServer.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes
	tlsServer.StartTLS()
	defer tlsServer.Close()
	plainServer := httptest.NewServer(http.NotFoundHandler())
	defer plainServer.Close()
	tlsAddr, plainAddr := tlsServer.Listener.Addr().String(), plainServer.Listener.Addr().String()
	_, tlsPort, _ := net.SplitHostPort(tlsAddr)
	closed := closedPort(t)
	const between = "; if this persists, check the proxy (HTTPS_PROXY) and any firewall on the path"
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
		_, _ = io.WriteString(w, "<html>canary")
	}))
	defer gate.Close()
	hangUp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hangUp.Close()
	go func() {
		for {
			c, err := hangUp.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()

	with := func(endpoint string, change func(*cloudwatchlogs.Options)) cloudwatch.Options {
		o := cloudwatch.Options{Region: "eu-cntral-1", Endpoint: endpoint}
		if change != nil {
			o.ClientOptions = []func(*cloudwatchlogs.Options){change}
		}
		return o
	}
	trusting := func(change func(*http.Transport)) func(*cloudwatchlogs.Options) {
		tr := tlsServer.Client().Transport.(*http.Transport).Clone()
		change(tr)
		return withTransport(tr)
	}
	for _, row := range []struct {
		about string
		opts  cloudwatch.Options
		want  string
	}{
		{"no such host, of a region", with("", nameserver(t, 3)),
			`no such host logs.eu-cntral-1.amazonaws.com; check the region "eu-cntral-1" (AWS_REGION, Options.Region) and the DNS of this machine`},
		{"no such host, of an endpoint", with("https://logs.invalid", nameserver(t, 3)),
			`no such host logs.invalid; check the endpoint (AWS_ENDPOINT_URL, Options.Endpoint) and the DNS of this machine`},
		{"DNS fails", with("https://logs.invalid", nameserver(t, 2)),
			`host logs.invalid not resolved: server misbehaving; check the DNS of this machine`},
		{"nothing listens", with("http://"+closed, nil),
			`connection to ` + closed + ` refused: nothing is listening there; start the server, or correct the endpoint (AWS_ENDPOINT_URL, Options.Endpoint)`},
		{"nothing listens at a host with a name", with("http://localhost:"+closed[len("127.0.0.1:"):], through(func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp4", closed)
		})), `connection to localhost:` + closed[len("127.0.0.1:"):] + ` (` + closed + `) refused: nothing is listening there; start the server, or correct the endpoint (AWS_ENDPOINT_URL, Options.Endpoint)`},
		{"nothing listens at the proxy", with("", trusting(func(tr *http.Transport) {
			tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", User: url.UserPassword("user", "canary"), Host: closed})
		})),
			`connection to the proxy ` + closed + ` refused: nothing is listening there; check the proxy (HTTPS_PROXY)`},
		{"no such proxy", with("", func(o *cloudwatchlogs.Options) {
			nameserver(t, 3)(o)
			o.HTTPClient.(*http.Client).Transport.(*http.Transport).Proxy = http.ProxyURL(mustParse(t, "http://user:canary@proxy.invalid:3128"))
		}), `no such host proxy.invalid; check the proxy (HTTPS_PROXY) and the DNS of this machine`},
		{"a proxy that lets nothing through", with("", trusting(func(tr *http.Transport) { tr.Proxy = http.ProxyURL(mustParse(t, gate.URL)) })),
			`no response from logs.eu-cntral-1.amazonaws.com:443: Proxy Authentication Required` + between},
		{"an HTTP client of the program", with("https://10.255.255.1", func(o *cloudwatchlogs.Options) {
			o.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				return nil, fmt.Errorf("cannot post to http://user:canary@%s:\x1b\nno", r.URL.Host)
			})}
		}), `no response from 10.255.255.1:443: cannot post to http://10.255.255.1:\x1b` + between},
		{"no route", with("https://10.255.255.1", failingCalls(syscall.EHOSTUNREACH)),
			`no route to 10.255.255.1:443: no route to host; ` + blockedByEndpoint},
		{"no network", with("https://10.255.255.1", failingCalls(syscall.ENETUNREACH)),
			`no route to 10.255.255.1:443: network is unreachable; ` + blockedByEndpoint},
		{"the firewall of this machine", with("https://10.255.255.1", failingCalls(syscall.EPERM)),
			`connection to 10.255.255.1:443 not permitted on this machine: operation not permitted; check the local firewall and the program's sandbox`},
		{"no descriptor left", with("https://10.255.255.1", failingCalls(syscall.EMFILE)),
			`no connection to 10.255.255.1:443: too many open files; raise the limit on open files (ulimit -n), or look for a file descriptor leak`},
		{"closed before the response", with("http://"+hangUp.Addr().String(), nil),
			``},
		{"a certificate nobody trusts", with("https://"+tlsAddr, nil),
			`the TLS certificate of ` + tlsAddr + ` is not trusted (issued by "O=Acme Co"); if a proxy intercepts the connection, set AWS_CA_BUNDLE or SSL_CERT_FILE to its CA file; otherwise install the system's CA certificates`},
		{"a certificate of another host", with("https://localhost:"+tlsPort, trusting(func(*http.Transport) {})),
			`the TLS certificate of localhost:` + tlsPort + ` is for another host; check the endpoint (AWS_ENDPOINT_URL, Options.Endpoint), and whether a proxy intercepts the connection`},
		{"a certificate that has expired", with("https://"+tlsAddr, trusting(func(tr *http.Transport) {
			tr.TLSClientConfig.Time = func() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) }
		})), `the TLS certificate of ` + tlsAddr + ` has expired or is not valid yet: current time 2100-01-01T00:00:00Z is after 2084-01-29T16:00:00Z; check the clock of this machine; if it is right, renew the certificate`},
		{"no TLS", with("https://"+plainAddr, nil),
			plainAddr + ` does not speak TLS; check the scheme and port of the endpoint (AWS_ENDPOINT_URL, Options.Endpoint), and whether a proxy intercepts the connection`},
		{"TLS only", with("http://"+tlsAddr, nil),
			`HTTP 400 response is not from the service; check that ` + tlsAddr + ` is a CloudWatch Logs endpoint (AWS_ENDPOINT_URL, Options.Endpoint), and check the proxy or load balancer in front of it`},
	} {
		t.Run(row.about, func(t *testing.T) {
			r := report(t, row.opts)
			if text := fmt.Sprint(r.delivery, r.close, r.last); strings.Contains(text, "canary") || strings.Contains(text, "StatusCode") {
				t.Errorf("%s", text)
			}
			if row.want == "" { // the system decides whether that is a reset, or comes before the request is sent
				where := hangUp.Addr().String()
				if s := fmt.Sprint(r.last); !strings.Contains(s, "connection to "+where+" closed before the response was complete: ") &&
					!strings.Contains(s, "no response from "+where+": http: server closed idle connection; ") {
					t.Errorf("LastError: %s", s)
				}
				return
			}
			r.check(t, send+row.want)
		})
	}
}

// answers is an endpoint that answers every operation but those that work.
func answers(t *testing.T, operation string, answer func(w http.ResponseWriter)) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "Logs_20140328."); {
		case op == operation:
			answer(w)
		case op == "PutLogEvents":
			apiError(w, 400, "ResourceNotFoundException", "The specified log stream does not exist.")
		case op == "CreateLogStream":
			apiError(w, 400, "ResourceNotFoundException", "The specified log group does not exist.")
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

// apiError is what the service answers.
func apiError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-Requestid", "1b2c-3d")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.logs#" + code, "message": message})
}

// TestErrorTextsOfAnswers: what the service and others answer, in words.
func TestErrorTextsOfAnswers(t *testing.T) {
	const (
		put      = "PutLogEvents"
		send     = "send events to log group my_log_group: "
		http400  = " (HTTP 400, request id 1b2c-3d)"
		keys     = "AWS_ACCESS_KEY_ID, Options.AccessID"
		longText = "Some words. "
	)
	api := func(status int, code, message string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) { apiError(w, status, code, message) }
	}
	page := func(status int, server, body string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Server", server)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	skewed := func(by time.Duration) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Date", time.Now().Add(-by).UTC().Format(http.TimeFormat))
			apiError(w, 400, "InvalidSignatureException", "Signature expired: 20261130T120000Z is now earlier than 20261130T130000Z")
		}
	}
	const canonical = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n" +
		"The Canonical String for this request should have been\n'POST\n/\n\nhost:logs\nx-amz-security-token:canarytoken\n'"
	for _, row := range []struct {
		about     string
		operation string
		answer    func(w http.ResponseWriter)
		change    func(o *cloudwatch.Options)
		want      string
	}{
		{"denied", put, api(400, "AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized to perform: logs:PutLogEvents"), nil,
			send + "access denied: AccessDeniedException: User: arn:aws:iam::1:user/x is not authorized to perform: logs:PutLogEvents" + http400 + "; allow logs:PutLogEvents on log group my_log_group in us-east-1"},
		{"denied to create a log stream", "CreateLogStream", api(400, "AccessDeniedException", "no"), nil,
			"create log stream my_log_stream in log group my_log_group: access denied: AccessDeniedException: no" + http400 + "; allow logs:CreateLogStream on log group my_log_group in us-east-1"},
		{"denied to create a log group with tags", "CreateLogGroup", api(400, "AccessDeniedException", "no"),
			func(o *cloudwatch.Options) { o.Tags = map[string]string{"team": "a"} },
			"create log group my_log_group: access denied: AccessDeniedException: no" + http400 + "; allow logs:CreateLogGroup and logs:TagResource on log group my_log_group in us-east-1"},
		{"a log group that can never be", "CreateLogGroup", api(400, "InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS."), nil,
			"create log group my_log_group: the request was refused as invalid: InvalidParameterException: Log groups starting with AWS/ are reserved for AWS" + http400},
		{"a key that is not known", put, api(400, "UnrecognizedClientException", "The security token included in the request is invalid."), nil,
			send + "the access key is unknown in us-east-1: UnrecognizedClientException: The security token included in the request is invalid" + http400 + "; check the access key and the session token (" + keys + "), and the region"},
		{"expired", put, api(400, "ExpiredTokenException", "The security token included in the request is expired"), nil,
			send + "the credentials have expired: ExpiredTokenException: The security token included in the request is expired" + http400 + "; get new credentials, for example with 'aws sso login'"},
		{"a wrong secret", put, api(400, "InvalidSignatureException", canonical), nil,
			send + "the signature was rejected: InvalidSignatureException: The request signature we calculated does not match the signature you provided" + http400 + "; check that the secret access key matches the access key (" + keys + "), and check the clock of this machine"},
		{"signed headers in one line", put, api(400, "IncompleteSignature", "Bad request: Authorization: AWS4-HMAC-SHA256 Credential=canarytoken"), nil,
			send + "the signature was rejected: IncompleteSignature: Bad request:…" + http400 + "; check that the secret access key matches the access key (" + keys + "), and check the clock of this machine"},
		{"a clock that is ahead", put, skewed(time.Hour), nil,
			send + "the clock of this machine is 1h0m0s ahead: InvalidSignatureException: Signature expired: 20261130T120000Z is now earlier than 20261130T130000Z" + http400 + "; set the clock"},
		{"a clock that is behind", put, skewed(-time.Hour), nil,
			send + "the clock of this machine is 1h0m0s behind: InvalidSignatureException: Signature expired: 20261130T120000Z is now earlier than 20261130T130000Z" + http400 + "; set the clock"},
		{"missing, and never created", put, api(400, "ResourceNotFoundException", "The specified log group does not exist."), func(o *cloudwatch.Options) { o.NoCreate = true },
			send + "the log group or log stream my_log_stream does not exist: ResourceNotFoundException: The specified log group does not exist" + http400 + "; create it, or leave out Options.NoCreate"},
		{"a quota", "CreateLogGroup", api(400, "LimitExceededException", "Resource limit exceeded."), nil,
			"create log group my_log_group: an account quota is exhausted: LimitExceededException: Resource limit exceeded" + http400 + "; delete unused resources, or request a higher quota"},
		{"throttled", put, api(400, "ThrottlingException", "Rate exceeded"), nil,
			send + "the service is throttling requests: ThrottlingException: Rate exceeded" + http400 + "; if this persists, request a higher quota"},
		{"a failure of the service", put, api(500, "InternalFailure", ""), nil,
			send + "the service failed: InternalFailure (HTTP 500, request id 1b2c-3d)"},
		{"a code nobody knows", put, api(418, "TeapotException", "no\x1b[2J\u202etea"), nil,
			send + `TeapotException: no\x1b[2J\u202etea (HTTP 418, request id 1b2c-3d)`},
		{"a page of a firewall", put, page(403, "squid/5.7", "<html><head><TITLE>ERROR:\n Access &quot;denied&quot;</TITLE></head>canarytoken</html>"), nil,
			send + `HTTP 403 response is not from the service ("squid/5.7", "ERROR: Access \"denied\""); check that HOST is a CloudWatch Logs endpoint (AWS_ENDPOINT_URL, Options.Endpoint), and check the proxy or load balancer in front of it`},
		{"a body that is too large for a proxy", put, page(413, "", "<html>no"), nil,
			send + `HTTP 413 response is not from the service; raise the request body limit of the proxy or load balancer to at least 1 MiB`},
		{"a proxy that wants a password", put, page(407, "", ""), nil,
			send + `HTTP 407 response is not from the service; set the proxy's user name and password in HTTPS_PROXY`},
		{"no body", put, page(502, "nginx", ""), nil,
			send + `HTTP 502 response is not from the service ("nginx"); check that HOST is a CloudWatch Logs endpoint (AWS_ENDPOINT_URL, Options.Endpoint), and check the proxy or load balancer in front of it`},
		{"a redirect", put, page(302, "", "<html>"), nil,
			send + `HTTP 302 response is not from the service; check that HOST is a CloudWatch Logs endpoint (AWS_ENDPOINT_URL, Options.Endpoint), and check the proxy or load balancer in front of it`},
	} {
		t.Run(row.about, func(t *testing.T) {
			srv := answers(t, row.operation, row.answer)
			opts := cloudwatch.Options{Endpoint: srv.URL, SessionToken: "canarytoken", AccessID: "AK", AccessKey: "canarytoken"}
			if row.change != nil {
				row.change(&opts)
			}
			r := report(t, opts)
			r.check(t, strings.ReplaceAll(row.want, "HOST", srv.Listener.Addr().String()))
			if text := fmt.Sprint(r.delivery, r.close, r.last); strings.Contains(text, "canary") || strings.Contains(text, "StatusCode") {
				t.Errorf("%s", text)
			}
			var sdk *smithy.OperationError
			if !errors.As(r.delivery, &sdk) || !errors.As(r.close, &sdk) || sdk.OperationName != row.operation {
				t.Errorf("%v is not the SDK's error of %s", sdk, row.operation)
			}
		})
	}

	t.Run("a text without end", func(t *testing.T) {
		srv := answers(t, put, api(400, "TeapotException", strings.Repeat(longText, 2000)))
		if n := len(report(t, cloudwatch.Options{Endpoint: srv.URL}).last.Error()); n < 600 || n > 1000 {
			t.Errorf("%d bytes are shown", n)
		}
	})
}

// TestErrorTextsOfCredentials: where credentials were looked for.
func TestErrorTextsOfCredentials(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	report(t, cloudwatch.Options{Endpoint: "http://" + closedPort(t)}).check(t,
		"send events to log group my_log_group: no credentials in the environment, the shared config, or from an IAM role of this machine: "+
			`failed to refresh cached credentials, no EC2 IMDS role found, access disabled to EC2 IMDS via client option, or "AWS_EC2_METADATA_DISABLED" environment variable; `+
			"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile (AWS_PROFILE, Options.Profile), log in with 'aws sso login', or give this machine an IAM role")

	// The SDK's error quotes what the process wrote.
	file := filepath.Join(t.TempDir(), "config")
	testkit.WriteFile(t, file, "[profile ops]\ncredential_process = echo {\"Version\":1,\"AccessKeyId\":\"canary\",\"SecretAccessKey\":\"canary\",}\n")
	t.Setenv("AWS_CONFIG_FILE", file)
	report(t, cloudwatch.Options{Profile: "ops", Endpoint: "http://" + closedPort(t)}).check(t,
		"send events to log group my_log_group: no credentials in the environment, the shared config, or from an IAM role of this machine: "+
			"credential_process: read output: invalid character 'V' looking for beginning of object key string; "+
			"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile (AWS_PROFILE, Options.Profile), log in with 'aws sso login', or give this machine an IAM role")

	process := aws.Config{Region: "us-east-1", Credentials: aws.NewCredentialsCache(processcreds.NewProvider(`echo canary`))}
	report(t, cloudwatch.Options{Config: &process}).check(t,
		"send events to log group my_log_group: no credentials from Options.Config or ClientOptions: "+
			"credential_process: read output: invalid character 'c' looking for beginning of value")
	process.Credentials = aws.NewCredentialsCache(processcreds.NewProvider(`exit 3`))
	report(t, cloudwatch.Options{Config: &process}).check(t,
		"send events to log group my_log_group: no credentials from Options.Config or ClientOptions: credential_process: exit status 3")

	cfg := aws.Config{Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("the vault is sealed")
	})}
	report(t, cloudwatch.Options{Config: &cfg}).check(t,
		"send events to log group my_log_group: no credentials from Options.Config or ClientOptions: the vault is sealed")
}

// TestPasswordOfAnEndpointIsNotShown: in no text, whatever fails.
func TestPasswordOfAnEndpointIsNotShown(t *testing.T) {
	refusing, answering := closedPort(t), answers(t, "PutLogEvents", func(w http.ResponseWriter) { w.WriteHeader(403) })
	for _, host := range []string{refusing, answering.Listener.Addr().String(), "logs.invalid"} {
		opts := cloudwatch.Options{
			Region:        "us-east-1",
			Config:        &aws.Config{Credentials: credentials.NewStaticCredentialsProvider("AK", "canary", "canary")},
			ClientOptions: []func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) { o.BaseEndpoint = aws.String("http://user:canary@" + host) }},
		}
		if host == "logs.invalid" {
			opts.ClientOptions = append(opts.ClientOptions, nameserver(t, 3))
		}
		h, err := cloudwatch.NewHandler(testkit.Group, &opts)
		if err != nil {
			if strings.Contains(err.Error(), "canary") {
				t.Error(err)
			}
			continue // so there is nothing that could fail
		}
		h.Close()
		r := report(t, opts)
		if text := fmt.Sprint(r.delivery, r.close, r.last); strings.Contains(text, "canary") || !strings.Contains(text, host) {
			t.Errorf("%s", text)
		}
	}
}
