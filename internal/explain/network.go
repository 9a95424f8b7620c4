package explain

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/neterr"
)

// network explains an attempt that got no response.
func (f *Failure) network(n Names) explanation {
	err, where := f.Err, f.where()
	var (
		unfinished *deliver.Unfinished
		dns        *net.DNSError
	)
	switch {
	case errors.As(err, &unfinished):
		return f.interrupted(unfinished, n)
	case errors.As(err, &dns) && dns.IsNotFound:
		return explanation{NoHost, "no such host " + dns.Name, f.hostAdvice(n)}
	case errors.As(err, &dns):
		return explanation{Unreachable, "host " + dns.Name + " not resolved: " + dns.Err, "check the DNS of this machine"}
	case neterr.Is(err, neterr.Refused):
		return explanation{Unreachable, "connection to " + where + " refused: nothing is listening there", f.refusedAdvice(n)}
	case neterr.Is(err, neterr.NoRoute):
		return explanation{Unreachable, "no route to " + where + ": " + f.shortCause(), f.blockedAdvice(n)}
	case neterr.Is(err, neterr.Forbidden):
		return explanation{Unreachable, "connection to " + where + " not permitted on this machine: " + f.shortCause(), "check the local firewall and the program's sandbox"}
	case neterr.Is(err, neterr.NoFiles):
		return explanation{Unreachable, "no connection to " + where + ": " + f.shortCause(), "raise the limit on open files (ulimit -n), or look for a file descriptor leak"}
	}
	if e, ok := f.certificate(n); ok {
		return e
	}
	switch {
	case neterr.Is(err, neterr.Reset), neterr.Is(err, errClosedEarly), errors.Is(err, io.EOF):
		return explanation{Unreachable, "connection to " + where + " closed before the response was complete: " + f.shortCause(), "if this persists, look for a proxy or firewall that closes connections"}
	case f.sent():
		return explanation{Unreachable, "no response from " + where + ": " + f.shortCause(), "if this persists, check the proxy (HTTPS_PROXY) and any firewall on the path"}
	}
	return explanation{Unreachable, f.shortCause(), ""}
}

// errClosedEarly are the errors of reading from a connection that was closed early.
var errClosedEarly = []error{io.ErrUnexpectedEOF, net.ErrClosed, io.ErrClosedPipe}

// interrupted explains an attempt that was interrupted or is in flight.
func (f *Failure) interrupted(u *deliver.Unfinished, n Names) explanation {
	known := *u
	if known.Host == "" {
		known.Host = f.service()
	}
	if known.Seen != nil {
		known.Seen = errors.New(plain(known.Seen))
	}
	advice := f.blockedAdvice(n)
	switch u.Phase {
	case deliver.PhaseCredentials:
		advice = "look for a credential_process, an SSO login or a metadata service that does not respond"
		if f.Target.Role != "" {
			advice += ", and check that AWS STS is reachable (role " + f.Target.Role + ")"
		}
	case deliver.PhaseResolving:
		advice = "check the DNS of this machine"
	case deliver.PhaseHandshake:
		advice = "look for a proxy or firewall that delays TLS handshakes"
	case deliver.PhaseSending, deliver.PhaseWaiting, deliver.PhaseReading:
		advice = "if this persists, check the network connection and any proxy or firewall on the path"
	case deliver.PhaseStarted, deliver.PhaseConnecting:
	}
	return explanation{Unreachable, known.Error(), advice}
}

// certificate explains TLS errors.
func (f *Failure) certificate(n Names) (e explanation, ok bool) {
	var (
		unknown  x509.UnknownAuthorityError
		invalid  x509.CertificateInvalidError
		hostname x509.HostnameError
		other    *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		alert    tls.AlertError
	)
	where := f.where()
	switch {
	case errors.As(f.Err, &unknown):
		issuer := ""
		if unknown.Cert != nil {
			issuer = fmt.Sprintf(" (issued by %q)", clean(unknown.Cert.Issuer.String(), maxDetail))
		}
		return explanation{Unreachable, "the TLS certificate of " + where + " is not trusted" + issuer,
			"if a proxy intercepts the connection, set AWS_CA_BUNDLE or SSL_CERT_FILE to its CA file; otherwise install the system's CA certificates"}, true
	case errors.As(f.Err, &invalid) && invalid.Reason == x509.Expired:
		return explanation{Unreachable, "the TLS certificate of " + where + " has expired or is not valid yet: " + clean(invalid.Detail, maxMessage),
			"check the clock of this machine; if it is right, renew the certificate"}, true
	case errors.As(f.Err, &hostname):
		return explanation{Unreachable, "the TLS certificate of " + where + " is for another host",
			fmt.Sprintf("check the endpoint (%s), and whether a proxy intercepts the connection", n.Endpoint)}, true
	case errors.As(f.Err, &other):
		return explanation{Unreachable, "the TLS certificate of " + where + " is invalid: " + plain(other.Err), "check whether a proxy intercepts the connection"}, true
	case errors.As(f.Err, &record), errors.Is(f.Err, http.ErrSchemeMismatch):
		return explanation{Unreachable, where + " does not speak TLS", fmt.Sprintf("check the scheme and port of the endpoint (%s), and whether a proxy intercepts the connection", n.Endpoint)}, true
	case errors.As(f.Err, &alert):
		return explanation{Unreachable, "TLS handshake with " + where + " failed: " + plain(alert), "check whether a proxy intercepts the connection"}, true
	}
	return explanation{}, false
}

// hostAdvice is the advice for a host that does not exist.
func (f *Failure) hostAdvice(n Names) string {
	switch {
	case f.proxied():
		return "check the proxy (HTTPS_PROXY) and the DNS of this machine"
	case f.customEndpoint():
		return fmt.Sprintf("check the endpoint (%s) and the DNS of this machine", n.Endpoint)
	case f.Target.Region == "":
		return fmt.Sprintf("check the region (%s) and the DNS of this machine", n.Region)
	}
	return fmt.Sprintf("check the region %q (%s) and the DNS of this machine", f.Target.Region, n.Region)
}

// refusedAdvice is the advice for a refused connection.
func (f *Failure) refusedAdvice(n Names) string {
	switch {
	case f.proxied():
		return "check the proxy (HTTPS_PROXY)"
	case f.customEndpoint():
		return fmt.Sprintf("start the server, or correct the endpoint (%s)", n.Endpoint)
	}
	return "check the firewall, the proxy (HTTPS_PROXY) and the DNS of this machine"
}

// blockedAdvice is the advice for connections that cannot be established.
func (f *Failure) blockedAdvice(n Names) string {
	if f.customEndpoint() {
		return fmt.Sprintf("check the endpoint (%s), and whether a firewall or security group blocks it", n.Endpoint)
	}
	return "check whether egress is blocked (firewall, security group, routes); without internet access, use a proxy (HTTPS_PROXY) or a VPC endpoint"
}

// where returns the address that failed: host and port of the URL, with the IP address if it
// differs; for a proxy, the proxy's address.
func (f *Failure) where() string {
	host := f.service()
	if u, ok := f.url(); ok {
		host = u.Host
		if port := defaultPort[u.Scheme]; u.Port() == "" && port != "" {
			host += ":" + port
		}
	}
	var op *net.OpError
	if !errors.As(f.Err, &op) {
		return host
	}
	proxied := f.proxied()
	for inner := op; errors.As(inner.Err, &inner) && inner != nil; { // the proxy's error wraps that of the dial
		op = inner
	}
	if op.Addr == nil || op.Addr.String() == host {
		return host
	}
	if proxied {
		return "the proxy " + op.Addr.String()
	}
	return host + " (" + op.Addr.String() + ")"
}

var defaultPort = map[string]string{"http": "80", "https": "443"}

// url returns the URL of the request, if an HTTP client has started it.
func (f *Failure) url() (*url.URL, bool) {
	var e *url.Error
	if !errors.As(f.Err, &e) {
		return nil, false
	}
	u, err := url.Parse(e.URL)
	return u, err == nil && u.Host != ""
}

// sent reports whether the request was passed to an HTTP client.
func (f *Failure) sent() bool {
	var e *smithyhttp.RequestSendError
	return errors.As(f.Err, &e)
}

// customEndpoint reports whether the endpoint was configured, not derived from the region.
func (f *Failure) customEndpoint() bool {
	if f.Target.Endpoint != "" {
		return true
	}
	u, ok := f.url()
	return ok && !strings.Contains(u.Hostname(), ".amazonaws.com") && !strings.HasSuffix(u.Hostname(), ".api.aws")
}

func (f *Failure) proxied() bool {
	var op *net.OpError
	return errors.As(f.Err, &op) && op.Op == "proxyconnect"
}

// shortCause returns the innermost error of a failed system call or connection, which has everything
// that the rest of the text does not say.
func (f *Failure) shortCause() string {
	var op *net.OpError
	if errors.As(f.Err, &op) && op.Err != nil {
		return plain(op.Err)
	}
	return plain(f.Err)
}
